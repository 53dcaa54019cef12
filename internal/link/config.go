package link

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Bounds of this implementation.
const (
	// maxFrame is the largest frame size that a configuration may give. The
	// largest packet of the default network is 22,862 bytes.
	maxFrame = 1 << 20

	defaultHandshakeTimeout = 10 * time.Second // three round trips over a bad satellite link
	defaultFrameTimeout     = 30 * time.Second // a 22-KiB frame over a modem
	// many times the mean interval of every kind of traffic
	defaultIdleTimeout     = 5 * time.Minute
	defaultMaxConns        = 4096
	defaultMaxConnsPerAddr = 64
	defaultMaxHandshakes   = 1024 // about 20 MiB of half-open connections
)

// Config is what both ends of a link must know beforehand. The zero value of a
// limit or time-out means its default.
type Config struct {
	// Network is the network id, the hash of the genesis file. Nodes of different
	// networks refuse each other in the hello.
	Network [32]byte

	// Identity is the key pair that this side proves on every connection: a
	// node's identity, a client's spool key, or a throwaway.
	Identity Seed

	// FrameSize gives the frame size of each kind in bytes, at most maxFrame; 0
	// refuses the kind, both ways. It must not change while a connection is open.
	FrameSize func(Kind) int

	// Admit says whether an accepted peer may have a connection of this kind, by
	// the network document of now. It is called on accept and by Listener.Prune,
	// possibly at the same time, must be quick and must not call into this
	// package. Nil admits nobody.
	Admit func(peer PublicKey, kind Kind) bool

	// Known says whether the network depends on a peer: a node of the document, or
	// one that is admitted. Its directory links are counted apart, a few for each
	// such peer, and are never cut for a stranger. It is called as Admit is. Nil
	// knows nobody.
	Known func(peer PublicKey) bool

	// Reserved is an address that was bound before; Listen on it takes it over. Nil for none.
	Reserved *Reservation

	// HandshakeTimeout bounds a connection from its first byte to the end of the
	// hello, on both sides. Default 10 s.
	HandshakeTimeout time.Duration

	// FrameTimeout bounds one Send, and one Receive after its first byte. It is
	// what cuts slow readers and writers. Default 30 s.
	FrameTimeout time.Duration

	// IdleTimeout bounds the wait for the next frame. The dialler of a Packets
	// link expects none and waits without bound. Default 5 min.
	IdleTimeout time.Duration

	// Room says whether there is room for an admitted peer, and what its hello is
	// answered if not. It is called once for each connection, by many goroutines,
	// and may wait for a lock. Nil has room for everybody.
	Room func(Guest) Answer

	// Invitation is shown by who dials for Exchange; zero for none.
	Invitation Invitation

	// MaxConns bounds the connections that strangers may open: those of kind
	// Directory fill a quarter, those of kind Exchange the rest. One too many
	// evicts another by the rule of docs/link.md. Links of nodes are bounded by
	// the network document, and not counted here. Default 4,096.
	MaxConns int

	// MaxConnsPerAddr bounds the connections from one address (one /64 in IPv6),
	// half-open ones included. A provider behind an onion service sees all its
	// clients under one address and must raise it. Default 64.
	MaxConnsPerAddr int

	// MaxHandshakes bounds the half-open connections. One too many evicts the
	// oldest of the block that has most of them, so that somebody who opens and
	// waits cannot shut others out. Default 1,024.
	MaxHandshakes int

	// Log takes one line per event that an operator acts on; nil discards.
	Log *slog.Logger

	// Counters counts what happened, by reason; nil counts nowhere. Several
	// transports may share one.
	Counters *Counters

	// Clocks remembers what the clocks of dialled peers said; nil remembers nowhere.
	Clocks *Clocks
}

// ready checks the configuration and fills the defaults in.
func (c Config) ready() (Config, error) {
	if c.FrameSize == nil {
		return c, errors.New("checking the link configuration: FrameSize is missing")
	}
	for k := Packets; k < kinds; k++ {
		if n := c.FrameSize(k); n < 0 || n > maxFrame {
			return c, fmt.Errorf("checking the link configuration: frame size %d of %s is not "+
				"within 0 to %d", n, k, maxFrame)
		}
	}
	if min(c.HandshakeTimeout, c.FrameTimeout, c.IdleTimeout) < 0 ||
		min(c.MaxConns, c.MaxConnsPerAddr, c.MaxHandshakes) < 0 {
		return c, errors.New("checking the link configuration: a limit is negative")
	}
	c.fillDefaults()
	return c, nil
}

func (c *Config) fillDefaults() {
	setDefault(&c.HandshakeTimeout, defaultHandshakeTimeout)
	setDefault(&c.FrameTimeout, defaultFrameTimeout)
	setDefault(&c.IdleTimeout, defaultIdleTimeout)
	setDefault(&c.MaxConns, defaultMaxConns)
	setDefault(&c.MaxConnsPerAddr, defaultMaxConnsPerAddr)
	setDefault(&c.MaxHandshakes, defaultMaxHandshakes)
	if c.Admit == nil {
		c.Admit = func(PublicKey, Kind) bool { return false }
	}
	if c.Known == nil {
		c.Known = func(PublicKey) bool { return false }
	}
	if c.Room == nil {
		c.Room = func(Guest) Answer { return Welcome }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Counters == nil {
		c.Counters = new(Counters)
	}
	if c.Clocks == nil {
		c.Clocks = new(Clocks)
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
