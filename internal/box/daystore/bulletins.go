package daystore

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"murmuration/internal/box"
	"murmuration/internal/box/dayform"
	"murmuration/internal/durable"
)

// bulletin returns an own bulletin of the day, or nil.
func (d *dayDB) bulletin(slot box.Slot) (b *dayform.Bulletin, err error) {
	err = d.db.View(func(txn *badger.Txn) error {
		raw, err := d.unseal(txn, dayform.BulletinKey(slot))
		if raw == nil || err != nil {
			return err
		}
		parsed, err := dayform.ParseBulletin(raw)
		b = &parsed
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading a bulletin of day %d: %w", d.day, err)
	}
	return b, nil
}

// eachBulletin calls do for every own bulletin of the day. One that does not open is passed over:
// what it lists is listed once more, which is no harm.
func (d *dayDB) eachBulletin(do func(dayform.Bulletin)) error {
	return d.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{dayform.BulletinPrefix}})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			raw, err := d.unsealItem(it.Item())
			var b dayform.Bulletin
			if err == nil {
				b, err = dayform.ParseBulletin(raw)
			}
			switch {
			case errors.Is(err, errDamaged):
				d.complain("a bulletin is passed over", err)
			case err != nil:
				return fmt.Errorf("reading the bulletins of day %d: %w", d.day, err)
			default:
				do(b)
			}
		}
		return nil
	})
}

// newest returns the slot of the day's newest own bulletin; ok is whether there is one.
func (d *dayDB) newest() (slot box.Slot, ok bool, err error) {
	err = d.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Reverse: true})
		defer it.Close()
		it.Seek([]byte{dayform.BulletinPrefix + 1})
		if !it.ValidForPrefix([]byte{dayform.BulletinPrefix}) {
			return nil
		}
		key := it.Item().Key()
		if len(key) != 5 {
			return fmt.Errorf("reading the bulletins of day %d: %w", d.day, errDamaged)
		}
		slot, ok = box.Slot(binary.BigEndian.Uint32(key[1:])), true
		return nil
	})
	return slot, ok, err
}

// publish is an own bulletin, as a change.
type publish struct {
	slot   box.Slot
	record dayform.Bulletin
	own    []box.ID // what it lists of its own day
	names  [][]byte
	sealed []byte // nil until seal
}

func (p *publish) recycle() {}

func (p *publish) seal(d *dayDB) {
	if p.sealed == nil {
		p.names = d.namesOf(p.own)
		p.sealed = d.form.Seal(p.record.Marshal(), dayform.BulletinKey(p.slot))
	}
}

func (p *publish) settle(b *batch, r *request) {
	if b.room == box.NoRoom {
		r.outcome.Status = box.StatusFull
		return
	}
	r.outcome.Status = box.StatusStored
	b.set(dayform.BulletinKey(p.slot), p.sealed)
	for _, name := range p.names {
		b.unlist(name)
	}
}

// published is the newest slot for which a body may be on the disk.
type published struct {
	any  bool
	slot box.Slot
}

// newest finds out which slot was published last. The caller holds mu.
func (s *Store) newest() (p published, err error) {
	for _, d := range s.days {
		slot, ok, err := d.newest()
		if err != nil {
			return p, err
		}
		if ok && (!p.any || slot > p.slot) {
			p = published{true, slot}
		}
	}
	return p, nil
}

// Publish implements box.Lister. What is listed of other days than the slot's leaves their lists
// after the bulletin is there; if that fails, or a crash comes between, the next start does it.
func (s *Store) Publish(day box.Day, slot box.Slot, body []byte, listed []box.Listing) error {
	if err := box.CheckRecord(body); err != nil {
		return err
	}
	s.publishing.Lock()
	defer s.publishing.Unlock()
	if s.published.any && slot <= s.published.slot {
		return box.ErrPublished
	}
	byDay := map[box.Day][]box.ID{}
	for _, l := range listed {
		byDay[l.Day] = append(byDay[l.Day], l.ID)
	}
	record := dayform.Bulletin{Listed: box.OrderListings(listed), Body: body}
	p := &publish{slot: slot, record: record, own: byDay[day]}
	o, err := s.ask(day, p)
	switch {
	case errors.Is(err, box.ErrClosed), errors.Is(err, box.ErrExpired):
		return err
	case err == nil && o.Status == box.StatusFull:
		return box.ErrNoRoom
	}
	s.published = published{true, slot} // after a failure, too: it may be on the disk
	if err != nil {
		return err
	}
	delete(byDay, day)
	for of, ids := range byDay {
		if !s.has(of) {
			continue
		}
		if o, err := s.ask(of, &unlist{ids: ids}); err != nil || o.Status != box.StatusStored {
			s.opts.Logger.Warn("what was listed stays on the list until the next start", "day", of,
				"error", err)
		}
	}
	return nil
}

// has is whether the day is there.
func (s *Store) has(day box.Day) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.days[day] != nil
}

// Published implements box.Lister.
func (s *Store) Published() (box.Slot, []byte, bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return 0, nil, false, box.ErrClosed
	}
	newest, err := s.newest()
	if err != nil || !newest.any {
		return 0, nil, false, err
	}
	b, err := s.find(newest.slot)
	if err != nil || b == nil {
		return 0, nil, false, errors.Join(err, durable.ErrCorrupt)
	}
	return newest.slot, b.Body, true, nil
}

// find returns the own bulletin of a slot, or nil. The caller holds mu.
func (s *Store) find(slot box.Slot) (*dayform.Bulletin, error) {
	for _, d := range s.days {
		if b, err := d.bulletin(slot); b != nil || err != nil {
			return b, err
		}
	}
	return nil, nil
}

// Body implements box.Lister.
func (s *Store) Body(slot box.Slot) ([]byte, bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, false, box.ErrClosed
	}
	b, err := s.find(slot)
	if b == nil || err != nil {
		return nil, false, err
	}
	return b.Body, true, nil
}

// Listed implements box.Lister.
func (s *Store) Listed(slot box.Slot, e box.Entry, n int) (box.Day, box.Box, box.Status, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return 0, box.Box{}, 0, box.ErrClosed
	}
	b, err := s.find(slot)
	if err != nil {
		return 0, box.Box{}, 0, err
	}
	if b == nil {
		return 0, box.Box{}, box.StatusNotFound, nil
	}
	l, ok := b.Listed.Find(e, n)
	if !ok {
		return 0, box.Box{}, box.StatusNotFound, nil
	}
	found, status, err := s.read(l.Day, l.ID)
	return l.Day, found, status, err
}
