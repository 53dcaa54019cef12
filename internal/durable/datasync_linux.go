package durable

import (
	"os"
	"syscall"
)

// diskFile is an *os.File whose Sync leaves times alone: fdatasync writes the content and the
// length, and spares the journal a commit for every overwritten Mark.
type diskFile struct{ *os.File }

func (f diskFile) Sync() error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
