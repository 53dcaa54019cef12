//go:build !linux

package api

import "net"

// sameUser relies on the socket's mode and its directory, where the kernel cannot be asked
// portably.
func sameUser(net.Conn) bool { return true }
