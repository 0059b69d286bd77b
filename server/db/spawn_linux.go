package db

import "syscall"

// endWithParent asks the kernel to send the child what PostgreSQL takes as "fast shutdown" when this program is gone.
func endWithParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGINT }
