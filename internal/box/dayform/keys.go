package dayform

import (
	"encoding/binary"

	"murmuration/internal/box"
)

// BoxKey is that of a box.
func BoxKey(name []byte) []byte { return append([]byte{BoxPrefix}, name...) }

// UnlistedKey is that of a box that is to be listed.
func UnlistedKey(name []byte) []byte { return append([]byte{UnlistedPrefix}, name...) }

// TokenKey is that of a token that was spent.
func (f *Form) TokenKey(t box.Token) []byte { return append([]byte{TokenPrefix}, f.Name(t[:])...) }

// QueueKey is what the entries of a holder's queue begin with; their places follow.
func (f *Form) QueueKey(peer box.Holder) []byte {
	return append([]byte{QueuePrefix}, f.Name(peer[:])[:PeerSize]...)
}

// BulletinKey is that of the own bulletin of a slot.
func BulletinKey(slot box.Slot) []byte {
	return binary.BigEndian.AppendUint32([]byte{BulletinPrefix}, uint32(slot))
}

// RecordKey is that of a record of any maker.
func (f *Form) RecordKey(k box.RecordKey) []byte {
	key := binary.BigEndian.AppendUint32([]byte{RecordPrefix, k.Kind}, k.Number)
	return append(key, f.Name(k.Maker[:])[:PeerSize]...)
}

// AppendPlace appends commit ‖ index.
func AppendPlace(key []byte, p box.Place) []byte {
	key = binary.BigEndian.AppendUint64(key, p.Commit)
	return binary.BigEndian.AppendUint32(key, p.Index)
}

// ParsePlace is the inverse of AppendPlace; b has PlaceSize bytes.
func ParsePlace(b []byte) box.Place {
	return box.Place{Commit: binary.BigEndian.Uint64(b), Index: binary.BigEndian.Uint32(b[8:])}
}
