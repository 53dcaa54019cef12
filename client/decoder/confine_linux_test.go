package decoder

import (
	"os"
	"syscall"
)

var _ = func() bool {
	signalParent = func() error { return syscall.Kill(os.Getppid(), 0) }
	return true
}()
