package daystore_test

import (
	"os"
	"syscall"
	"unsafe"
)

func ioctl(f *os.File, request uintptr, value *uint32) syscall.Errno {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request,
		uintptr(unsafe.Pointer(value)))
	return errno
}
