package box

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
)

// memBulletin is a published bulletin in memory.
type memBulletin struct {
	slot   Slot
	body   []byte
	listed Listings
}

func compareKeys(a, b RecordKey) int {
	return cmp.Or(cmp.Compare(a.Number, b.Number), bytes.Compare(a.Maker[:], b.Maker[:]))
}

func (d *memDay) unlist(id ID) {
	d.unlisted = slices.DeleteFunc(d.unlisted, func(u ID) bool { return u == id })
}

// Unlisted implements Lister.
func (s *MemStore) Unlisted() ([]Listing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	var found []Listing
	for _, day := range slices.Sorted(maps.Keys(s.days)) {
		for _, id := range s.days[day].unlisted {
			found = append(found, Listing{day, id})
		}
	}
	return found, nil
}

// Waiting implements Lister.
func (s *MemStore) Waiting() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.days {
		n += len(d.unlisted)
	}
	return n
}

// Publish implements Lister.
func (s *MemStore) Publish(day Day, slot Slot, body []byte, listed []Listing) error {
	if err := CheckRecord(body); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.open(day)
	if err != nil {
		return err
	}
	if s.newest != nil && slot <= s.newest.slot {
		return ErrPublished
	}
	s.newest = &memBulletin{slot, bytes.Clone(body), OrderListings(listed)}
	d.published[slot] = s.newest
	for _, l := range listed {
		if of := s.days[l.Day]; of != nil {
			of.unlist(l.ID)
		}
	}
	return nil
}

// Published implements Lister.
func (s *MemStore) Published() (Slot, []byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return 0, nil, false, ErrClosed
	case s.newest == nil || s.bulletin(s.newest.slot) == nil:
		return 0, nil, false, nil
	}
	return s.newest.slot, bytes.Clone(s.newest.body), true, nil
}

// Body implements Lister.
func (s *MemStore) Body(slot Slot) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, false, ErrClosed
	}
	b := s.bulletin(slot)
	if b == nil {
		return nil, false, nil
	}
	return bytes.Clone(b.body), true, nil
}

func (s *MemStore) bulletin(slot Slot) *memBulletin {
	for _, d := range s.days {
		if b := d.published[slot]; b != nil {
			return b
		}
	}
	return nil
}

// Listed implements Lister.
func (s *MemStore) Listed(slot Slot, e Entry, n int) (Day, Box, Status, error) {
	s.mu.Lock()
	b := s.bulletin(slot)
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return 0, Box{}, 0, ErrClosed
	}
	if b == nil {
		return 0, Box{}, StatusNotFound, nil
	}
	l, ok := b.listed.Find(e, n)
	if !ok {
		return 0, Box{}, StatusNotFound, nil
	}
	found, status, err := s.Read(l.Day, l.ID)
	return l.Day, found, status, err
}

// Keep implements Archive.
func (s *MemStore) Keep(day Day, k RecordKey, raw []byte) error {
	if err := CheckRecord(raw); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.open(day)
	if err != nil {
		return err
	}
	switch old, ok := d.records[k]; {
	case ok && bytes.Equal(old, raw):
		return nil
	case ok:
		return ErrKept
	case s.room(len(raw)) != Plenty:
		return ErrNoRoom
	}
	d.records[k] = bytes.Clone(raw)
	s.bytes += len(raw)
	return nil
}

// Kept implements Archive.
func (s *MemStore) Kept(k RecordKey) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, false, ErrClosed
	}
	for _, day := range slices.Sorted(maps.Keys(s.days)) {
		if raw, ok := s.days[day].records[k]; ok {
			return bytes.Clone(raw), true, nil
		}
	}
	return nil, false, nil
}

// EachKept implements Archive.
func (s *MemStore) EachKept(kind uint8, from uint32, do func(RecordKey, []byte) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	for _, day := range slices.Sorted(maps.Keys(s.days)) {
		records := s.days[day].records
		for _, k := range slices.SortedFunc(maps.Keys(records), compareKeys) {
			if k.Kind != kind || k.Number < from {
				continue
			}
			if err := do(k, bytes.Clone(records[k])); err != nil {
				return err
			}
		}
	}
	return nil
}
