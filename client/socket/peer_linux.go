package socket

import (
	"net"
	"os"
	"syscall"
)

// sameUser asks the kernel whose process is at the other end; root may do everything anyway.
func sameUser(conn net.Conn) bool {
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		return false
	}
	raw, err := unix.SyscallConn()
	if err != nil {
		return false
	}
	var cred *syscall.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) {
		cred, failed = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	return err == nil && failed == nil && (int(cred.Uid) == os.Getuid() || cred.Uid == 0)
}
