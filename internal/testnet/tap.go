package testnet

import (
	"context"
	"slices"
	"sync"
	"time"

	"murmuration/internal/link"
)

// Tap is a watcher of all links of a network that runs in this process. It notes what the wire
// shows of each frame (time, link, size) and cannot see inside.
type Tap struct {
	mu     sync.Mutex // guards all below
	start  time.Time
	names  []string
	byKey  map[link.PublicKey]int
	frames []Frame
}

// Frame is one frame as a watcher sees it.
type Frame struct {
	At       time.Duration // since the tap's start
	From, To int           // parties; see Name
	Kind     link.Kind     // of the link
	Size     int           // bytes, without what TLS adds
}

// NewTap watches the nodes of n; people are added by Wrap.
func NewTap(n *Network) *Tap {
	t := &Tap{start: time.Now(), byKey: map[link.PublicKey]int{}}
	for _, node := range n.Nodes {
		t.byKey[node.Key()] = len(t.names)
		t.names = append(t.names, node.Name)
	}
	return t
}

// party is the number of a name, which is made if it is new.
func (t *Tap) party(name string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.names, name); i >= 0 {
		return i
	}
	t.names = append(t.names, name)
	return len(t.names) - 1
}

// Names are those of all parties, by number.
func (t *Tap) Names() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.names)
}

// Frames is everything seen so far, in order.
func (t *Tap) Frames() []Frame {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.frames)
}

// Wrap watches the links that a party dials; every link is dialled by somebody. A nil Tap watches
// nothing.
func (t *Tap) Wrap(
	name string, open func(link.Config) (link.Transport, error),
) func(link.Config) (link.Transport, error) {
	if t == nil {
		return open
	}
	party := t.party(name)
	return func(cfg link.Config) (link.Transport, error) {
		inner, err := open(cfg)
		if err != nil {
			return nil, err
		}
		return tapped{inner, t, party}, nil
	}
}

type tapped struct {
	link.Transport
	tap   *Tap
	party int
}

// Dial implements link.Transport.
func (d tapped) Dial(ctx context.Context, to link.Peer, kind link.Kind) (link.Conn, error) {
	conn, err := d.Transport.Dial(ctx, to, kind)
	if err != nil {
		return nil, err
	}
	d.tap.mu.Lock()
	peer, known := d.tap.byKey[to.Key]
	d.tap.mu.Unlock()
	if !known {
		return conn, nil // a node from another home: not of the network that is watched
	}
	return tappedConn{conn, d.tap, d.party, peer}, nil
}

type tappedConn struct {
	link.Conn
	tap        *Tap
	here, peer int
}

// Send implements link.Conn.
func (c tappedConn) Send(frames ...[]byte) error {
	for _, f := range frames {
		c.tap.note(c.here, c.peer, c.Kind(), len(f))
	}
	return c.Conn.Send(frames...)
}

// Receive implements link.Conn.
func (c tappedConn) Receive(frame []byte) error {
	err := c.Conn.Receive(frame)
	if err == nil {
		c.tap.note(c.peer, c.here, c.Kind(), len(frame))
	}
	return err
}

func (t *Tap) note(from, to int, kind link.Kind, size int) {
	t.mu.Lock()
	t.frames = append(t.frames, Frame{time.Since(t.start), from, to, kind, size})
	t.mu.Unlock()
}
