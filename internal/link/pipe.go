package link

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipeSize bounds what one direction of a memory connection holds; a writer
// beyond it waits for the reader, as with a socket.
const pipeSize = 64 << 10

// pipeEnd is one end of a memory connection. Its waits are on condition
// variables and timers, so that under testing/synctest time is virtual.
type pipeEnd struct {
	in, out *stream
	remote  pipeAddr
	peer    PublicKey // who is at the other end; the Fabric knows
	id      [32]byte  // unlike that of any other connection of the Fabric
}

type pipeAddr string

func (pipeAddr) Network() string  { return "memory" }
func (a pipeAddr) String() string { return string(a) }

// newPipe connects a dialler and an acceptor, each given by its key.
func newPipe(dialler, acceptor PublicKey, id [32]byte) (*pipeEnd, *pipeEnd) {
	up, down := newStream(), newStream()
	return &pipeEnd{in: down, out: up, remote: pipeAddr(acceptor.String()), peer: acceptor, id: id},
		&pipeEnd{in: up, out: down, remote: pipeAddr(dialler.String()), peer: dialler, id: id}
}

func (p *pipeEnd) channel() *channel {
	return &channel{Conn: p, socket: p, peer: p.peer, exporter: p.id}
}

func (p *pipeEnd) Read(b []byte) (int, error)  { return p.in.read(b) }
func (p *pipeEnd) Write(b []byte) (int, error) { return p.out.write(b) }
func (p *pipeEnd) LocalAddr() net.Addr         { return pipeAddr("memory") }
func (p *pipeEnd) RemoteAddr() net.Addr        { return p.remote }

// Close lets the peer read what was written, then io.EOF.
func (p *pipeEnd) Close() error {
	p.in.close(&p.in.readerGone)
	p.out.close(&p.out.writerGone)
	return nil
}

func (p *pipeEnd) SetDeadline(t time.Time) error {
	p.SetReadDeadline(t)
	return p.SetWriteDeadline(t)
}

func (p *pipeEnd) SetReadDeadline(t time.Time) error {
	return p.in.setDeadline(&p.in.readUntil, t, &p.in.readerGone)
}

func (p *pipeEnd) SetWriteDeadline(t time.Time) error {
	return p.out.setDeadline(&p.out.writeUntil, t, &p.out.writerGone)
}

// stream is one direction: a ring of bytes.
type stream struct {
	mu                     sync.Mutex // guards all below
	changed                sync.Cond
	ring                   []byte // nil until the first write
	head, n                int
	readerGone, writerGone bool
	readUntil, writeUntil  time.Time // zero: no deadline
}

func newStream() *stream {
	s := new(stream)
	s.changed.L = &s.mu
	return s
}

func (s *stream) read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.readerGone:
			return 0, errClosed
		case passed(s.readUntil):
			return 0, os.ErrDeadlineExceeded
		case s.n > 0:
			return s.get(b), nil
		case s.writerGone:
			return 0, io.EOF
		}
		s.wait(s.readUntil)
	}
}

func (s *stream) write(b []byte) (done int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.writerGone:
			return done, errClosed
		case s.readerGone:
			return done, io.ErrClosedPipe
		case passed(s.writeUntil):
			return done, os.ErrDeadlineExceeded
		}
		done += s.put(b[done:])
		if done == len(b) {
			return done, nil
		}
		s.wait(s.writeUntil)
	}
}

func (s *stream) put(b []byte) int {
	if s.ring == nil {
		s.ring = make([]byte, pipeSize)
	}
	done := 0
	for done < len(b) && s.n < pipeSize {
		tail := (s.head + s.n) % pipeSize
		k := copy(s.ring[tail:min(pipeSize, tail+pipeSize-s.n)], b[done:])
		s.n, done = s.n+k, done+k
	}
	s.changed.Broadcast()
	return done
}

func (s *stream) get(b []byte) int {
	done := 0
	for done < len(b) && s.n > 0 {
		k := copy(b[done:], s.ring[s.head:min(pipeSize, s.head+s.n)])
		s.head, s.n, done = (s.head+k)%pipeSize, s.n-k, done+k
	}
	s.changed.Broadcast()
	return done
}

// wait returns after a change, or at the deadline, or for no reason at all.
func (s *stream) wait(until time.Time) {
	if !until.IsZero() {
		timer := time.AfterFunc(time.Until(until), s.wake)
		defer timer.Stop()
	}
	s.changed.Wait()
}

// wake runs on the timer's goroutine.
func (s *stream) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed.Broadcast()
}

func (s *stream) setDeadline(field *time.Time, t time.Time, gone *bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if *gone {
		return errClosed
	}
	*field = t
	s.changed.Broadcast()
	return nil
}

func (s *stream) close(gone *bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*gone = true
	s.changed.Broadcast()
}

func passed(deadline time.Time) bool { return !deadline.IsZero() && !time.Now().Before(deadline) }
