package outbox

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/fault"
	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Doors are written by all devices of a person. A conflict in one is no alarm: the box takes the
// next index.

// doors is the number under which the boxes for doors are looked out for; streams count from 1.
const doors = 0

// ErrDoor says that all indices of a door are taken on a day.
var ErrDoor = fault.New(
	fault.Quota, "a door is full today", "Nothing to do: it is tried again tomorrow.",
)

// beside is the one box of a draft for a door, where this home has written nothing.
func (o *Outbox) beside(tx *store.Tx, s boxstream.Sealed) ([]boxstream.Sealed, error) {
	s, err := o.firstFree(tx, s)
	return []boxstream.Sealed{s}, err
}

func (o *Outbox) firstFree(tx *store.Tx, s boxstream.Sealed) (boxstream.Sealed, error) {
	for {
		taken, err := tx.Has(bucketWritten, hex.EncodeToString(s.ID[:]))
		if err != nil || !taken {
			return s, err
		}
		next, ok, err := s.Beside(o.network)
		if err != nil {
			return s, err
		}
		if !ok {
			return s, ErrDoor
		}
		s = next
	}
}

// resealed notes that a box waits under another day.
func (o *Outbox) resealed(w *waiting, s boxstream.Sealed) error {
	if !w.door {
		o.streams[w.stream].changed = true
		return nil
	}
	index, err := s.Number()
	w.index = index
	o.lookDoors()
	return err
}

// lookDoors has the boxes for doors looked out for that wait.
func (o *Outbox) lookDoors() {
	var ids []person.ID
	for _, w := range o.waiting {
		if !w.door {
			continue
		}
		ids = append(ids, person.ID{Day: w.sealing.day, ID: w.sealing.id})
		if w.before.id != (box.ID{}) {
			ids = append(ids, person.ID{Day: w.before.day, ID: w.before.id})
		}
	}
	o.access.Want(doors, ids, true)
}

// foundInDoor takes the box of an index for which one waits: it is listed and kept, or another
// device was before.
func (o *Outbox) foundInDoor(now time.Time, a person.Answer) error {
	mine, err := o.wrote(a.Reply.Box)
	if err != nil {
		return err
	}
	for _, w := range o.waiting {
		sealed := w.by(a.ID)
		if !w.door || sealed == nil {
			continue
		}
		if mine {
			return o.finish(w, now)
		}
		if sealed == &w.sealing {
			return o.shift(w)
		}
	}
	return nil
}

// shift has a box for a door take the next index, or gives it up for the day: whoever writes doors
// writes what was not read again.
func (o *Outbox) shift(w *waiting) error {
	var next boxstream.Sealed
	full := false
	err := o.cfg.Store.Update(func(tx *store.Tx) error {
		var b Box
		if err := tx.Get(bucketBoxes, nameOf(w.number), &b); err != nil {
			return err
		}
		s, ok, err := b.Sealed.Beside(o.network)
		if ok && err == nil {
			s, err = o.firstFree(tx, s)
		}
		if full = !ok || errors.Is(err, ErrDoor); full {
			return nil
		}
		next, b.Sealed, b.Listed = s, s, nil
		return errors.Join(err, b.put(tx), putWritten(tx, s))
	})
	if err != nil {
		return fmt.Errorf("taking another index of a door: %w", err)
	}
	if full {
		return o.dropFull(w)
	}
	if w.given {
		w.given = false
		o.access.Cancel(w.number)
	}
	w.before, w.sealing = w.sealing, sealing{day: next.Day, id: next.ID}
	w.before.listed = nil
	return o.resealed(w, next)
}

// dropFull drops a box for which a door has no index left on the day.
func (o *Outbox) dropFull(w *waiting) error {
	e := *o.entries[w.entry]
	err := o.cfg.Store.Update(func(tx *store.Tx) error {
		return errors.Join(tx.Delete(bucketBoxes, nameOf(w.number)),
			tx.Delete(bucketEntries, nameOf(e.Number)))
	})
	if err != nil {
		return fmt.Errorf("dropping a box for a full door: %w", err)
	}
	if w.given {
		w.given = false
		o.access.Cancel(w.number)
	}
	delete(o.entries, w.entry)
	o.drop(func(other *waiting) bool { return other == w })
	o.lookDoors()
	return nil
}

// leave drops boxes that their author says anew, and their entries.
func (o *Outbox) leave(tx *store.Tx, boxes []Box) (entries []string, err error) {
	for _, b := range boxes {
		err = errors.Join(err, tx.Delete(bucketBoxes, nameOf(b.Number)),
			tx.Delete(bucketSent, nameOf(b.Number)))
		if e := o.entries[b.Entry]; e != nil {
			entries = append(entries, e.Name)
			err = errors.Join(err, tx.Delete(bucketEntries, nameOf(e.Number)))
		}
	}
	return entries, err
}

// leaveStreams looks no more after the streams that their authors have left, once nothing of them
// waits: a device goes on in another stream each month.
func (o *Outbox) leaveStreams() error {
	var left []*stream
	err := o.cfg.Store.View(func(tx *store.Tx) error {
		for _, s := range o.streams {
			name := "" // nobody goes on with a stream that has no author
			if author := o.authors[s.Author]; author != nil {
				var err error
				if name, _, err = author.Stream(tx); err != nil {
					return err
				}
			}
			if name != s.Name && !o.waits(s.Name) {
				left = append(left, s)
			}
		}
		return nil
	})
	if err != nil || len(left) == 0 {
		return err
	}
	err = o.cfg.Store.Update(func(tx *store.Tx) (err error) {
		for _, s := range left {
			err = errors.Join(err, tx.Delete(bucketStreams, s.Name))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("leaving streams: %w", err)
	}
	for _, s := range left {
		o.access.Unwant(s.Number)
		delete(o.streams, s.Name)
	}
	return nil
}

func (o *Outbox) waits(stream string) bool {
	for _, w := range o.waiting {
		if w.stream == stream {
			return true
		}
	}
	return false
}
