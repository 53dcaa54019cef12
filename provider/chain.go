package provider

import (
	"encoding/binary"
	"slices"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
)

// What another provider is asked for.
const (
	askBulletins = 1 // of a maker, from a slot to a slot
	askRoll      = 2 // of a maker and number, twice
)

// question asks another provider for what is missing here.
type question struct {
	kind        uint8
	maker       directory.NodeID
	first, last uint32
}

func (q question) marshal() []byte {
	out := append([]byte{q.kind}, q.maker[:]...)
	out = binary.BigEndian.AppendUint32(out, q.first)
	return binary.BigEndian.AppendUint32(out, q.last)
}

func parseQuestion(raw []byte) (q question, err error) {
	if len(raw) != questionSize {
		return q, ErrSpread
	}
	q = question{raw[0], directory.NodeID(raw[1:33]), binary.BigEndian.Uint32(raw[33:]),
		binary.BigEndian.Uint32(raw[37:])}
	if q.kind != askBulletins && q.kind != askRoll || q.last < q.first {
		return q, ErrSpread
	}
	return q, nil
}

// chain is the bulletins of one maker.
type chain struct {
	known   []*known // in memory, by slot
	gaps    []question
	rolls   map[uint32]bool // that are kept
	drift   int             // slots by which the last one came too early, by the clock here
	heard   box.Slot        // by the clock here, when that was
	ever    bool
	settled uint32 // rolls before this one are here, or nobody has them
	false   bool   // signed two bodies for one slot
}

type known struct {
	bulletin.Bulletin
	hash bulletin.Hash
}

func (c *chain) search(s box.Slot) (int, bool) {
	return slices.BinarySearchFunc(c.known, s,
		func(k *known, s box.Slot) int { return int(int64(k.Slot) - int64(s)) })
}

// find is the bulletin of a slot, nil if it is not here.
func (c *chain) find(s box.Slot) *known {
	if i, ok := c.search(s); ok {
		return c.known[i]
	}
	return nil
}

func (c *chain) insert(k *known) bool {
	i, ok := c.search(k.Slot)
	if ok {
		return false
	}
	c.known = slices.Insert(c.known, i, k)
	c.gaps = c.findGaps()
	return true
}

// findGaps are the slots between bulletins of which the later does not follow the earlier. One that
// follows none is of a maker that lost its disk.
func (c *chain) findGaps() (gaps []question) {
	for i := 1; i < len(c.known); i++ {
		before, after := c.known[i-1], c.known[i]
		if after.Previous != (bulletin.Hash{}) && after.Previous != before.hash &&
			after.Slot > before.Slot+1 {
			gaps = append(gaps, question{askBulletins, after.Maker, uint32(before.Slot + 1),
				uint32(after.Slot - 1)})
		}
	}
	return gaps
}

// newest is the last bulletin, nil if there is none.
func (c *chain) newest() *known {
	if len(c.known) == 0 {
		return nil
	}
	return c.known[len(c.known)-1]
}

// Accuse takes a proof that a maker signed two bodies for one slot, from whoever has one: it is
// verified here. Nothing of that maker is taken any more, and the proof goes on to clients and
// other providers. The error says why it is none; one that is here already is no error.
func (b *Bulletins) Accuse(f bulletin.Fraud) error {
	err := b.hearProof(f)
	if err != nil {
		b.stats.Refused++
	}
	return err
}

func (b *Bulletins) hearProof(f bulletin.Fraud) error {
	switch {
	case !b.stores(f.A.Maker): // whoever makes keys must not fill the memory here
		return errNoMaker
	case b.chain(f.A.Maker).false:
		return nil
	}
	// it goes to everybody here on each of their connections
	if max(len(f.A.Entries), len(f.B.Entries)) > b.most(nil) {
		return bulletin.ErrOversized
	}
	if err := f.Verify(b.network); err != nil {
		return err
	}
	b.accuse(b.chain(f.A.Maker), f.A, f.B)
	return nil
}

// Convicted takes up the proofs that were kept, before anything else is heard. They are not
// verified again, and count for makers of any day.
func (b *Bulletins) Convicted(all []bulletin.Fraud) {
	for _, f := range all {
		if c := b.chain(f.A.Maker); !c.false {
			b.accuse(c, f.A, f.B)
		}
	}
}

// accuse keeps the proof that a maker signed two bodies for one slot.
func (b *Bulletins) accuse(c *chain, one, other bulletin.Bulletin) {
	c.false = true
	b.wantedAt = lookedUp{} // nothing of it is missing any more
	b.frauds = append(b.frauds, bulletin.NewFraud(one, other))
}

// Frauds are the proofs against makers that signed two bodies for one slot, one for each, in the
// order in which they came.
func (b *Bulletins) Frauds() []bulletin.Fraud { return b.frauds }

func (b *Bulletins) stores(id directory.NodeID) bool { return b.doc != nil && b.doc.Stores(id) }

// proof is the next one from a place in Frauds on that concerns anybody, and the place behind it;
// ok is false if there is none.
func (b *Bulletins) proof(from int) (f bulletin.Fraud, next int, ok bool) {
	for i, f := range b.frauds[from:] {
		if b.stores(f.A.Maker) {
			return f, from + i + 1, true
		}
	}
	return f, from, false
}
