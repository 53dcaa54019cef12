// Package bulletin is what providers tell everybody about the boxes that they got: a bulletin for
// each slot, signed by its maker, a roll for each 240 of them, the compact records in which both
// fill the free bytes of exchanges, and the heads by which others attest them. docs/bulletin.md is
// the specification.
//
// A body (big-endian; what is signed is its SHA-256, under a label and the network):
//
//	 0     1         33       65     69              101     103
//	+-----+---------+--------+------+---------------+-------+-------------+---------------------+
//	| 1   | network | maker  | slot | previous body | count | entries     | hash of a roll, 32, |
//	|     | 32      | 32     | 4    | SHA-256, 32   | 2     | 5 each      | in one slot of 240  |
//	+-----+---------+--------+------+---------------+-------+-------------+---------------------+
//
// The package keeps nothing, asks nobody and reads no clock: what a provider lists, and what a
// client does with it, is elsewhere. It never sees the id of a box.
package bulletin

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// Sizes in bytes (docs/bulletin.md section 2).
const (
	version       = 1
	entrySize     = box.EntrySize
	bodyHead      = 1 + 32 + 32 + 4 + 32 + 2
	signatureSize = 64
)

// Errors of bulletins and rolls, one for each reason that is counted.
var (
	ErrMalformed    = errors.New("malformed bulletin")
	ErrOtherNetwork = errors.New("bulletin of another network")
	ErrOversized    = errors.New("bulletin with more entries than the network allows")
	ErrSignature    = errors.New("signature of a bulletin does not verify")
)

// Hash is SHA-256 of a body, or of a roll's; zero stands for none.
type Hash [32]byte

// Signature is a maker's Ed25519 signature.
type Signature [64]byte

// Body is what a maker lists in one slot.
type Body struct {
	Network  directory.NetworkID
	Maker    directory.NodeID
	Slot     box.Slot
	Previous Hash        // of the maker's body before this one; zero in its first
	Entries  []box.Entry // ascending; equal ones are repeated; at most 65,535
	Roll     Hash        // in the slots that CarriesRoll names: of that roll; zero if there is none
}

// Bulletin is a body with its maker's signature.
type Bulletin struct {
	Body
	Signature Signature
}

// CarriesRoll says whether the body of a slot has room for the hash of a roll, and of which.
func CarriesRoll(s box.Slot) (number uint32, ok bool) {
	number = uint32(s) / protocol.RollSlots
	if uint32(s)%protocol.RollSlots != protocol.RollHashAt || number == 0 {
		return 0, false
	}
	return number - 1, true
}

// Marshal gives the canonical bytes: 103, 5 for each entry, and 32 for the hash of a roll where
// there is room for one. Entries are written as they stand.
func (b Body) Marshal() []byte {
	out := make([]byte, 0, bodyHead+entrySize*len(b.Entries)+len(Hash{}))
	out = append(out, version)
	out = append(out, b.Network[:]...)
	out = append(out, b.Maker[:]...)
	out = binary.BigEndian.AppendUint32(out, uint32(b.Slot))
	out = append(out, b.Previous[:]...)
	out = binary.BigEndian.AppendUint16(out, uint16(len(b.Entries)))
	return b.appendListed(out)
}

// appendListed appends entries and the hash of a roll, as bodies and records have them.
func (b Body) appendListed(out []byte) []byte {
	for _, e := range b.Entries {
		out = append(out, e[:]...)
	}
	if _, ok := CarriesRoll(b.Slot); ok {
		out = append(out, b.Roll[:]...)
	}
	return out
}

// ParseBody is the inverse of Marshal and refuses every other spelling, and entries that descend,
// with ErrMalformed.
func ParseBody(raw []byte) (b Body, err error) {
	if len(raw) < bodyHead || raw[0] != version {
		return b, ErrMalformed
	}
	copy(b.Network[:], raw[1:])
	copy(b.Maker[:], raw[33:])
	b.Slot = box.Slot(binary.BigEndian.Uint32(raw[65:]))
	copy(b.Previous[:], raw[69:])
	count := int(binary.BigEndian.Uint16(raw[101:]))
	if err := b.parseListed(raw[bodyHead:]); err != nil || len(b.Entries) != count {
		return Body{}, ErrMalformed
	}
	return b, nil
}

