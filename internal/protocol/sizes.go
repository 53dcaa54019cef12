package protocol

import (
	"bytes"
	"fmt"

	"murmuration/internal/sphinx"
	"murmuration/internal/suite"
)

// Sizes in bytes (docs/box.md, docs/link.md). All others follow from one of these and from the
// network's document.
const (
	RecordHeader = 64                       // of a record, in front of its content
	sealOverhead = 16                       // of a sealed box: the tag of AES-GCM-SIV
	RequestHead  = 1 + 1 + 2 + 32 + 64 + 32 // op ‖ zero ‖ day ‖ id ‖ signature ‖ token
	// of a frame between client and provider, beside its packet
	ExchangeOverhead = 32
	// of a frame of bulletins between providers
	BulletinFrame    = 4096
	DefaultPlaintext = RecordHeader + 8192 // of a box, unless a network decides otherwise
)

// CiphertextSize is the size of a box's ciphertext (8,272 by default).
func CiphertextSize(plaintext int) int { return plaintext + sealOverhead }

// RequestSize is the size of every request and every reply, and so what a packet carries (8,404 by
// default).
func RequestSize(plaintext int) int { return RequestHead + CiphertextSize(plaintext) }

// Zero is whether all bytes are zero, as those must be that a message has no use for: one meaning
// has one spelling.
func Zero(b []byte) bool { return bytes.Count(b, []byte{0}) == len(b) }

// PathHops is the length of every path: a provider, the layers, a provider.
func PathHops(layers int) int { return layers + 2 }

// PacketParams are the packets of a network, by what its document says: a path's hops, one request
// inside, and a SURB.
func PacketParams(name string, layers, plaintext int) (*sphinx.Params, error) {
	crypto, err := suite.ByName(name)
	if err != nil {
		return nil, fmt.Errorf("reading the network's parameters: %w", err)
	}
	return sphinx.NewParams(crypto, PathHops(layers), RequestSize(plaintext), true)
}
