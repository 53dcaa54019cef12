package dayform

import (
	"encoding/binary"

	"murmuration/internal/box"
)

// Bulletin is what a day keeps of an own bulletin: what it lists, and its body.
type Bulletin struct {
	Listed box.Listings
	Body   []byte
}

const listingSize = 2 + 32 // day ‖ id

// Marshal is count 4 ‖ (day 2 ‖ id 32)… ‖ body.
func (b Bulletin) Marshal() []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(b.Listed)))
	for _, l := range b.Listed {
		out = binary.BigEndian.AppendUint16(out, uint16(l.Day))
		out = append(out, l.ID[:]...)
	}
	return append(out, b.Body...)
}

// ParseBulletin is the inverse of Marshal; a count of more than there is room for is ErrDamaged.
func ParseBulletin(raw []byte) (b Bulletin, err error) {
	if len(raw) < 4 {
		return b, ErrDamaged
	}
	n, raw := uint64(binary.BigEndian.Uint32(raw)), raw[4:]
	if n*listingSize > uint64(len(raw)) {
		return b, ErrDamaged
	}
	for range n {
		b.Listed = append(b.Listed, box.Listing{Day: box.Day(binary.BigEndian.Uint16(raw)),
			ID: box.ID(raw[2:listingSize])})
		raw = raw[listingSize:]
	}
	b.Body = raw
	return b, nil
}

// SealRecord is the value of a record: maker ‖ record, sealed.
func (f *Form) SealRecord(k box.RecordKey, raw, key []byte) []byte {
	return f.Seal(append(k.Maker[:len(k.Maker):len(k.Maker)], raw...), key)
}

// OpenRecord is the inverse of SealRecord.
func (f *Form) OpenRecord(sealed, key []byte) (maker box.Holder, raw []byte, err error) {
	plain, err := f.Open(sealed, key)
	if err != nil || len(plain) < len(maker) {
		return maker, nil, ErrDamaged
	}
	return box.Holder(plain[:len(maker)]), plain[len(maker):], nil
}
