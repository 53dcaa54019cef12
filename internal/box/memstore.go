package box

import (
	"bytes"
	"maps"
	"slices"
	"sync"
)

// MemStore is a Store, a Queue, a Lister and an Archive in memory, for the simulator and for tests
// of others: the same answers as a store on disk, until the process ends.
type MemStore struct {
	limit int // bytes of ciphertext and records; 0 is no limit

	mu     sync.Mutex // guards all below
	days   map[Day]*memDay
	floor  Day
	bytes  int
	newest *memBulletin // published; nil: none
	closed bool
}

type memDay struct {
	boxes     map[ID]Box
	queue     map[Holder][]memEntry
	commit    uint64
	unlisted  []ID // by arrival
	published map[Slot]*memBulletin
	records   map[RecordKey][]byte
	spent     map[Token]ID
}

type memEntry struct {
	id ID
	at Place
}

// NewMemStore returns an empty store that is full from limit bytes of ciphertext on (0: never).
func NewMemStore(limit int) *MemStore {
	return &MemStore{limit: limit, days: make(map[Day]*memDay)}
}

// Read implements Store.
func (s *MemStore) Read(day Day, id ID) (Box, Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Box{}, 0, ErrClosed
	}
	d := s.days[day]
	if d == nil {
		return Box{}, StatusNotFound, nil
	}
	b, ok := d.boxes[id]
	if !ok {
		return Box{}, StatusNotFound, nil
	}
	b.Ciphertext = bytes.Clone(b.Ciphertext)
	return b, b.Status(), nil
}

// Write implements Store.
func (s *MemStore) Write(day Day, b Box, pay Token, replicas ...Holder) (Outcome, error) {
	return s.put(day, b, pay, false, replicas)
}

// Merge implements Store.
func (s *MemStore) Merge(day Day, b Box) (Outcome, error) {
	return s.put(day, b, Token{}, true, nil)
}

func (s *MemStore) put(day Day, b Box, pay Token, merge bool,
	replicas []Holder) (Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.open(day)
	if err != nil {
		return Outcome{}, err
	}
	a := Arrival{Next: b, Merge: merge, Room: s.room(len(b.Ciphertext))}
	if old, ok := d.boxes[b.ID]; ok {
		a.Old = &old
	}
	on, spent := d.spent[pay]
	a.Spent = spent && on != b.ID
	o, replace := a.Settle()
	if replace && o.New && pay != (Token{}) {
		d.spent[pay] = b.ID
	}
	if replace {
		s.bytes += len(b.Ciphertext) - len(d.boxes[b.ID].Ciphertext)
		b.Ciphertext = bytes.Clone(b.Ciphertext)
		d.put(b, o.New, replicas)
	}
	o.Stands.Ciphertext = bytes.Clone(o.Stands.Ciphertext)
	return o, nil
}

// room is what there is for so many bytes of data.
func (s *MemStore) room(data int) Room {
	if s.limit > 0 && s.bytes+data > s.limit {
		return Scarce
	}
	return Plenty
}

// open returns the day, making it if need be. The caller holds mu.
func (s *MemStore) open(day Day) (*memDay, error) {
	switch {
	case s.closed:
		return nil, ErrClosed
	case day < s.floor:
		return nil, ErrExpired
	case s.days[day] == nil:
		s.days[day] = &memDay{boxes: make(map[ID]Box), queue: make(map[Holder][]memEntry),
			published: make(map[Slot]*memBulletin), records: make(map[RecordKey][]byte),
			spent: make(map[Token]ID)}
	}
	return s.days[day], nil
}

func (d *memDay) put(b Box, fresh bool, replicas []Holder) {
	d.boxes[b.ID] = b
	d.commit++
	for _, peer := range replicas {
		d.queue[peer] = append(d.queue[peer], memEntry{b.ID, Place{Commit: d.commit}})
	}
	if fresh {
		d.unlisted = append(d.unlisted, b.ID)
	} else if b.Tombstone() {
		d.unlist(b.ID)
	}
}

// Drop implements Store.
func (s *MemStore) Drop(before Day) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.floor = max(s.floor, before)
	for day, d := range s.days {
		if day >= s.floor {
			continue
		}
		for _, b := range d.boxes {
			s.bytes -= len(b.Ciphertext)
		}
		for _, raw := range d.records {
			s.bytes -= len(raw)
		}
		delete(s.days, day)
	}
	return nil
}

// Pending implements Queue.
func (s *MemStore) Pending(peer Holder, after Queued, n int) ([]Queued, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	var found []Queued
	for _, day := range slices.Sorted(maps.Keys(s.days)) {
		d := s.days[day]
		for _, e := range d.queue[peer] {
			if len(found) == n {
				return found, nil
			}
			if day < after.Day || day == after.Day && !e.at.after(after.At) {
				continue
			}
			b := d.boxes[e.id]
			b.Ciphertext = bytes.Clone(b.Ciphertext)
			found = append(found, Queued{Day: day, Box: b, At: e.at})
		}
	}
	return found, nil
}

// Done implements Queue.
func (s *MemStore) Done(peer Holder, entries ...Queued) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	for _, e := range entries {
		if d := s.days[e.Day]; d != nil {
			d.queue[peer] = slices.DeleteFunc(d.queue[peer],
				func(m memEntry) bool { return m.at == e.At })
		}
	}
	return nil
}

// Close ends the store; its methods are ErrClosed from then on.
func (s *MemStore) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.days = true, nil
	return nil
}
