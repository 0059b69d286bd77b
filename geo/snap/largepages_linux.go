package snap

import (
	"syscall"
	"unsafe"
)

// largePage is the size of a large page of memory on amd64 and, with pages of 4 KB, on arm64.
const largePage = 2 << 20

// onLargePages asks Linux to back a new table that will be read at random by large pages: in a table of a gigabyte nearly every
// read otherwise waits a second time, for the translation of its address. Where Linux does not, nothing else changes.
func onLargePages[T any](table []T) []T {
	var element T
	size := uintptr(cap(table)) * unsafe.Sizeof(element)
	if size < 16*largePage {
		return table
	}
	begin := unsafe.Pointer(unsafe.SliceData(table)) //nolint:gosec // the kernel wants the address; nothing is read or written through it
	skipped := -uintptr(begin) % largePage
	inside := unsafe.Slice((*byte)(unsafe.Add(begin, skipped)), (size-skipped)/largePage*largePage) //nolint:gosec // lies within table
	_ = syscall.Madvise(inside, syscall.MADV_HUGEPAGE)
	return table
}
