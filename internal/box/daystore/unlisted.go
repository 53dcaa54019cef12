package daystore

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"

	"murmuration/internal/box"
)

// unlisted has the names of the boxes of a day that are still to be listed; the same names are on
// the disk. The committer changes it, everybody may count it.
type unlisted struct {
	names map[string]bool
	n     atomic.Int64
}

// list is a change of what is to be listed.
type list struct {
	name string
	gone bool
}

func (u *unlisted) apply(changes []list) {
	for _, c := range changes {
		if c.gone {
			delete(u.names, c.name)
		} else {
			u.names[c.name] = true
		}
	}
	u.n.Store(int64(len(u.names)))
}

// list puts a box on the list of what is to be listed.
func (b *batch) list(name []byte) {
	at := b.place()
	b.set(unlistedKey(name), appendPlace(nil, at))
	b.lists = append(b.lists, list{string(name), false})
}

// unlist takes a box from it.
func (b *batch) unlist(name []byte) {
	b.remove(unlistedKey(name))
	b.lists = append(b.lists, list{string(name), true})
}

func unlistedKey(name []byte) []byte { return append([]byte{unlistedPrefix}, name...) }

// unlist is that boxes of a day were listed in a slot of another day, as a change.
type unlist struct {
	ids   []box.ID
	names [][]byte
}

func (u *unlist) recycle() {}

func (u *unlist) seal(d *dayDB) {
	if u.names == nil {
		u.names = d.namesOf(u.ids)
	}
}

func (d *dayDB) namesOf(ids []box.ID) (names [][]byte) {
	for _, id := range ids {
		names = append(names, d.nameOf(id[:]))
	}
	return names
}

func (u *unlist) settle(b *batch, r *request) {
	if b.room == box.NoRoom {
		r.outcome.Status = box.StatusFull
		return
	}
	r.outcome.Status = box.StatusStored
	for _, name := range u.names {
		b.unlist(name)
	}
}

// waiting is a box that is to be listed, and when it came.
type waiting struct {
	name []byte
	at   box.Place
}

// readUnlisted reads from the disk which boxes are to be listed, by arrival.
func (d *dayDB) readUnlisted(txn *badger.Txn) (found []waiting, err error) {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{unlistedPrefix}})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		v, err := it.Item().ValueCopy(nil)
		if err != nil {
			return nil, fmt.Errorf("reading what day %d is to list: %w", d.day, err)
		}
		if len(v) != 12 {
			return nil, fmt.Errorf("reading what day %d is to list: %w", d.day, errDamaged)
		}
		found = append(found, waiting{it.Item().KeyCopy(nil)[1:],
			box.Place{Commit: binary.BigEndian.Uint64(v), Index: binary.BigEndian.Uint32(v[8:])}})
	}
	slices.SortFunc(found, func(a, b waiting) int {
		return cmp.Or(cmp.Compare(a.at.Commit, b.at.Commit), cmp.Compare(a.at.Index, b.at.Index))
	})
	return found, nil
}

// loadUnlisted takes over what a process before left to be listed, but for what a bulletin lists
// already: a crash may come between a bulletin and the lists of other days.
func (s *Store) loadUnlisted() error {
	for _, d := range s.days {
		err := d.db.View(func(txn *badger.Txn) error {
			left, err := d.readUnlisted(txn)
			for _, w := range left {
				d.unlisted.names[string(w.name)] = true
			}
			return err
		})
		if err == nil {
			err = s.sweepListed(d)
		}
		if err != nil {
			return err
		}
		d.unlisted.apply(nil)
	}
	return nil
}

// sweepListed takes from a day's list what is in bulletins of this day or a later one.
func (s *Store) sweepListed(d *dayDB) error {
	var gone []list
	for _, later := range s.days {
		if len(d.unlisted.names) == 0 || later.day < d.day {
			continue
		}
		err := later.eachBulletin(func(_ box.Slot, b bulletin) {
			for _, l := range b.listed {
				name := string(d.nameOf(l.ID[:]))
				if l.Day == d.day && d.unlisted.names[name] {
					gone = append(gone, list{name, true})
				}
			}
		})
		if err != nil {
			return err
		}
	}
	if len(gone) == 0 {
		return nil
	}
	d.unlisted.apply(gone)
	return d.db.Update(func(txn *badger.Txn) (err error) {
		for _, l := range gone {
			err = errors.Join(err, txn.Delete(unlistedKey([]byte(l.name))))
		}
		return err
	})
}

// Unlisted implements box.Lister.
func (s *Store) Unlisted() ([]box.Listing, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, box.ErrClosed
	}
	var found []box.Listing
	for _, d := range s.sorted() {
		err := d.db.View(func(txn *badger.Txn) error {
			left, err := d.readUnlisted(txn)
			if err != nil {
				return err
			}
			for _, w := range left {
				b, err := d.load(txn, w.name)
				if err == nil && b == nil {
					err = errDamaged
				}
				if errors.Is(err, errDamaged) { // one bad box must not keep the others back
					d.complain("a box that is to be listed is passed over", err)
					continue
				}
				if err != nil {
					return err
				}
				found = append(found, box.Listing{Day: d.day, ID: b.ID})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Waiting implements box.Lister.
func (s *Store) Waiting() (n int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, d := range s.days {
		n += int(d.unlisted.n.Load())
	}
	return n
}
