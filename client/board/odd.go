package board

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
)

// mostOdd bounds the odd pairs of a roll, some 0.4 MiB.
const mostOdd = 1 << 12

// odd says that a roll and the one before it do not tell of a pair: one maker's alone, and one of
// which the first listing is older.
func (p Pair) odd() bool {
	return p.alone() || bulletin.RollNumber(p.First.Slot)+1 < bulletin.RollNumber(p.Slot)
}

func (p Pair) alone() bool { return p.Second == Listing{} }

// singleSize is that of a listing that is kept, in bytes.
const singleSize = box.EntrySize + 32 + 4 + 1

// appendSingle appends entry ‖ maker ‖ slot ‖ n.
func appendSingle(out []byte, s Single) []byte {
	out = append(append(out, s.Entry[:]...), s.Maker[:]...)
	return append(binary.BigEndian.AppendUint32(out, uint32(s.Slot)), s.N)
}

func single(raw []byte) Single {
	const at = box.EntrySize + 32
	return Single{box.Entry(raw), Listing{
		Maker: directory.NodeID(raw[box.EntrySize:]),
		Slot:  box.Slot(binary.BigEndian.Uint32(raw[at:])), N: raw[at+4],
	}}
}

// packPairs puts both listings of each pair ‖ number of others 1 ‖ others 32.
func packPairs(pairs []Pair) (raw []byte) {
	for _, p := range pairs {
		raw = appendSingle(appendSingle(raw, Single{p.Entry, p.First}), Single{p.Entry, p.Second})
		others := p.Others[:min(len(p.Others), math.MaxUint8)]
		raw = append(raw, byte(len(others)))
		for _, id := range others {
			raw = append(raw, id[:]...)
		}
	}
	return raw
}

func unpackPairs(raw []byte) (pairs []Pair) {
	for len(raw) > 2*singleSize {
		first, second := single(raw), single(raw[singleSize:])
		p := Pair{Entry: first.Entry, First: first.Listing, Second: second.Listing,
			Slot: second.Slot}
		if p.alone() {
			p.Slot = first.Slot + youngSlots
		}
		others := int(raw[2*singleSize])
		raw = raw[2*singleSize+1:]
		for range min(others, len(raw)/32) {
			p.Others, raw = append(p.Others, directory.NodeID(raw)), raw[32:]
		}
		pairs = append(pairs, p)
	}
	return pairs
}

// readOdd is what is kept of a roll.
func readOdd(tx *store.Tx, roll uint32) ([]Pair, error) {
	var raw []byte
	err := tx.Get(bucketOdd, name(roll, nil), &raw)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return unpackPairs(raw), err
}

// loadOdd takes up the odd pairs of the window, so that what was counted alone is not counted
// again.
func (b *Board) loadOdd(tx *store.Tx) error {
	this := bulletin.RollNumber(b.state.Newest)
	for roll := this - min(this, windowRolls-1); roll <= this; roll++ {
		pairs, err := readOdd(tx, roll)
		if err != nil {
			return err
		}
		b.odd[roll] = pairs
		for _, p := range pairs {
			if p.alone() {
				m := b.maker(p.First.Maker)
				b.groups.mark(p.Entry, listing{slot: p.First.Slot, maker: m.number, n: p.First.N})
			}
			is := func(o Pair) bool { return o.Entry == p.Entry && o.Second == p.Second }
			if !slices.ContainsFunc(b.pairs[roll], is) {
				b.pairs[roll] = append(b.pairs[roll], p)
			}
		}
	}
	return nil
}
