package pgstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"sync"

	"murmuration/internal/box"
	"murmuration/internal/box/dayform"
)

// bulletins are where the own bulletins of all slots are, and some of them: they never change.
type bulletins struct {
	mu     sync.Mutex // guards what follows
	index  map[box.Slot]where
	any    bool     // whether one was ever published
	newest box.Slot // of all, those whose day is over included
	held   map[box.Slot]*dayform.Bulletin
	size   int // of what is held, in bytes
}

// where is the place of a bulletin.
type where struct {
	day   box.Day
	shard uint8
}

// mostHeld bounds the bulletins in memory, in bytes.
const mostHeld = 32 << 20

// note takes over where a bulletin is.
func (b *bulletins) note(slot box.Slot, at where) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.index[slot] = at
	if !b.any || slot > b.newest {
		b.any, b.newest = true, slot
	}
}

func (b *bulletins) forget(before box.Day) {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.index, func(slot box.Slot, at where) bool {
		if at.day < before && b.held[slot] != nil {
			b.size -= sizeOf(b.held[slot])
			delete(b.held, slot)
		}
		return at.day < before
	})
}

// sizeOf is what a bulletin takes of memory, in bytes.
func sizeOf(b *dayform.Bulletin) int { return len(b.Body) + 34*len(b.Listed) }

// keep holds one in memory; when too much is held, nothing else.
func (b *bulletins) keep(slot box.Slot, one *dayform.Bulletin) {
	size := sizeOf(one)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.size += size; b.size > mostHeld || b.held == nil {
		b.held, b.size = make(map[box.Slot]*dayform.Bulletin), size
	}
	b.held[slot] = one
}

func (b *bulletins) find(slot box.Slot) (one *dayform.Bulletin, at where, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at, ok = b.index[slot]
	return b.held[slot], at, ok
}

// loadBulletins finds out where the bulletins are. Nobody uses the store yet.
func (s *Store) loadBulletins(ctx context.Context) error {
	for _, d := range s.sorted(0) {
		for _, n := range d.shards {
			keys, err := s.bulletinKeys(ctx, s.numbered(n), d)
			if err != nil {
				return err
			}
			for _, k := range keys {
				s.bulletins.note(box.Slot(binary.BigEndian.Uint32(k[1:])), where{d.number, n})
			}
		}
	}
	return nil
}

// mostSlots bounds the bulletins of a day: slots are longer than a second.
const mostSlots = 86_400

func (s *Store) bulletinKeys(ctx context.Context, sh *shard, d *day) (keys [][]byte, err error) {
	if !sh.holds(d) {
		return nil, nil
	}
	q := &query{sql: fmt.Sprintf("SELECT k FROM %s.bulletin ORDER BY k", d.schema()),
		most: mostSlots}
	if err := sh.conn.run(ctx, q); err != nil {
		return nil, err
	}
	for _, row := range q.rows {
		if len(row) != 1 || len(row[0]) != 5 {
			return nil, errWire
		}
		keys = append(keys, row[0])
	}
	return keys, nil
}

// eachBulletin calls do for every own bulletin of a day and the later ones. One that does not open
// is passed over: what it lists is listed once more, which is no harm. Nobody uses the store yet.
func (s *Store) eachBulletin(ctx context.Context, from box.Day, do func(dayform.Bulletin)) error {
	for slot, at := range s.bulletins.index {
		if at.day < from {
			continue
		}
		d, sh, key := s.days[at.day], s.numbered(at.shard), dayform.BulletinKey(slot)
		q := getAll(d.tableOf(key), [][]byte{key})
		if err := sh.conn.run(ctx, q); err != nil {
			return err
		}
		have := make(map[string][]byte)
		if err := q.into(have); err != nil {
			return err
		}
		b, err := d.openBulletin(have[string(key)], key)
		if err != nil {
			sh.complain("a bulletin is passed over", d)
			continue
		}
		do(*b)
	}
	return nil
}

func (d *day) openBulletin(sealed, key []byte) (*dayform.Bulletin, error) {
	plain, err := d.form.Open(sealed, key)
	var b dayform.Bulletin
	if err == nil {
		b, err = dayform.ParseBulletin(plain)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a bulletin of day %d: %w", d.number, err)
	}
	return &b, nil
}

// publish is an own bulletin, as a change.
type publish struct {
	key, sealed []byte
	names       [][]byte // of what it lists, of its own day and shard
}

func (p *publish) keys() [][]byte { return nil }

