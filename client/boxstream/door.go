package boxstream

import (
	"fmt"

	"murmuration/internal/box"
)

// DoorSize is how many indices of a door are used, each day anew (docs/relation.md, "Doors").
const DoorSize = 16

// Door is a stream that has no position: its first indices are written anew each day, by all who
// hold its capability, and read by whoever has its start.
type Door struct {
	cap     *box.ReadCap
	indices [DoorSize]box.Index
	ids     map[box.Day][DoorSize]box.ID
}

// NewDoor is the door that a start is of.
func NewDoor(s Start) (*Door, error) {
	c, index, err := s.Open()
	if err != nil {
		return nil, fmt.Errorf("opening a door: %w", err)
	}
	d := &Door{cap: c, ids: map[box.Day][DoorSize]box.ID{}}
	for i := range d.indices {
		d.indices[i], index = index, index.Next()
	}
	return d, nil
}

// IDs are those of a day. They take 1 ms, and are remembered until Forget.
func (d *Door) IDs(n Network, day box.Day) [DoorSize]box.ID {
	ids, ok := d.ids[day]
	if !ok {
		for i, index := range d.indices {
			ids[i] = d.cap.ID(index, n.ID, day)
		}
		d.ids[day] = ids
	}
	return ids
}

// Forget drops the ids of days before one.
func (d *Door) Forget(before box.Day) {
	for day := range d.ids {
		if day < before {
			delete(d.ids, day)
		}
	}
}

// Find is which index a box is at; ok is false if it is none of the door's.
func (d *Door) Find(n Network, p Place) (i int, ok bool) {
	for i, id := range d.IDs(n, p.Day) {
		if id == p.ID {
			return i, true
		}
	}
	return 0, false
}

// Open is the record of the box at an index, or box.ErrTombstone.
func (d *Door) Open(n Network, day box.Day, i int, b box.Box) ([]byte, error) {
	return d.cap.Open(d.indices[i], n.ID, day, b)
}

// SealAt makes the box of an index of a door, for a day: the writer of a door does not move on.
func (w Writer) SealAt(n Network, day box.Day, i int, r box.Record) (Sealed, error) {
	for range i {
		_, index, err := w.open()
		if err != nil {
			return Sealed{}, err
		}
		w.Before = index.Next().Marshal()
	}
	all, err := w.Seal(n, day, r)
	if err != nil {
		return Sealed{}, err
	}
	return all[0], nil
}

// Beside seals the same record at the next index of a door, under the same day; ok is false behind
// its last one.
func (s Sealed) Beside(n Network) (next Sealed, ok bool, err error) {
	c, index, err := s.open()
	if err != nil || index.Number()-c.Start().Number() >= DoorSize {
		return s, false, err
	}
	index = index.Next()
	s.Index = index.Marshal()
	s.seal(c, index, n, s.Day)
	return s, true, nil
}
