package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"murmuration/internal/backoff"
)

// listener takes sockets in, runs their handshakes side by side, and hands out
// those that got through. TLS and Fabric differ in raw and answer alone.
type listener struct {
	cfg    *Config
	raw    net.Listener
	answer func(context.Context, net.Conn) (*channel, error)
	gate   *gate
	ready  chan *conn // no buffer: a finished connection waits in its goroutine, within the caps

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	group  sync.WaitGroup
	once   sync.Once
}

func listen(
	cfg *Config, raw net.Listener, answer func(context.Context, net.Conn) (*channel, error),
) *listener {
	l := &listener{cfg: cfg, raw: raw, answer: answer, gate: newGate(cfg), ready: make(chan *conn)}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.group.Go(l.take)
	return l
}

func (l *listener) Addr() string { return l.raw.Addr().String() }
func (l *listener) Prune() int   { return l.gate.prune() }

// Accept implements Listener.
func (l *listener) Accept(ctx context.Context) (Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.ctx.Done():
		return nil, fmt.Errorf("accepting on %s: %w", l.Addr(), errClosed)
	}
}

// Close implements Listener.
func (l *listener) Close() error {
	var err error
	l.once.Do(func() {
		l.cancel()
		err = l.raw.Close()
		l.gate.close()
		l.group.Wait()
	})
	return err
}

// take accepts sockets until Close. An error in between (no file descriptors)
// is waited out, not passed on: the listener must survive an attack.
func (l *listener) take() {
	waits := backoff.New(5*time.Millisecond, time.Second, nil)
	for {
		socket, err := l.raw.Accept()
		switch {
		case err == nil:
			waits.Reset()
			l.begin(socket)
		case errors.Is(err, errClosed):
			return
		default:
			l.interrupted(err, waits.Next())
		}
	}
}

// interrupted waits after an error, and cuts somebody if there are too many open files: what they
// hold is what the node needs.
func (l *listener) interrupted(err error, pause time.Duration) {
	hint := "the system is asked again after a pause"
	if manyFiles(err) {
		hint = "too many files are open: raise the limit (LimitNOFILE, ulimit -n)"
		l.gate.relieve()
	}
	l.cfg.Log.Warn("accepting connections is interrupted", "error", err, "pause", pause, "hint",
		hint)
	wait(l.ctx, pause)
}

func (l *listener) begin(socket net.Conn) {
	p, reason := l.gate.enter(socket)
	if p == nil {
		l.cfg.Counters.add(reason, 1)
		socket.Close()
		return
	}
	l.group.Go(func() { l.handshake(socket, p) })
}

// handshake brings one socket from its first byte to Accept. It ends at the
// latest with the handshake timeout, or once somebody accepts, or with Close.
func (l *listener) handshake(socket net.Conn, p *pass) {
	c, reason := l.welcome(socket, p)
	l.cfg.Counters.add(reason, 1)
	if c == nil {
		socket.Close()
		p.leave()
		return
	}
	select {
	case l.ready <- c:
	case <-l.ctx.Done():
		c.abort()
	}
}

// welcome is the accepting side up to its hello. All that a stranger who is not
// welcome sees is a close.
func (l *listener) welcome(socket net.Conn, p *pass) (*conn, Reason) {
	if err := socket.SetDeadline(time.Now().Add(l.cfg.HandshakeTimeout)); err != nil {
		return nil, handshakeFailed
	}
	ch, err := l.answer(l.ctx, socket)
	if err != nil {
		return nil, slowOr(err, handshakeFailed)
	}
	theirs, err := readHello(ch)
	if errors.Is(err, errOtherVersion) {
		l.sayVersion(ch, theirs.kind)
	}
	if err != nil {
		return nil, slowOr(err, badHello)
	}
	ours := hello{
		kind:      theirs.kind,
		frameSize: uint32(l.cfg.FrameSize(theirs.kind)),
		binding:   bind(l.cfg.Network, ch.exporter, roleAcceptor),
	}
	if reason := l.compare(ours, theirs, ch); reason != accepted {
		return nil, reason
	}
	ours.clock = uint64(max(0, time.Now().UnixMilli())) // to who knows the network
	c := newConn(l.cfg, ch, theirs.kind, false)
	c.guest.Block, c.guest.Invitation = p.block, theirs.invitation
	c.release = p.leave
	if reason := l.room(p, c); reason != accepted {
		if ours.answer = reason.answer(); ours.answer != Welcome {
			writeHello(ch, ours) // whoever is gone meanwhile needs no answer
		}
		return nil, reason
	}
	if err := errors.Join(writeHello(ch, ours), ch.SetDeadline(time.Time{})); err != nil {
		c.abort()
		return nil, slowOr(err, handshakeFailed)
	}
	return c, accepted
}

// room finds a place for an authenticated connection, or says why there is none.
func (l *listener) room(p *pass, c *conn) Reason {
	if !l.cfg.Admit(c.Peer(), c.kind) {
		return NotAdmitted
	}
	switch l.cfg.Room(c.guest) {
	case Full:
		return refusedFull
	case Uninvited:
		return uninvited
	}
	return l.gate.admit(p, c)
}

// compare refuses another network and another frame size. The dialler still
// gets the hello that everybody gets, in which it sees the difference itself;
// the bytes tell nothing to somebody who does not know the network id already.
func (l *listener) compare(ours, theirs hello, ch *channel) Reason {
	reason := accepted
	switch {
	case ours.frameSize == 0, theirs.answer != Welcome, theirs.clock != 0:
		return badHello
	case theirs.binding != bind(l.cfg.Network, ch.exporter, roleDialler):
		reason = otherNetwork
	case theirs.frameSize != ours.frameSize:
		reason = otherFrameSize
	default:
		return accepted
	}
	if err := writeHello(ch, ours); err != nil {
		return slowOr(err, reason)
	}
	return reason
}

// sayVersion answers whoever speaks another version with the hello that anybody would get: a person
// there can be told what is wrong.
func (l *listener) sayVersion(ch *channel, kind Kind) {
	if !kind.valid() || l.cfg.FrameSize(kind) == 0 {
		return
	}
	writeHello(ch, hello{kind: kind, frameSize: uint32(l.cfg.FrameSize(kind)),
		binding: bind(l.cfg.Network, ch.exporter, roleAcceptor)}) // nobody waits for it
}

func slowOr(err error, reason Reason) Reason {
	if isTimeout(err) {
		return handshakeSlow
	}
	return reason
}

// wait returns after d or when ctx ends.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