func (p *publish) settle(b *batch, r *request) {
	if b.room == box.NoRoom {
		r.outcome.Status = box.StatusFull
		return
	}
	r.outcome.Status = box.StatusStored
	b.set(r.day, p.key, p.sealed)
	for _, name := range p.names {
		b.unlist(r.day, name)
	}
}

// Publish implements box.Lister. The bulletin goes to the first shard for its slot that is not
// away. What is listed of other days and shards leaves their lists in memory at once, and in the
// databases after the bulletin is there; if a crash comes between, the next start does it.
func (s *Store) Publish(number box.Day, slot box.Slot, body []byte, listed []box.Listing) error {
	if err := box.CheckRecord(body); err != nil {
		return err
	}
	s.publishing.Lock()
	defer s.publishing.Unlock()
	s.settle()
	if s.bulletins.any && slot <= s.bulletins.newest {
		return errors.Join(box.ErrPublished, s.alive())
	}
	d, err := s.dayFor(number)
	if err != nil {
		return err
	}
	one := &dayform.Bulletin{Listed: box.OrderListings(listed), Body: bytes.Clone(body)}
	key := dayform.BulletinKey(slot)
	p := &publish{key: key, sealed: d.form.Seal(one.Marshal(), key)}
	lists := s.listsOf(listed)
	for _, n := range order(d.shards, key) {
		sh := s.numbered(n)
		p.names = lists[part{sh, d}]
		o, err := s.ask(sh, d, p)
		switch {
		case errors.Is(err, box.ErrAway):
			continue
		case errors.Is(err, box.ErrClosed), errors.Is(err, box.ErrExpired):
			return err
		case err == nil && o.Status == box.StatusFull:
			return box.ErrNoRoom
		}
		s.bulletins.note(slot, where{number, n}) // after a failure, too: it may be there
		if err != nil {
			for p, names := range lists {
				p.shard.hold(p.day, names, false)
			}
			s.doubts = append(s.doubts, doubt{slot, where{number, n}, lists})
			return err
		}
		s.bulletins.keep(slot, one)
		delete(lists, part{sh, d})
		s.unlistAll(lists)
		return nil
	}
	return fmt.Errorf("%w: all that store this day", box.ErrAway)
}

// part is what a shard has of a day.
type part struct {
	shard *shard
	day   *day
}

// listsOf are the names of what is listed, by where they are.
func (s *Store) listsOf(listed []box.Listing) map[part][][]byte {
	lists := make(map[part][][]byte)
	for _, l := range listed {
		if d := s.day(l.Day); d != nil {
			name := d.form.Name(l.ID[:])
			p := part{s.at(d, name), d}
			lists[p] = append(lists[p], name)
		}
	}
	return lists
}

func (s *Store) unlistAll(lists map[part][][]byte) {
	for p, names := range lists {
		p.shard.owe(p.day, names)
	}
	for p := range lists {
		s.pay(p.shard, p.day)
	}
}

// Published implements box.Lister.
func (s *Store) Published() (box.Slot, []byte, bool, error) {
	s.bulletins.mu.Lock()
	slot := s.bulletins.newest
	s.bulletins.mu.Unlock()
	body, ok, err := s.Body(slot)
	if !ok || err != nil {
		return 0, nil, false, err
	}
	return slot, body, true, nil
}

// bulletin returns the own bulletin of a slot, or nil. It is not the caller's to change.
func (s *Store) bulletin(slot box.Slot) (*dayform.Bulletin, error) {
	one, at, ok := s.bulletins.find(slot)
	d := s.day(at.day)
	if !ok || one != nil || d == nil {
		return one, s.alive()
	}
	key := dayform.BulletinKey(slot)
	have, err := s.get(s.numbered(at.shard), d, key)
	if err != nil || have[string(key)] == nil {
		return nil, err
	}
	if one, err = d.openBulletin(have[string(key)], key); err == nil {
		s.bulletins.keep(slot, one)
	}
	return one, err
}

// Body implements box.Lister.
func (s *Store) Body(slot box.Slot) ([]byte, bool, error) {
	b, err := s.bulletin(slot)
	if b == nil || err != nil {
		return nil, false, err
	}
	return bytes.Clone(b.Body), true, nil
}

// Listed implements box.Lister.
func (s *Store) Listed(slot box.Slot, e box.Entry, n int) (box.Day, box.Box, box.Status, error) {
	b, err := s.bulletin(slot)
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
	found, status, err := s.Read(l.Day, l.ID)
	return l.Day, found, status, err
}
