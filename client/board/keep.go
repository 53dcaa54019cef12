package board

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// The buckets of a board. Numbers in names have eight hexadecimal digits.
const (
	bucketBoard     = "board"     // state, chains
	bucketFrauds    = "frauds"    // proofs, by maker
	bucketBulletins = "bulletins" // signed ones of the window, by slot and maker
	bucketRolls     = "rolls"     // entries, 6 bytes each, by number and maker
	bucketPeriods   = "periods"   // period, by number
	bucketSingles   = "singles"   // listings that wait for a second maker, by roll
	bucketOdd       = "odd"       // pairs that rolls do not tell, by roll
)

// mostWaiting bounds the listings older than the window that wait for a second maker, some 16 MiB:
// the oldest go first.
const mostWaiting = 1 << 17

// pending is what the store is to be told.
type pending struct {
	bulletins []bulletin.Bulletin
	rolls     map[rollKey][]bulletin.RollEntry
	singles   map[uint32][]byte
	frauds    []bulletin.Fraud
	folded    []string // bulletins that are in a roll now
	gone      []gone   // rolls that nobody keeps any more
}

type rollKey struct {
	number uint32
	maker  directory.NodeID
}

type gone struct {
	number uint32
	makers [][]byte
}

func newPending() pending {
	return pending{rolls: map[rollKey][]bulletin.RollEntry{}, singles: map[uint32][]byte{}}
}

func name(number uint32, maker []byte) string { return fmt.Sprintf("%08x%x", number, maker) }

// flush writes what is pending, all of it or nothing.
func (b *Board) flush() error {
	err := b.cfg.Store.Update(func(tx *store.Tx) error {
		return errors.Join(b.flushNew(tx), b.flushGone(tx), tx.Put(bucketBoard, "state", b.state),
			tx.Put(bucketBoard, "chains", b.chains()))
	})
	if err != nil {
		return fmt.Errorf("keeping bulletins: %w", err)
	}
	b.pending = newPending()
	for _, p := range b.periods {
		p.dirty, p.odd = false, false
	}
	return nil
}

func (b *Board) flushNew(tx *store.Tx) (err error) {
	for _, one := range b.pending.bulletins {
		n := name(uint32(one.Slot), one.Maker[:])
		err = errors.Join(err, tx.Put(bucketBulletins, n, one.Marshal()))
	}
	for key, entries := range b.pending.rolls {
		err = errors.Join(err, tx.Put(bucketRolls, name(key.number, key.maker[:]), pack(entries)))
	}
	for number, singles := range b.pending.singles {
		err = errors.Join(err, tx.Put(bucketSingles, name(number, nil), singles))
	}
	for _, f := range b.pending.frauds {
		err = errors.Join(err, tx.Put(bucketFrauds, f.A.Maker.String(), f.Marshal()))
	}
	for number, p := range b.periods {
		if p.dirty {
			err = errors.Join(err, tx.Put(bucketPeriods, name(number, nil), p))
		}
		if p.odd {
			err = errors.Join(err, tx.Put(bucketOdd, name(number, nil), packPairs(b.odd[number])))
		}
	}
	return err
}

func (b *Board) flushGone(tx *store.Tx) (err error) {
	for _, n := range b.pending.folded {
		err = errors.Join(err, tx.Delete(bucketBulletins, n))
	}
	for _, g := range b.pending.gone {
		for _, id := range g.makers {
			err = errors.Join(err, tx.Delete(bucketRolls, name(g.number, id)))
		}
		err = errors.Join(err, tx.Delete(bucketPeriods, name(g.number, nil)),
			tx.Delete(bucketSingles, name(g.number, nil)),
			tx.Delete(bucketOdd, name(g.number, nil)))
	}
	return err
}

func pack(entries []bulletin.RollEntry) (raw []byte) {
	for _, e := range entries {
		raw = append(append(raw, e.Entry[:]...), e.At)
	}
	return raw
}

func unpack(raw []byte) (entries []bulletin.RollEntry) {
	for c := range slices.Chunk(raw, box.EntrySize+1) {
		entries = append(entries,
			bulletin.RollEntry{Entry: box.Entry(c[:box.EntrySize]), At: c[box.EntrySize]})
	}
	return entries
}

// kept is what is kept of a maker's roll.
func (b *Board) kept(key rollKey) (entries []bulletin.RollEntry, err error) {
	if entries, ok := b.pending.rolls[key]; ok {
		return entries, nil
	}
	err = b.cfg.Store.View(func(tx *store.Tx) (err error) {
		entries, err = readRoll(tx, key)
		return err
	})
	return entries, err
}

