package outbox

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Answered takes what a holder says to a write.
func (o *Outbox) Answered(now time.Time, a person.Answer) error {
	w := o.find(a.Number)
	if w == nil || a.Kind == person.Polled {
		return nil
	}
	if a.Kind == person.Lost {
		w.given = false
		return nil
	}
	w.handed = true // whoever answers had it in a packet
	switch a.Reply.Status {
	case box.StatusStored, box.StatusTombstoned:
		return o.finish(w, now)
	case box.StatusConflict:
		return o.conflict(w, now)
	}
	w.given = false // no room, or not that holder's by its clock: again, at the other one
	w.refused++
	return nil
}

// finish takes a stored box off the outbox.
func (o *Outbox) finish(w *waiting, now time.Time) error {
	e := *o.entries[w.entry]
	e.Stored++
	if e.Stored == e.Boxes {
		e.Done = now.UnixMilli()
	}
	err := o.store.Update(func(tx *store.Tx) error {
		return errors.Join(tx.Delete(bucketBoxes, nameOf(w.number)), e.put(tx))
	})
	if err != nil {
		return fmt.Errorf("noting a stored box: %w", err)
	}
	*o.entries[w.entry] = e
	o.drop(func(other *waiting) bool { return other == w })
	return nil
}

// conflict means that other bytes stand in a box of ours: a copy of this home has written. What
// waits for the same stream is given up, and so is the rest of what the box was part of.
func (o *Outbox) conflict(w *waiting, now time.Time) error {
	o.access.Tell("conflict on an own box: a copy of this home is in use",
		"Use one copy of a home only; `murmur outbox` shows what was given up.")
	var lost []entry
	for _, name := range o.concerned(w) {
		e := *o.entries[name]
		e.Done = now.UnixMilli()
		lost = append(lost, e)
	}
	err := o.store.Update(func(tx *store.Tx) error {
		why, err := o.tell(tx, o.entries[w.entry].Author, now)
		for i := range lost {
			lost[i].Lost = why
		}
		return errors.Join(err, o.giveUp(tx, lost))
	})
	if err != nil {
		return fmt.Errorf("closing a stream: %w", err)
	}
	o.forget(lost)
	return nil
}

// concerned are the entries with a box of w's stream: w's own is one.
func (o *Outbox) concerned(w *waiting) (names []string) {
	for _, other := range o.waiting {
		if other.stream == w.stream && !slices.Contains(names, other.entry) {
			names = append(names, other.entry)
		}
	}
	return names
}

// tell lets the author of an entry know that a copy of this home writes to its streams.
func (o *Outbox) tell(tx *store.Tx, author string, now time.Time) (why string, err error) {
	if a, ok := o.authors[author]; ok {
		return a.Conflict(tx, now)
	}
	return "another copy of this home has written to the same boxes", nil
}

// giveUp takes whole entries off the outbox, in a transaction.
func (o *Outbox) giveUp(tx *store.Tx, lost []entry) error {
	var errs []error
	for _, e := range lost {
		errs = append(errs, e.put(tx))
		for _, w := range o.waiting {
			if w.entry == e.Name {
				errs = append(errs, tx.Delete(bucketBoxes, nameOf(w.number)))
			}
		}
	}
	return errors.Join(errs...)
}

// forget does the same in memory, after the transaction.
func (o *Outbox) forget(lost []entry) {
	for _, e := range lost {
		*o.entries[e.Name] = e
		o.drop(func(w *waiting) bool {
			if w.entry == e.Name {
				o.access.Cancel(w.number)
			}
			return w.entry == e.Name
		})
	}
}

// Turn gives up what could not be stored for as long as boxes are kept, takes back what has missed
// its day, so that it is sealed again, and forgets old entries.
func (o *Outbox) Turn(now time.Time) error {
	o.noteHanded()
	limit := now.AddDate(0, 0, -o.network.Calendar.Retention).UnixMilli()
	lost := map[string]entry{}
	for _, w := range o.waiting {
		e := *o.entries[w.entry]
		if e.Queued < limit {
			e.Done, e.Lost = now.UnixMilli(), "no holder could be reached for as long as boxes "+
				"are kept"
			lost[e.Name] = e
		} else if w.given && !o.network.Calendar.Writable(now, w.day) {
			w.given = false
			o.access.Cancel(w.number)
		}
	}
	return o.expire(slices.SortedFunc(maps.Values(lost), byNumber), o.finished(keptEntries))
}

func byNumber(a, b entry) int { return cmp.Compare(a.Number, b.Number) }

func (o *Outbox) expire(lost, old []entry) error {
	if len(lost)+len(old) == 0 {
		return nil
	}
	err := o.store.Update(func(tx *store.Tx) error {
		for _, e := range old {
			if err := tx.Delete(bucketEntries, nameOf(e.Number)); err != nil {
				return err
			}
		}
		return o.giveUp(tx, lost)
	})
	if err != nil {
		return fmt.Errorf("expiring the outbox: %w", err)
	}
	o.forget(lost)
	for _, e := range old {
		delete(o.entries, e.Name)
	}
	return nil
}

// finished are the entries that are done, beyond the newest `keep`.
func (o *Outbox) finished(keep int) []entry {
	var done []entry
	for _, e := range o.entries {
		if e.Done != 0 {
			done = append(done, *e)
		}
	}
	slices.SortFunc(done, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.Done, a.Done), byNumber(b, a))
	})
	return done[min(keep, len(done)):]
}
