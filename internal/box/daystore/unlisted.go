package daystore

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/dgraph-io/badger/v4"

	"murmuration/internal/box"
	"murmuration/internal/box/dayform"
)

// unlisted are the boxes of a day that are still to be listed, by name; the same names are on the
// disk. The committer changes it, everybody may read it.
type unlisted struct {
	mu    sync.Mutex // guards boxes
	boxes map[string]waiting
}

// waiting is a box that is to be listed, and when it came.
type waiting struct {
	id box.ID
	at box.Place
}

// list is a change of what is to be listed.
type list struct {
	name string
	box  waiting
	gone bool
}

func (u *unlisted) apply(changes []list) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, c := range changes {
		if c.gone {
			delete(u.boxes, c.name)
		} else {
			u.boxes[c.name] = c.box
		}
	}
}

func (u *unlisted) len() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.boxes)
}

// sorted are the boxes by arrival.
func (u *unlisted) sorted() []waiting {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.SortedFunc(maps.Values(u.boxes), func(a, b waiting) int {
		return cmp.Or(cmp.Compare(a.at.Commit, b.at.Commit), cmp.Compare(a.at.Index, b.at.Index))
	})
}

// list puts a box on the list of what is to be listed.
func (b *batch) list(name []byte, id box.ID) {
	at := b.place()
	b.set(dayform.UnlistedKey(name), dayform.AppendPlace(nil, at))
	b.lists = append(b.lists, list{name: string(name), box: waiting{id, at}})
}

// unlist takes a box from it.
func (b *batch) unlist(name []byte) {
	b.remove(dayform.UnlistedKey(name))
	b.lists = append(b.lists, list{name: string(name), gone: true})
}

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
		names = append(names, d.form.Name(id[:]))
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

// readUnlisted reads from the disk which boxes are to be listed. One that does not open is passed
// over: nobody could fetch it.
func (d *dayDB) readUnlisted() error {
	return d.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{dayform.UnlistedPrefix}})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			name := it.Item().KeyCopy(nil)[1:]
			at, err := it.Item().ValueCopy(nil)
			var b *box.Box
			if err == nil {
				b, err = d.load(txn, name)
			}
			if err == nil && (b == nil || len(at) != dayform.PlaceSize) {
				err = errDamaged
			}
			switch {
			case errors.Is(err, errDamaged):
				d.complain("a box that is to be listed is passed over", err)
			case err != nil:
				return fmt.Errorf("reading what day %d is to list: %w", d.day, err)
			default:
				d.unlisted.boxes[string(name)] = waiting{b.ID, dayform.ParsePlace(at)}
			}
		}
		return nil
	})
}

// loadUnlisted takes over what a process before left to be listed, but for what a bulletin lists
// already: a crash may come between a bulletin and the lists of other days.
func (s *Store) loadUnlisted() error {
	for _, d := range s.days {
		if err := d.readUnlisted(); err != nil {
			return err
		}
		if err := s.sweepListed(d); err != nil {
			return err
		}
	}
	return nil
}

// sweepListed takes from a day's list what is in bulletins of this day or a later one. Nobody uses
// the store yet.
func (s *Store) sweepListed(d *dayDB) error {
	var gone []list
	for _, later := range s.days {
		if d.unlisted.len() == 0 || later.day < d.day {
			continue
		}
		err := later.eachBulletin(func(b dayform.Bulletin) {
			for _, l := range b.Listed {
				name := string(d.form.Name(l.ID[:]))
				if _, waits := d.unlisted.boxes[name]; waits && l.Day == d.day {
					gone = append(gone, list{name: name, gone: true})
				}
			}
		})
		if err != nil {
			return err
		}
	}
	d.unlisted.apply(gone)
	writes := d.db.NewWriteBatch()
	defer writes.Cancel()
	for _, l := range gone {
		if err := writes.Delete(dayform.UnlistedKey([]byte(l.name))); err != nil {
			return err
		}
	}
	return writes.Flush()
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
		for _, w := range d.unlisted.sorted() {
			found = append(found, box.Listing{Day: d.day, ID: w.id})
		}
	}
	return found, nil
}

// Waiting implements box.Lister.
func (s *Store) Waiting() (n int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, d := range s.days {
		n += d.unlisted.len()
	}
	return n
}
