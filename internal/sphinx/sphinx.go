// Package sphinx makes and peels onion packets of one fixed size: bytes in,
// bytes out. It follows Katzenpost's parameters of Sphinx (Danezis and Goldberg,
// IEEE S&P 2009) byte for byte; docs/sphinx.md is the specification.
//
//	packet   +----+---------+--------------------------+-----+-----------------+
//	         | AD | element |       routing info       | MAC |      body       |
//	         | 2  | 32/1120 |     hops x block         | 32  |  32 + payload   |
//	         +----+---------+--------------------------+-----+-----------------+
//	block    commands, NextNodeHop, zeros (82 bytes in all), next ciphertext (KEM)
//	body     32 zero bytes and the payload, under the wide-block cipher
//	payload  flags 1, reserved 1, SURB or zeros, user bytes (zero padded)
//	SURB     header, first hop 32, wide-block key and nonce 64
//
// [Params] fixes the sizes of a network, [Params.New] and [Params.NewSURB] are
// the sender's side, [Unwrapper] the hop's. The room has no clock, socket, log
// or state: the caller sees to replays (by [Result.Tag]), delays and counting.
package sphinx

import (
	"errors"
	"time"

	"murmuration/internal/suite"
)

// NodeID names a hop: the hash of its identity key.
type NodeID [32]byte

// RecipientID names, at the last hop, the queue or service that gets the payload.
type RecipientID [32]byte

// SURBID lets the maker of a SURB find the keys for a reply.
type SURBID [16]byte

// Tag is the same for two packets with the same element, and only for them: the
// key of replay detection.
type Tag [32]byte

// Reasons to refuse a packet, one for each decision. Callers count them by
// label and tell the sender nothing.
var (
	// errSize: not exactly as long as the network's packets (or parts) are.
	errSize = errors.New("wrong size")
	// errVersion: the associated data are not 0x0000.
	errVersion = errors.New("unknown version")
	// ErrDegenerate: a point of small order or in a second spelling.
	ErrDegenerate = errors.New("degenerate element")
	// ErrMAC: not for this key, or changed on the way.
	ErrMAC = errors.New("header MAC mismatch")
	// ErrCommands: an authentic header with commands that make no sense.
	ErrCommands = errors.New("malformed commands")
	// ErrTag: the payload was changed on the way, or opened with other keys.
	ErrTag = errors.New("payload tag mismatch")
	// errPayload: an authentic payload with flags that make no sense.
	errPayload = errors.New("malformed payload")
	// errPath: a path that this network cannot carry.
	errPath = errors.New("unusable path")
)

// Hop is one step of a path, as its sender sees it.
type Hop struct {
	ID  NodeID
	Key *suite.PublicKey
	// Delay is how long the hop holds the packet, in whole milliseconds up to
	// maxDelay. Zero writes no command.
	Delay time.Duration
	// Recipient is for the last hop, and only for it.
	Recipient *RecipientID
	// SURBID goes with Recipient on the last hop of a SURB, and only there.
	SURBID *SURBID
}

// maxDelay is the longest delay that a command can carry, about 49 days.
const maxDelay = time.Duration(1<<32-1) * time.Millisecond

// Kind says what a hop is to do with a packet that it has opened.
type Kind int

const (
	// Forward: send the packet on to Next after Delay.
	Forward Kind = iota + 1
	// Deliver: Payload is for Recipient; see Params.ParsePayload.
	Deliver
	// Reply: Payload is a still wrapped body, for the maker of SURBID, who is
	// behind Recipient; see Params.OpenReply.
	Reply
)

func (k Kind) String() string {
	switch k {
	case Forward:
		return "forward"
	case Deliver:
		return "deliver"
	case Reply:
		return "reply"
	}
	return "unknown"
}
