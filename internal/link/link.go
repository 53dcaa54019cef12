// Package link carries fixed-size frames between two machines that know each
// other by key, and nothing else: it does not look into a frame, route, delay,
// retry or store. It is the only package that touches sockets and TLS.
//
// A link is TLS 1.3 (X25519MLKEM768, Ed25519 certificates made from the
// identity keys, both sides authenticated), then one hello each way, then
// frames without any header, all of one size that both sides know beforehand:
//
//	hello, 56 bytes, dialler first
//	 0      1      2        3      4               8          40           56
//	+------+------+--------+------+---------------+----------+------------+
//	| ver  | kind | answer | zero | frame size BE | binding  | invitation |
//	+------+------+--------+------+---------------+----------+------------+
//	binding = SHA-256("murmuration/link/v1" ‖ network id ‖ TLS exporter ‖ role)
//
// The normative text is docs/link.md. [TLS] is the real transport, [Fabric] the
// one in memory for tests and virtual time; both run the same hello, the same
// admission and the same caps, and one conformance suite holds them together.
//
// It has seventeen small files, one for each step of a link's life and each transport: packages of
// their own would have to export an unfinished link, which nobody else may get hold of.
package link

import (
	"context"
	"fmt"
)

// Kind says what a connection is for. It fixes the direction and the size of
// its frames.
type Kind uint8

// The kinds of connection (docs/link.md, section "Kinds").
const (
	Packets  Kind = 1 + iota // node to node: Sphinx packets, dialler to acceptor only
	Exchange                 // client to provider: one frame up, one of equal size down
	// provider to provider: replication frames up, acknowledgements of equal size down
	Replica
	Directory // anybody to provider: pieces of documents, descriptors, applications
	// provider to provider: signed bulletins and questions up, answers of equal size down
	Bulletins
	Council // authority to authority: votes and signatures up, "heard" of equal size down
	kinds   // one past the last
)

var kindNames = [kinds]string{"unknown", "packets", "exchange", "replica", "directory",
	"bulletins", "council"}

// String is the kind's name in the configuration, logs and metrics.
func (k Kind) String() string {
	if !k.valid() {
		return fmt.Sprintf("kind(%d)", uint8(k))
	}
	return kindNames[k]
}

func (k Kind) valid() bool { return k > 0 && k < kinds }

// Peer is where a node listens and the key that it must prove there.
type Peer struct {
	Addr string // host:port for TLS, any name on a Fabric
	Key  PublicKey
}

// Conn is one established link. At most one goroutine may send and one
// receive at a time; Close may be called from anywhere, any number of times.
// After an error the connection is closed.
type Conn interface {
	// Send writes the frames in order with one flush at the end. Each must have
	// exactly the frame size of the connection. It is done with the frames when
	// it returns, and gives up after Config.FrameTimeout (errSlow).
	Send(frames ...[]byte) error

	// Receive fills frame, which must have exactly the frame size of the
	// connection. It waits Config.IdleTimeout for the first byte (errIdle) and
	// Config.FrameTimeout for the rest (errSlow). io.EOF means that the peer left
	// between two frames, io.ErrUnexpectedEOF that it left inside one.
	Receive(frame []byte) error

	Peer() PublicKey // the key that the other side proved
	Kind() Kind
	Guest() Guest // who is at the other end; on the dialling side without block and invitation
	Close() error
}

// Transport opens links. TLS and the view of one node on a Fabric implement it.
type Transport interface {
	// Dial connects, authenticates and greets within Config.HandshakeTimeout.
	// Its errors wrap one of the sentinels of this package where the reason can
	// be known.
	Dial(ctx context.Context, to Peer, kind Kind) (Conn, error)

	// Listen takes connections in from now on. Its goroutines end with Close.
	Listen(addr string) (Listener, error)
}

// Listener hands out connections whose handshake is complete and whose peer is
// admitted.
type Listener interface {
	// Accept waits for the next connection; errClosed after Close.
	Accept(ctx context.Context) (Conn, error)

	// Addr is the address to dial, with the port that the system chose.
	Addr() string

	// Prune closes each connection whose peer Config.Admit refuses by now, and
	// returns how many. Call it after the network document changed.
	Prune() int

	// Close ends the goroutines of the listener and closes its socket, every
	// handshake and every connection that was accepted here.
	Close() error
}
