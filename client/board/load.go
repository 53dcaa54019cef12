package board

import (
	"errors"
	"fmt"
	"slices"

	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
)

// Load takes up what a board kept before.
func (b *Board) Load(tx *store.Tx) error {
	err := tx.Get(bucketBoard, "state", &b.state)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	var chains []chainState
	err = errors.Join(err, tx.Get(bucketBoard, "chains", &chains))
	b.loadChains(chains)
	b.folded = bulletin.RollNumber(b.state.Newest)
	return errors.Join(err, b.loadBulletins(tx), b.loadFrauds(tx), b.loadPeriods(tx),
		store.Each(tx, bucketSingles, func(_ string, raw []byte) error {
			for c := range slices.Chunk(raw, singleSize) {
				b.restoreSingle(c)
			}
			return nil
		}), b.loadOdd(tx))
}

func (b *Board) restoreSingle(raw []byte) {
	s := single(raw)
	b.restore(s.Entry, listing{slot: s.Slot, maker: b.maker(s.Maker).number, n: s.N})
}

func (b *Board) loadBulletins(tx *store.Tx) error {
	return store.Each(tx, bucketBulletins, func(_ string, raw []byte) error {
		one, err := bulletin.Parse(raw)
		if err != nil {
			return fmt.Errorf("reading a bulletin that was kept: %w", err)
		}
		m := b.maker(one.Maker)
		b.insert(m, known{Bulletin: one, hash: one.Hash()})
		m.newest = max(m.newest, one.Slot)
		if n, ok := bulletin.CarriesRoll(one.Slot); ok && one.Body.Roll != (bulletin.Hash{}) {
			m.hashes[n] = one.Body.Roll
		}
		each(one.Entries, func(e box.Entry, n uint8) {
			b.restore(e, listing{slot: one.Slot, maker: m.number, n: n})
		})
		return nil
	})
}

func (b *Board) loadFrauds(tx *store.Tx) error {
	return store.Each(tx, bucketFrauds, func(_ string, raw []byte) error {
		f, err := bulletin.ParseFraud(raw)
		if err != nil {
			return fmt.Errorf("reading a proof of fraud that was kept: %w", err)
		}
		m := b.maker(f.A.Maker)
		m.fraud, m.hand = &f, true
		return nil
	})
}

// Frauds are the proofs of fraud that were found, ever.
func (b *Board) Frauds() (all []bulletin.Fraud) {
	for _, id := range b.ids {
		if f := b.makers[id].fraud; f != nil {
			all = append(all, *f)
		}
	}
	return all
}

func (b *Board) loadPeriods(tx *store.Tx) error {
	return store.Each(tx, bucketPeriods, func(key string, p period) error {
		var number uint32
		if _, err := fmt.Sscanf(key, "%08x", &number); err != nil {
			return fmt.Errorf("reading the name of a period: %w", err)
		}
		b.periods[number] = &p
		if !b.inWindow(bulletin.LastSlot(number)) {
			return nil
		}
		for _, id := range p.Makers {
			if err := b.loadRoll(tx, rollKey{number, directory.NodeID(id)}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *Board) loadRoll(tx *store.Tx, key rollKey) error {
	entries, err := readRoll(tx, key)
	m := b.maker(key.maker)
	eachOfRoll(key.number, entries, func(e box.Entry, s box.Slot, n uint8) {
		b.restore(e, listing{slot: s, maker: m.number, n: n})
	})
	return err
}

// restore takes a listing that was counted before.
func (b *Board) restore(e box.Entry, l listing) {
	_, two := b.groups.add(e, l)
	if two == nil {
		return
	}
	if p := b.pair(e, two); b.inWindow(p.Slot) {
		roll := bulletin.RollNumber(p.Slot)
		b.pairs[roll] = append(b.pairs[roll], p)
		b.recent.add(p.Slot)
	}
}
