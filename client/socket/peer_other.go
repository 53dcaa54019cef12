//go:build !linux

package socket

import "net"

// sameUser relies on the socket's mode and its directory, where the kernel cannot be asked
// portably.
func sameUser(net.Conn) bool { return true }
