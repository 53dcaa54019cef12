package bulletin

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// Sizes of rolls in bytes.
const (
	rollHead      = 1 + 32 + 32 + 4 + 32 + 4
	rollEntrySize = entrySize + 1
)

// Roll is what a maker listed in 240 slots, in one piece.
type Roll struct {
	Network  directory.NetworkID
	Maker    directory.NodeID
	Number   uint32      // the slots Number·240 to Number·240+239
	Previous Hash        // of the maker's roll before this one; zero in its first
	Entries  []RollEntry // ascending; equal ones are repeated
}

// RollEntry is an entry and when it was listed.
type RollEntry struct {
	Entry box.Entry
	At    uint8 // slots after the roll's first: 0 to 239
}

// SignedRoll is a roll with its maker's signature.
type SignedRoll struct {
	Roll
	Signature Signature
}

// RollNumber is that of the roll in which a slot lies.
func RollNumber(s box.Slot) uint32 { return uint32(s) / protocol.RollSlots }

// FirstSlot and LastSlot are those that a roll covers. Both saturate.
func FirstSlot(roll uint32) box.Slot {
	return box.Slot(min(uint64(roll)*protocol.RollSlots, uint64(^box.Slot(0))))
}

// LastSlot is the last slot that a roll covers.
func LastSlot(roll uint32) box.Slot {
	return box.Slot(min(uint64(roll)*protocol.RollSlots+protocol.RollSlots-1,
		uint64(^box.Slot(0))))
}

// Add puts the entries of a body among those of the roll; bodies of other rolls add nothing.
func (r *Roll) Add(b Body) {
	if RollNumber(b.Slot) != r.Number {
		return
	}
	at := uint8(uint32(b.Slot) % protocol.RollSlots)
	for _, e := range b.Entries {
		r.Entries = append(r.Entries, RollEntry{e, at})
	}
	slices.SortFunc(r.Entries, RollEntry.compare)
}

// Slot is the one in which an entry of the roll was listed.
func (r Roll) Slot(e RollEntry) box.Slot { return FirstSlot(r.Number) + box.Slot(e.At) }

func (e RollEntry) compare(o RollEntry) int {
	if c := compareEntries(e.Entry, o.Entry); c != 0 {
		return c
	}
	return int(e.At) - int(o.At)
}

// Marshal gives the canonical bytes: 105, and 6 for each entry.
func (r Roll) Marshal() []byte {
	out := make([]byte, 0, rollHead+rollEntrySize*len(r.Entries))
	out = append(out, version)
	out = append(out, r.Network[:]...)
	out = append(out, r.Maker[:]...)
	out = binary.BigEndian.AppendUint32(out, r.Number)
	out = append(out, r.Previous[:]...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(r.Entries)))
	return r.appendListed(out)
}

func (r Roll) appendListed(out []byte) []byte {
	for _, e := range r.Entries {
		out = append(append(out, e.Entry[:]...), e.At)
	}
	return out
}

// ParseRoll is the inverse of Marshal and refuses every other spelling, and entries that descend,
// with ErrMalformed.
func ParseRoll(raw []byte) (r Roll, err error) {
	if len(raw) < rollHead || raw[0] != version {
		return r, ErrMalformed
	}
	copy(r.Network[:], raw[1:])
	copy(r.Maker[:], raw[33:])
	r.Number = binary.BigEndian.Uint32(raw[65:])
	copy(r.Previous[:], raw[69:])
	count := binary.BigEndian.Uint32(raw[101:])
	if err := r.parseListed(raw[rollHead:]); err != nil || uint64(len(r.Entries)) != uint64(count) {
		return Roll{}, ErrMalformed
	}
	return r, nil
}

func (r *Roll) parseListed(raw []byte) error {
	if len(raw)%rollEntrySize != 0 || r.Number > RollNumber(^box.Slot(0)) {
		return ErrMalformed
	}
	r.Entries = make([]RollEntry, 0, len(raw)/rollEntrySize)
	for b := range slices.Chunk(raw, rollEntrySize) {
		e := RollEntry{box.Entry(b[:entrySize]), b[entrySize]}
		if e.At >= protocol.RollSlots {
			return ErrMalformed
		}
		r.Entries = append(r.Entries, e)
	}
	if !slices.IsSortedFunc(r.Entries, RollEntry.compare) {
		return ErrMalformed
	}
	return nil
}

// Hash is SHA-256 of the marshalled roll.
func (r Roll) Hash() Hash { return sha256.Sum256(r.Marshal()) }

// Sign makes the signed roll. The roll must be on the maker's disk before, as a body.
func (r Roll) Sign(private ed25519.PrivateKey) SignedRoll {
	return SignedRoll{r, sign(private, protocol.RollLabel, r.Network, r.Hash())}
}

// Marshal is the roll ‖ signature 64.
func (r SignedRoll) Marshal() []byte { return append(r.Roll.Marshal(), r.Signature[:]...) }

// ParseSignedRoll is the inverse of SignedRoll.Marshal and refuses every other spelling with
// ErrMalformed. It does not Verify.
func ParseSignedRoll(raw []byte) (SignedRoll, error) {
	body, signature, err := cutSignature(raw)
	if err != nil {
		return SignedRoll{}, err
	}
	r, err := ParseRoll(body)
	return SignedRoll{r, signature}, err
}

// Verify checks what one roll says by itself, as Bulletin.Verify does; most is that of a bulletin.
func (r SignedRoll) Verify(network directory.NetworkID, most int) error {
	var each [protocol.RollSlots]int
	fits := true
	for _, e := range r.Entries {
		each[e.At]++
		fits = fits && each[e.At] <= most
	}
	return check(r.Network == network, fits, func() error {
		return verify(r.Maker, protocol.RollLabel, r.Network, r.Hash(), r.Signature)
	})
}

// MostRollBytes is the length of a signed roll whose slots have so many entries each.
func MostRollBytes(entries int) int {
	return rollHead + rollEntrySize*protocol.RollSlots*entries + signatureSize
}
