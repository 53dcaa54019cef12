package link

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// recordSize is the plaintext of a full TLS record. Frames of one batch are
// packed into full records: fewer seals and fewer headers.
const recordSize = 16 << 10

// channel is a byte stream whose two ends know each other's key: TLS over a
// socket, or a pipe on a Fabric, which knows who dials. The hello follows in it.
type channel struct {
	net.Conn
	socket   net.Conn // below the protection: closing it cuts at once, without a farewell
	wire     *wire    // bounds the handshake; nil in memory
	peer     PublicKey
	exporter [32]byte // a value that only the two ends of this channel have
}

// conn is an established link over a channel.
type conn struct {
	ch    *channel
	kind  Kind
	size  int
	frame time.Duration
	idle  time.Duration // 0: waits without bound
	send  bool          // false on the accepting end of a Packets link
	count *Counters

	guest Guest        // at the other end
	heard atomic.Int64 // when a whole frame came last, in Unix nanoseconds; 0 for never

	sending atomic.Bool // a Send is under way, which Close does not wait for

	closing sync.Once
	err     error  // of Close; written inside closing
	release func() // gives the place in the gate back; nil on the dialling side
}

func newConn(cfg *Config, ch *channel, kind Kind, dialler bool) *conn {
	c := &conn{
		ch: ch, kind: kind, size: cfg.FrameSize(kind),
		frame: cfg.FrameTimeout, idle: cfg.IdleTimeout, send: true, count: cfg.Counters,
		guest: Guest{Peer: ch.peer, Kind: kind},
	}
	if kind == Packets {
		c.send = dialler
		if dialler {
			c.idle = 0 // nothing ever comes back, and Receive only notices the end
		}
	}
	if ch.wire != nil {
		ch.wire.open()
	}
	return c
}

func (c *conn) Peer() PublicKey { return c.ch.peer }
func (c *conn) Kind() Kind      { return c.kind }
func (c *conn) Guest() Guest    { return c.guest }

// Send implements Conn.
func (c *conn) Send(frames ...[]byte) error {
	if !c.send {
		return errOneWay
	}
	for _, f := range frames {
		if len(f) != c.size {
			return fmt.Errorf("sending a frame of %d bytes on a %s link: %w: %d", len(f), c.kind,
				errFrameSize, c.size)
		}
	}
	c.sending.Store(true)
	defer c.sending.Store(false)
	err := c.ch.SetWriteDeadline(time.Now().Add(c.frame))
	if err == nil {
		err = c.ch.write(frames, c.size)
	}
	if err != nil {
		return c.fail("sending", err, true)
	}
	return nil
}

// write sends the frames of one batch. What is more than a record is gathered.
func (ch *channel) write(frames [][]byte, size int) error {
	if ch.wire == nil || len(frames)*size <= recordSize {
		return pack(ch, frames)
	}
	ch.wire.gather()
	err := pack(ch, frames)
	if lost := ch.wire.flush(); err == nil {
		err = lost
	}
	return err
}

var records = sync.Pool{New: func() any { return new([recordSize]byte) }}

// pack writes the frames back to back in pieces of recordSize. What fills a
// piece by itself goes as it is; only what shares one with another frame is
// copied.
func pack(w io.Writer, frames [][]byte) error {
	record := records.Get().(*[recordSize]byte)
	defer records.Put(record)
	n := 0
	for i, f := range frames {
		last := i == len(frames)-1
		for len(f) > 0 {
			piece := f[:min(len(f), recordSize-n)]
			f = f[len(piece):]
			ready := last || n+len(piece) == recordSize
			if n > 0 || !ready {
				n += copy(record[n:], piece)
				piece = record[:n]
			}
			if !ready {
				continue
			}
			if _, err := w.Write(piece); err != nil {
				return err
			}
			n = 0
		}
	}
	return nil
}

// Receive implements Conn.
func (c *conn) Receive(frame []byte) error {
	if len(frame) != c.size {
		return fmt.Errorf("receiving into %d bytes on a %s link: %w: %d", len(frame), c.kind,
			errFrameSize, c.size)
	}
	n, err := c.first(frame)
	if err == nil && n < c.size {
		if err = c.ch.SetReadDeadline(time.Now().Add(c.frame)); err == nil {
			_, err = io.ReadFull(c.ch, frame[n:])
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
	} else if n == 0 && err == io.ErrUnexpectedEOF {
		err = io.EOF // the peer crashed, but between frames
	}
	if err != nil {
		return c.fail("receiving", err, n > 0)
	}
	c.heard.Store(time.Now().UnixNano())
	return nil
}

// first waits for the beginning of a frame.
func (c *conn) first(frame []byte) (int, error) {
	var until time.Time
	if c.idle > 0 {
		until = time.Now().Add(c.idle)
	}
	if err := c.ch.SetReadDeadline(until); err != nil {
		return 0, err
	}
	return io.ReadAtLeast(c.ch, frame, 1)
}

// fail closes the connection after an error and names the error. midFrame tells
// a slow peer from an idle one.
func (c *conn) fail(doing string, err error, midFrame bool) error {
	c.abort()
	switch {
	case err == io.EOF:
		return err
	case !errors.Is(err, os.ErrDeadlineExceeded):
	case midFrame:
		c.count.add(cutSlow, 1)
		err = errSlow
	default:
		c.count.add(cutIdle, 1)
		err = errIdle
	}
	return fmt.Errorf("%s on a %s link: %w", doing, c.kind, err)
}

// abort cuts the connection without a farewell, which a slow peer would delay.
func (c *conn) abort() { c.shut(c.ch.socket) }

// Close implements Conn: the peer reads what was sent, then io.EOF. A Send that
// is under way is cut at once, because the farewell would have to wait for it.
func (c *conn) Close() error {
	if c.sending.Load() {
		c.abort()
	}
	c.shut(c.ch.Conn)
	return c.err
}

func (c *conn) shut(what io.Closer) {
	c.closing.Do(func() {
		c.err = what.Close()
		if c.release != nil {
			c.release()
		}
	})
}
