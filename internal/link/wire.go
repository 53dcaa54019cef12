package link

import (
	"errors"
	"net"
)

// handshakeAllowance bounds what a stranger may send before being
// authenticated, where TLS alone would collect certificates of 256 KiB. Ours
// sends about 2.5 KiB; TLS reads ahead up to a record.
const handshakeAllowance = 16 << 10

var errHandshakeTooLong = errors.New("more bytes than a handshake has")

// wire is the socket under a TLS connection, with the bound of the handshake.
// It gathers nothing, neither way. Reading ahead gained nothing; one system
// call for the records of a whole batch saved up to a fifth of the processor
// time, but needed a lock against the alert that TLS writes on Close.
type wire struct {
	net.Conn
	allowance int  // bytes that may still come before open; owned by the reader
	opened    bool // set before frames flow
}

func newWire(socket net.Conn) *wire { return &wire{Conn: socket, allowance: handshakeAllowance} }

// open lifts the bound of the handshake.
func (w *wire) open() { w.opened = true }

func (w *wire) Read(p []byte) (int, error) {
	if w.opened {
		return w.Conn.Read(p)
	}
	if w.allowance == 0 {
		return 0, errHandshakeTooLong
	}
	n, err := w.Conn.Read(p[:min(len(p), w.allowance)])
	w.allowance -= n
	return n, err
}
