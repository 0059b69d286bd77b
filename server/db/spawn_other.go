//go:build unix && !linux

package db

import "syscall"

// endWithParent has nothing to ask for here: a server that outlives a killed program is stopped by the next start.
func endWithParent(*syscall.SysProcAttr) {}
