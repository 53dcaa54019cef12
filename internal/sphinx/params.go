package sphinx

import (
	"fmt"

	"murmuration/internal/suite"
)

// Sizes in bytes that the specification fixes (docs/sphinx.md, section 2).
const (
	adSize        = 2
	macSize       = 32
	tagSize       = 32 // zeros in front of the payload
	commandsSize  = 82 // of one hop: a NextNodeHop and 17 bytes more
	surbKeySize   = 64 // wide-block key and nonce
	payloadPrefix = 2  // flags and reserved
)

// Sizes that keep a document's values from overflowing or exhausting memory:
// far beyond any network that we can imagine.
const (
	maxHops        = 32
	maxUserPayload = 1 << 24
)

// Params are the sizes of one network. They never change, and goroutines may
// share them.
type Params struct {
	suite       *suite.Suite
	hops        int
	userPayload int
	surbSlot    bool
	null        bool // see NullParams
}

// NewParams fixes the longest path, the user's bytes in a packet, and whether
// payloads have a slot for a SURB (all but the oldest published vectors do).
func NewParams(s *suite.Suite, hops, userPayload int, surbSlot bool) (*Params, error) {
	switch {
	case s == nil:
		return nil, fmt.Errorf("sphinx parameters: no suite")
	case hops < 1 || hops > maxHops:
		return nil, fmt.Errorf("sphinx parameters: %d hops, not 1 to %d", hops, maxHops)
	case userPayload < 0 || userPayload > maxUserPayload:
		return nil, fmt.Errorf("sphinx parameters: user payload of %d bytes, not 0 to %d",
			userPayload, maxUserPayload)
	}
	return &Params{suite: s, hops: hops, userPayload: userPayload, surbSlot: surbSlot}, nil
}

// Suite is the choice of cryptography.
func (p *Params) Suite() *suite.Suite { return p.suite }

// Hops is the longest path.
func (p *Params) Hops() int { return p.hops }

// UserPayload is the number of bytes that a packet carries for its sender.
func (p *Params) UserPayload() int { return p.userPayload }

// HeaderSize is AD, element, routing info and MAC: 476 bytes with x25519 and
// 7,164 with xwing, for 5 hops.
func (p *Params) HeaderSize() int {
	return adSize + p.suite.ElementSize() + p.routingSize() + macSize
}

// PayloadSize is flags, reserved, SURB slot and user bytes (or the user bytes
// alone, without a SURB slot). It is also the size of a reply.
func (p *Params) PayloadSize() int {
	return p.userOffset() + p.userPayload
}

// BodySize is the payload with its 32-byte tag, what a Reply carries.
func (p *Params) BodySize() int { return tagSize + p.PayloadSize() }

// PacketSize is header and body; every packet has it at every hop.
func (p *Params) PacketSize() int { return p.HeaderSize() + p.BodySize() }

// SURBSize is the header, the first hop's ID, and a wide-block key.
func (p *Params) SURBSize() int { return p.HeaderSize() + len(NodeID{}) + surbKeySize }

func (p *Params) userOffset() int {
	if !p.surbSlot {
		return 0
	}
	return payloadPrefix + p.SURBSize()
}

// blockSize is one hop's part of the routing info; with a KEM it ends in the
// ciphertext for the next hop.
func (p *Params) blockSize() int {
	if p.suite.KEM() {
		return commandsSize + p.suite.ElementSize()
	}
	return commandsSize
}

func (p *Params) routingSize() int { return p.hops * p.blockSize() }

// view cuts a packet or a header into its parts, without copying.
type view struct {
	all, ad, element, routing, mac, body []byte
	authenticated                        []byte // ad, element and routing
}

func (p *Params) view(packet []byte) view {
	a := adSize + p.suite.ElementSize()
	b := a + p.routingSize()
	return view{
		all:           packet,
		ad:            packet[:adSize],
		element:       packet[adSize:a],
		routing:       packet[a:b],
		mac:           packet[b : b+macSize],
		body:          packet[b+macSize:],
		authenticated: packet[:b],
	}
}
