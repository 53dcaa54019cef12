package outbox

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/fault"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Faults of taking something back.
var (
	errNone = fault.New(
		fault.NotFound, "nothing of this name is in the outbox",
		"`murmur outbox list` shows what is, with names and numbers.",
	)
	errHanded = fault.New(
		fault.User, "it has been handed over, and cannot be taken back",
		"Others may have it by now. `murmur delete` asks those who read it to forget it.",
	)
	ErrFast = fault.New(
		fault.User, "this cannot be taken back, though it is here yet",
		"It is part of a conversation, whose keys go on with it. When it has gone, `murmur "+
			"delete` asks the other side to erase it.",
	)
)

// Canceller is an author whose drafts can be taken back.
type Canceller interface {
	// Cancel forgets, in the transaction that takes an entry back, what it said, and gives the
	// record that goes in the place of each of its boxes: one that its readers pass over.
	Cancel(tx *store.Tx, now time.Time, entry string) (nothing []byte, err error)
}

// noteGiven has the disk know that something of an entry may be in a packet from now on. On a full
// one nobody learns it: see late.
func (o *Outbox) noteGiven(w *waiting) error {
	e := o.entries[w.entry]
	if e == nil || e.Given || e.Hidden {
		return nil
	}
	next := *e
	next.Given = true
	err := o.cfg.Store.Update(next.put)
	if err != nil && !errors.Is(err, store.ErrFull) {
		return fmt.Errorf("noting what is handed over: %w", err)
	}
	if err == nil {
		*e = next
	}
	return nil
}

// Find is the entry of a number, or of a name.
func (o *Outbox) Find(name string) (Entry, error) {
	o.noteHanded()
	for _, e := range o.entries {
		if !e.Hidden && (e.Name == name || fmt.Sprint(e.Number) == name) {
			return o.show(*e), nil
		}
	}
	return Entry{}, errNone.With("%q", name)
}

// Cancel takes an entry back of which nothing was handed over. Its boxes go all the same, and say
// nothing: readers find the places after them.
func (o *Outbox) Cancel(now time.Time, name string) error {
	shown, err := o.Find(name)
	if err != nil || shown.State == Cancelled {
		return err
	}
	e := *o.entries[shown.Name]
	author, ok := o.authors[e.Author].(Canceller)
	switch {
	case !ok:
		return ErrFast.With("%s", shown.What)
	case e.Done != 0 || e.Kept > 0 || e.earlier || o.withdraw(e.Name):
		return errHanded
	}
	e.Cancelled, e.Given = now.UnixMilli(), false
	err = o.cfg.Store.Update(func(tx *store.Tx) error {
		nothing, err := author.Cancel(tx, now, e.Name)
		errs := []error{err, e.put(tx)}
		for _, w := range o.waiting {
			if w.entry == e.Name && err == nil {
				errs = append(errs, o.hollow(tx, w, nothing))
			}
		}
		return errors.Join(errs...)
	})
	if err != nil {
		return fmt.Errorf("taking something back: %w", err)
	}
	o.remember(e)
	return nil
}

// withdraw takes the boxes of an entry back from the sender, and says whether it is too late.
// Supply gives them to it again, whatever they are by then.
func (o *Outbox) withdraw(name string) (late bool) {
	for _, w := range o.waiting {
		if w.entry != name {
			continue
		}
		if w.given {
			w.given = false
			w.handed = o.access.Cancel(w.number) || w.handed
		}
		late = late || w.handed || w.tries > 0 || w.settled()
	}
	return late
}

// hollow has a box say nothing, in its place and on its day.
func (o *Outbox) hollow(tx *store.Tx, w *waiting, nothing []byte) error {
	var b Box
	if err := tx.Get(bucketBoxes, nameOf(w.number), &b); err != nil {
		return err
	}
	before := b.Sealed.Hash()
	b.Sealed.Plaintext = bytes.TrimRight(nothing, "\x00")
	var err error
	if b.Sealed, err = b.Sealed.Again(o.network, b.Sealed.Day); err != nil {
		return err
	}
	return errors.Join(b.put(tx), putHollow(tx, b.Sealed, before))
}

// late is for a box that says nothing now, and of which a holder has, by its signature, what it
// said before: a full disk has forgotten that it was handed over. So nothing was taken back.
func (o *Outbox) late(w *waiting) error {
	e := *o.entries[w.entry]
	if e.Cancelled == 0 {
		o.lies++ // the box stands there as it is: that is no conflict
		return nil
	}
	e.Cancelled = 0
	if err := o.cfg.Store.Update(e.put); err != nil {
		return fmt.Errorf("noting what was handed over: %w", err)
	}
	o.remember(e)
	w.handed, w.stored = true, true
	o.access.Tell("what was taken back had been handed over before", errHanded.Hint())
	return nil
}

func putHollow(tx *store.Tx, s boxstream.Sealed, before [32]byte) error {
	return putID(tx, s.ID, written{s.Day, s.Hash(), &before})
}

func putID(tx *store.Tx, id box.ID, w written) error {
	return tx.Put(bucketWritten, fmt.Sprintf("%x", id[:]), w)
}
