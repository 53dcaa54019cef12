package outbox

import (
	"errors"
	"fmt"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Answered takes what a holder says to a write, and what came of the own streams.
func (o *Outbox) Answered(now time.Time, a person.Answer) error {
	switch a.Kind {
	case person.Done, person.Lost:
		if w := o.find(a.Number); w != nil {
			return o.answered(w, now, a)
		}
	case person.Listed:
		return o.listed(now, a)
	case person.Found:
		if a.Number == doors {
			return o.foundInDoor(now, a)
		}
		if s := o.byNumber(a.Number); s != nil {
			return o.found(s, now, a)
		}
	}
	return nil
}

// answered takes the answer to a write. It comes from one holder, who may say what they like: it
// has the box written again, sooner or later, and what changes more is proved by a signature.
func (o *Outbox) answered(w *waiting, now time.Time, a person.Answer) error {
	if !w.given {
		return nil
	}
	w.given = false
	if a.Kind == person.Lost {
		return nil
	}
	w.handed = true // whoever answers had it in a packet
	w.tries++
	w.again = now.Add(o.pause(w))
	switch a.Reply.Status {
	case box.StatusStored:
		w.stored = true
		if w.held.After(now) {
			w.again = w.again.Add(w.held.Sub(now))
		}
		w.again = w.again.Add(o.cfg.Pace.Listing)
		return nil
	case box.StatusConflict, box.StatusTombstoned:
		return o.conflict(w, now, a.Reply.Box)
	case box.StatusNotFound, box.StatusFull, box.StatusUnpaid:
		return nil // no room, not that holder's by its clock, or no token that it takes
	}
	o.lies++ // that is no answer to a write
	return nil
}

// conflict is about a box of ours in which other bytes are said to stand. Who says so must show
// them, signed with the key that only copies of this home have.
func (o *Outbox) conflict(w *waiting, now time.Time, other box.Box) error {
	mine, err := o.wrote(other)
	if err != nil {
		return err
	}
	s := o.streams[w.stream]
	if other.ID != w.id || other.Verify() != nil || s == nil && !w.door {
		o.lies++
		return nil
	}
	if mine {
		return o.late(w)
	}
	if w.door {
		return o.shift(w)
	}
	return o.begin(s, now, w.index)
}

// listed takes the word of a holder's bulletin, which others have as well.
func (o *Outbox) listed(now time.Time, a person.Answer) error {
	if s := o.byNumber(a.Number); s != nil {
		s.Reader.Listed(boxstream.Place{Day: a.Day, ID: a.ID})
	}
	for _, w := range o.waiting {
		sealed := w.by(a.ID)
		if w.door { // another device may have written the box: it must be seen
			continue
		}
		if sealed == nil || !sealed.list(box.Holder(a.Holder)) {
			continue
		}
		if len(sealed.listed) >= a.Holders {
			err := o.finish(w, now)
			if err != nil {
				sealed.listed = sealed.listed[:len(sealed.listed)-1]
			}
			return err
		}
		if sealed == &w.sealing {
			return o.note(w)
		}
	}
	return nil
}

// note keeps who has listed a box so far.
func (o *Outbox) note(w *waiting) error {
	err := o.cfg.Store.Update(func(tx *store.Tx) error {
		var b Box
		if err := tx.Get(bucketBoxes, nameOf(w.number), &b); err != nil {
			return err
		}
		b.Listed = w.listed
		return b.put(tx)
	})
	if err != nil {
		return fmt.Errorf("noting a listed box: %w", err)
	}
	return nil
}

// finish takes a kept box off the outbox. What it said stays for as long as boxes are kept.
func (o *Outbox) finish(w *waiting, now time.Time) error {
	e := *o.entries[w.entry]
	e.Kept++
	if e.Kept == e.Boxes {
		e.Done = now.UnixMilli()
	}
	err := o.cfg.Store.Update(func(tx *store.Tx) error {
		var b Box
		if err := tx.Get(bucketBoxes, nameOf(w.number), &b); err != nil {
			return err
		}
		b.Sealed.Ciphertext, b.Sealed.Signature, b.Listed = nil, box.Signature{}, nil
		return errors.Join(
			tx.Put(bucketSent, nameOf(w.number), b), tx.Delete(bucketBoxes, nameOf(w.number)),
			e.keep(tx),
		)
	})
	if err != nil {
		return fmt.Errorf("noting a kept box: %w", err)
	}
	o.remember(e)
	o.access.Cancel(w.number)
	o.drop(func(other *waiting) bool { return other == w })
	return nil
}

// remember is keep in memory.
func (o *Outbox) remember(e entry) {
	if e.hides() {
		delete(o.entries, e.Name)
		return
	}
	o.entries[e.Name] = &e
	if e.Done != 0 && !e.Hidden && e.Cancelled == 0 {
		o.access.Show(person.Event{Kind: person.EventOutbox, ID: e.Name, Text: e.outcome()})
	}
}

// outcome is what became of an entry that is done, in a line.
func (e entry) outcome() string {
	what := "kept"
	if e.Lost != "" {
		what = "expired: " + e.Lost
	}
	if e.Says == "" {
		return what
	}
	return what + ": " + e.Says
}

// Turn gives up what could not be kept for as long as boxes are, has what has missed its day sealed
// again, looks after the own streams, and forgets what is old.
func (o *Outbox) Turn(now time.Time) error {
	o.noteHanded()
	limit := now.AddDate(0, 0, -o.network.Calendar.Retention).UnixMilli()
	lost := map[string]entry{}
	for _, w := range o.waiting {
		e := *o.entries[w.entry]
		if e.Queued < limit {
			e.Done = now.UnixMilli()
			e.Lost = "its holders could not be reached for as long as boxes are kept"
			lost[e.Name] = e
		} else if w.over(o.network, now) {
			o.recall(w)
		}
	}
	if err := o.expire(lost, o.finished(keptEntries)); err != nil {
		return err
	}
	return o.follow(now)
}

// recall takes a box back that is to be sealed again.
func (o *Outbox) recall(w *waiting) {
	if w.given {
		w.given = false
		o.access.Cancel(w.number)
	}
	w.stored, w.again = false, time.Time{}
}

// sweep forgets, once a day, what was written and is not kept by anybody any more.
func (o *Outbox) sweep(now time.Time) error {
	oldest := o.network.Calendar.Oldest(now)
	if oldest == o.swept {
		return nil
	}
	err := o.cfg.Store.Update(func(tx *store.Tx) error {
		return errors.Join(
			store.Each(tx, bucketWritten, func(name string, w written) error {
				if w.Day < oldest {
					return tx.Delete(bucketWritten, name)
				}
				return nil
			}),
			store.Each(tx, bucketSent, func(name string, b Box) error {
				if b.Sealed.Day < oldest {
					return tx.Delete(bucketSent, name)
				}
				return nil
			}),
		)
	})
	if err != nil {
		return fmt.Errorf("forgetting old boxes: %w", err)
	}
	o.swept = oldest
	return nil
}