func readRoll(tx *store.Tx, key rollKey) ([]bulletin.RollEntry, error) {
	var raw []byte
	err := tx.Get(bucketRolls, name(key.number, key.maker[:]), &raw)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return unpack(raw), err
}

// fold puts bulletins that have left the window into rolls.
func (b *Board) fold() error {
	this := bulletin.RollNumber(b.state.Newest)
	if this == b.folded {
		return nil
	}
	for _, id := range b.ids {
		if err := b.foldMaker(id, b.makers[id]); err != nil {
			return err
		}
	}
	for roll := range b.pairs {
		if roll+windowRolls <= this {
			delete(b.pairs, roll)
			delete(b.odd, roll)
		}
	}
	b.pending.bulletins = slices.DeleteFunc(b.pending.bulletins,
		func(one bulletin.Bulletin) bool { return !b.inWindow(one.Slot) })
	b.read.known = false
	b.waiting(b.folded, this)
	b.folded = this
	return nil
}

func (b *Board) foldMaker(id directory.NodeID, m *maker) error {
	out := 0
	rolls := map[uint32]*bulletin.Roll{}
	for ; out < len(m.bodies) && !b.inWindow(m.bodies[out].Slot); out++ {
		one := m.bodies[out]
		number := bulletin.RollNumber(one.Slot)
		if rolls[number] == nil {
			rolls[number] = &bulletin.Roll{Number: number}
		}
		rolls[number].Add(one.Body)
		b.pending.folded = append(b.pending.folded, name(uint32(one.Slot), id[:]))
	}
	for number, r := range rolls {
		key := rollKey{number, id}
		had, err := b.kept(key)
		if err != nil {
			return err
		}
		b.pending.rolls[key] = union(r.Entries, had)
		b.period(number).add(id)
	}
	m.bodies = slices.Delete(m.bodies, 0, out)
	return nil
}

// union has each entry as often as the one that has it more often.
func union(a, b []bulletin.RollEntry) []bulletin.RollEntry {
	left := map[bulletin.RollEntry]int{}
	for _, e := range a {
		left[e]++
	}
	for _, e := range b {
		if left[e]--; left[e] < 0 {
			a = append(a, e)
		}
	}
	slices.SortFunc(a, func(x, y bulletin.RollEntry) int {
		return cmp.Or(bytes.Compare(x.Entry[:], y.Entry[:]), cmp.Compare(x.At, y.At))
	})
	return a
}

// waiting drops from memory what has left the window, and keeps the listings that wait for a second
// maker.
func (b *Board) waiting(from, this uint32) {
	window := bulletin.FirstSlot(this - min(this, windowRolls-1))
	b.groups.prune(window, bulletin.FirstSlot(b.floor))
	var old []Single
	for e, all := range b.groups {
		if l := all[0]; len(all) == 1 && l.slot < window {
			old = append(old, Single{e, b.listing(l)})
		}
	}
	slices.SortFunc(old, func(a, b Single) int { return int(int64(b.Slot) - int64(a.Slot)) })
	for i, s := range old {
		roll := bulletin.RollNumber(s.Slot)
		switch {
		case i >= mostWaiting:
			delete(b.groups, s.Entry)
		case roll+windowRolls > from && len(b.pending.singles[roll]) < store.MaxRecord/2:
			b.pending.singles[roll] = appendSingle(b.pending.singles[roll], s)
		}
	}
}

// forget drops the rolls whose boxes nobody keeps any more.
func (b *Board) forget(now time.Time) {
	b.floor = bulletin.RollNumber(b.oldest(now))
	for number, p := range b.periods {
		if number < b.floor {
			b.pending.gone = append(b.pending.gone, gone{number, p.Makers})
			delete(b.periods, number)
			for _, m := range b.makers {
				delete(m.rolled, number)
				delete(m.hashes, number)
				delete(m.links, number)
			}
		}
	}
}

// each numbers equal entries.
func each(entries []box.Entry, do func(e box.Entry, n uint8)) {
	n := 0
	for i, e := range entries {
		if n++; i == 0 || entries[i-1] != e {
			n = 0
		}
		do(e, uint8(min(n, 255)))
	}
}

// eachOfRoll numbers equal entries of one slot.
func eachOfRoll(roll uint32, entries []bulletin.RollEntry,
	do func(e box.Entry, s box.Slot, n uint8)) {
	n := 0
	for i, e := range entries {
		if n++; i == 0 || entries[i-1] != e {
			n = 0
		}
		do(e.Entry, box.Slot(roll)*protocol.RollSlots+box.Slot(e.At), uint8(min(n, 255)))
	}
}
