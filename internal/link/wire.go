package link

import (
	"errors"
	"net"
	"sync"
)

// handshakeAllowance bounds what a stranger may send before being
// authenticated, where TLS alone would collect certificates of 256 KiB. Ours
// sends about 2.5 KiB; TLS reads ahead up to a record.
const handshakeAllowance = 16 << 10

// gatherSize is how much leaves in one system call: four full records, with
// what TLS adds to each.
const gatherSize = 4 * (recordSize + 64)

var errHandshakeTooLong = errors.New("more bytes than a handshake has")

// wire is the socket under a TLS connection, with the bound of the handshake.
// Between gather and flush it keeps what TLS writes: the system call and the
// wake-up of the reader cost more than the copy. Reading needs no such thing,
// because TLS reads ahead.
type wire struct {
	net.Conn
	allowance int  // bytes that may still come before open; owned by the reader
	opened    bool // set before frames flow

	mu   sync.Mutex // guards held and what leaves: TLS writes alerts from Close and from Read
	held *held      // nil while it does not gather
}

// held is sealed records, in order.
type held struct {
	bytes [gatherSize]byte
	n     int
}

var gatherings = sync.Pool{New: func() any { return new(held) }}

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

// gather keeps what is written from now on, until flush.
func (w *wire) gather() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = gatherings.Get().(*held)
}

// flush ends gathering and writes what was kept.
func (w *wire) flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.empty()
	gatherings.Put(w.held)
	w.held = nil
	return err
}

// empty writes what was kept. The caller holds mu.
func (w *wire) empty() error {
	n := w.held.n
	w.held.n = 0
	if n == 0 {
		return nil
	}
	_, err := w.Conn.Write(w.held.bytes[:n])
	return err
}

// Write takes a record from TLS; one that does not fit sends those before it.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held == nil || len(p) > gatherSize {
		return w.Conn.Write(p)
	}
	if w.held.n+len(p) > gatherSize {
		if err := w.empty(); err != nil {
			return 0, err
		}
	}
	w.held.n += copy(w.held.bytes[w.held.n:], p)
	return len(p), nil
}