// parseListed is the inverse of appendListed; the slot is known.
func (b *Body) parseListed(raw []byte) error {
	if _, ok := CarriesRoll(b.Slot); ok {
		if len(raw) < len(b.Roll) {
			return ErrMalformed
		}
		copy(b.Roll[:], raw[len(raw)-len(b.Roll):])
		raw = raw[:len(raw)-len(b.Roll)]
	}
	if len(raw)%entrySize != 0 {
		return ErrMalformed
	}
	b.Entries = make([]box.Entry, 0, len(raw)/entrySize)
	for e := range slices.Chunk(raw, entrySize) {
		b.Entries = append(b.Entries, box.Entry(e))
	}
	if !slices.IsSortedFunc(b.Entries, compareEntries) {
		return ErrMalformed
	}
	return nil
}

func compareEntries(a, b box.Entry) int { return bytes.Compare(a[:], b[:]) }

// Hash is SHA-256 of the marshalled body.
func (b Body) Hash() Hash { return sha256.Sum256(b.Marshal()) }

// Sign makes the bulletin. The body must be on the maker's disk before: see ErrFork.
func (b Body) Sign(private ed25519.PrivateKey) Bulletin {
	return Bulletin{b, sign(private, protocol.BulletinLabel, b.Network, b.Hash())}
}

// Marshal is the body ‖ signature 64.
func (b Bulletin) Marshal() []byte { return append(b.Body.Marshal(), b.Signature[:]...) }

// Parse is the inverse of Bulletin.Marshal and refuses every other spelling with ErrMalformed. It
// does not Verify.
func Parse(raw []byte) (Bulletin, error) {
	body, signature, err := cutSignature(raw)
	if err != nil {
		return Bulletin{}, err
	}
	b, err := ParseBody(body)
	return Bulletin{b, signature}, err
}

func cutSignature(raw []byte) (body []byte, s Signature, err error) {
	if len(raw) < signatureSize {
		return nil, s, ErrMalformed
	}
	at := len(raw) - signatureSize
	return raw[:at], Signature(raw[at:]), nil
}

// Verify checks what one bulletin says by itself: the network, the number of entries, and the
// signature of its maker, of whom the caller knows that it is a maker of that slot.
func (b Bulletin) Verify(network directory.NetworkID, most int) error {
	return check(b.Network == network, len(b.Entries) <= most, func() error {
		return verify(b.Maker, protocol.BulletinLabel, b.Network, b.Hash(), b.Signature)
	})
}

func check(network, size bool, signature func() error) error {
	switch {
	case !network:
		return ErrOtherNetwork
	case !size:
		return ErrOversized
	}
	return signature()
}

func sign(private ed25519.PrivateKey, label string, n directory.NetworkID, h Hash) Signature {
	return Signature(ed25519.Sign(private, signedBytes(label, n, h)))
}

func verify(by directory.NodeID, label string, n directory.NetworkID, h Hash, s Signature) error {
	if !ed25519.Verify(by[:], signedBytes(label, n, h), s[:]) {
		return fmt.Errorf("%w: by %s", ErrSignature, by)
	}
	return nil
}

// signedBytes is label ‖ 0x00 ‖ network (32) ‖ hash (32).
func signedBytes(label string, n directory.NetworkID, h Hash) []byte {
	b := append([]byte(label), 0)
	b = append(b, n[:]...)
	return append(b, h[:]...)
}

// MostBytes is the length of a signed bulletin of so many entries whose body names a roll.
func MostBytes(entries int) int {
	return bodyHead + entrySize*entries + len(Hash{}) + signatureSize
}
