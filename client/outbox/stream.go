package outbox

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// stream is one that an author writes. This home reads it as any other: whoever has a copy of the
// home writes to it as well, and that shows here.
type stream struct {
	Name   string           `cbor:"1,keyasint"`
	Author string           `cbor:"2,keyasint"`
	Number uint64           `cbor:"3,keyasint"` // under which its boxes are wanted
	Reader boxstream.Reader `cbor:"4,keyasint"`

	changed bool // what waits of it is sealed otherwise, since it was looked out for
}

func (s *stream) put(tx *store.Tx) error { return tx.Put(bucketStreams, s.Name, *s) }

// written is a box that this home sealed.
type written struct {
	Day  box.Day  `cbor:"1,keyasint"`
	Hash [32]byte `cbor:"2,keyasint"`
	// Before is what the box of this id was until its entry was cancelled.
	Before *[32]byte `cbor:"3,keyasint,omitempty"`
}

func putWritten(tx *store.Tx, s boxstream.Sealed) error {
	return putID(tx, s.ID, written{s.Day, s.Hash(), nil})
}

// wrote says whether this home sealed a box, byte for byte.
func (o *Outbox) wrote(b box.Box) (bool, error) {
	var w written
	err := o.cfg.Store.View(func(tx *store.Tx) error {
		return tx.Get(bucketWritten, hex.EncodeToString(b.ID[:]), &w)
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	hash := boxstream.Hash(b)
	return w.Hash == hash || w.Before != nil && *w.Before == hash, err
}

// open is a stream that is not known yet, to be put and then kept in mind.
func (o *Outbox) open(name, author string, r boxstream.Reader) *stream {
	for _, other := range o.streams {
		o.numbers = max(o.numbers, other.Number)
	}
	o.numbers++
	return &stream{Name: name, Author: author, Number: o.numbers, Reader: r}
}

// watch opens the streams that authors write already: a copy of this home may have written to one
// before it did.
func (o *Outbox) watch(now time.Time) error {
	var fresh []*stream
	err := o.cfg.Store.View(func(tx *store.Tx) error {
		for author, a := range o.authors {
			name, w, err := a.Stream(tx)
			if err != nil {
				return err
			}
			if name == "" || o.streams[name] != nil {
				continue
			}
			r, err := w.Reader(o.network.Calendar.Oldest(now), now)
			if err != nil {
				return err
			}
			fresh = append(fresh, o.open(name, author, r))
		}
		return nil
	})
	for _, s := range fresh {
		if err == nil {
			err = o.cfg.Store.Update(s.put)
		}
		if err == nil {
			o.streams[s.Name] = s
		}
	}
	if err != nil {
		return fmt.Errorf("looking after own streams: %w", err)
	}
	return nil
}

// follow looks after the own streams, as the clock asks for it.
func (o *Outbox) follow(now time.Time) error {
	if err := errors.Join(o.watch(now), o.leaveStreams()); err != nil {
		return err
	}
	for _, s := range o.streams {
		room := idsATurn
		if _, others := s.Reader.IDs(o.network, now, &room); others || s.changed {
			o.look(s, now)
		}
	}
	if err := o.closeDays(now); err != nil {
		return err
	}
	return o.sweep(now)
}

// look has the boxes of a stream looked out for: those that may come by its reader, and those that
// wait.
func (o *Outbox) look(s *stream, now time.Time) {
	s.changed = false
	room := idsATurn
	var ids []person.ID
	places, _ := s.Reader.IDs(o.network, now, &room)
	for _, p := range places {
		ids = append(ids, person.ID(p))
	}
	for _, w := range o.waiting {
		if w.stream != s.Name {
			continue
		}
		for _, sealed := range []sealing{w.sealing, w.before} {
			if sealed.id != (box.ID{}) {
				ids = append(ids, person.ID{Day: sealed.day, ID: sealed.id})
			}
		}
	}
	o.access.Want(s.Number, ids, true)
}

// closeDays lets readers of own streams give up the days of which nothing new comes.
func (o *Outbox) closeDays(now time.Time) error {
	for _, s := range o.streams {
		whole := o.access.Whole()
		if !o.access.Looked(s.Number) {
			whole = 0
		}
		after, changed := s.Reader.Close(o.network, now, whole)
		if !changed {
			continue
		}
		next := *s
		next.Reader = after
		if err := o.cfg.Store.Update(next.put); err != nil {
			return fmt.Errorf("noting the position in an own stream: %w", err)
		}
		*s = next
	}
	return nil
}

func (o *Outbox) byNumber(number uint64) *stream {
	for _, s := range o.streams {
		if s.Number == number {
			return s
		}
	}
	return nil
}

// found takes a box of an own stream: a holder has it, or somebody else wrote it.
func (o *Outbox) found(s *stream, now time.Time, a person.Answer) error {
	mine, err := o.wrote(a.Reply.Box)
	if err != nil {
		return err
	}
	number, ok := s.Reader.Number(boxstream.Place{Day: a.Day, ID: a.ID})
	for _, w := range o.waiting {
		if sealed := w.by(a.ID); sealed != nil && w.stream == s.Name {
			number, ok = w.index, true
			sealed.stored = sealed.stored || mine
		}
	}
	switch {
	case !ok:
		return nil
	case !mine && !a.Reply.Box.Tombstone(): // that would say nothing in anybody's name
		return o.begin(s, now, number)
	}
	next := *s
	next.Reader = s.Reader.Found(now, number, a.Day)
	if err := o.cfg.Store.Update(next.put); err != nil {
		return fmt.Errorf("noting the position in an own stream: %w", err)
	}
	*s = next
	o.look(s, now)
	return nil
}

// begin is for a stream of which another copy of this home has written the box of an index: the
// author begins another one, and what this home wrote there from that index on goes into it, in its
// order.
func (o *Outbox) begin(s *stream, now time.Time, from uint64) error {
	author := o.authors[s.Author]
	if author == nil {
		return nil
	}
	var r renewal
	err := o.cfg.Store.Update(func(tx *store.Tx) (err error) {
		r, err = o.renew(tx, s, now, from)
		for _, do := range o.copied {
			err = errors.Join(err, do(tx))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("beginning another stream: %w", err)
	}
	o.access.Tell("another copy of this home writes to its streams, or this home is an old copy",
		"Use one copy of a home only. Readers of your feed find it by themselves.")
	o.access.Unwant(s.Number)
	delete(o.streams, s.Name)
	o.streams[r.stream.Name] = r.stream
	o.drop(func(w *waiting) bool {
		if w.stream == s.Name {
			o.access.Cancel(w.number)
		}
		return w.stream == s.Name
	})
	for _, name := range r.gone {
		delete(o.entries, name)
	}
	for _, e := range r.entries {
		o.entries[e.Name] = e
	}
	o.insert(r.boxes...)
	o.look(r.stream, now)
	return nil
}

// renewal is what a transaction of renew has put on the disk.
type renewal struct {
	stream  *stream
	boxes   []*waiting
	entries []*entry
	gone    []string // entries that the author says anew
}

func (o *Outbox) renew(tx *store.Tx, s *stream, now time.Time, from uint64) (r renewal, err error) {
	boxes, err := o.since(tx, s, from)
	if err != nil {
		return r, err
	}
	var plaintexts [][]byte
	for _, b := range boxes {
		plaintexts = append(plaintexts, b.Sealed.Plaintext)
	}
	author := o.authors[s.Author]
	name, sealed, err := author.Renew(tx, now, o.network.Today(now), plaintexts)
	if err != nil {
		return r, err
	}
	if len(sealed) == 0 {
		if r.gone, err = o.leave(tx, boxes); err != nil {
			return r, err
		}
		boxes = nil
	}
	_, w, err := author.Stream(tx)
	if err != nil {
		return r, err
	}
	reader, err := w.Reader(o.network.Today(now), now)
	if len(sealed) > 0 && err == nil {
		reader, err = sealed[0].Reader(now)
	}
	r.stream = o.open(name, s.Author, reader)
	errs := []error{err, r.stream.put(tx), tx.Delete(bucketStreams, s.Name)}
	for i, b := range boxes {
		if b.Sealed.Ciphertext == nil { // it was kept
			errs = append(
				errs, tx.Delete(bucketSent, nameOf(b.Number)), o.reopen(tx, &r, s, now, b),
			)
		}
		b.Sealed, b.Stream, b.Listed = sealed[i], name, nil
		waits, err := o.wait(b)
		r.boxes = append(r.boxes, waits)
		errs = append(errs, err, b.put(tx), putWritten(tx, b.Sealed))
	}
	return r, errors.Join(errs...)
}

// since is what this home wrote to a stream and has to write again: all that waits, and what is
// kept at an index or after it; in order.
func (o *Outbox) since(tx *store.Tx, s *stream, from uint64) (boxes []Box, err error) {
	take := func(all bool) func(string, Box) error {
		return func(_ string, b Box) error {
			index, err := b.Sealed.Number()
			if b.Stream == s.Name && (all || index >= from) {
				boxes = append(boxes, b)
			}
			return err
		}
	}
	err = errors.Join(
		store.Each(tx, bucketSent, take(false)), store.Each(tx, bucketBoxes, take(true)),
	)
	slices.SortFunc(boxes, func(a, b Box) int { return int(a.Number) - int(b.Number) })
	return boxes, err
}

// reopen takes a kept box back into its entry, which may be forgotten by now.
func (o *Outbox) reopen(tx *store.Tx, r *renewal, s *stream, now time.Time, b Box) error {
	i := slices.IndexFunc(r.entries, func(e *entry) bool { return e.Name == b.Entry })
	if i < 0 {
		e := entry{Number: b.Number, Name: b.Entry, Author: s.Author, Hidden: b.Hidden}
		if known := o.entries[b.Entry]; known != nil {
			e = *known
		}
		e.Queued, e.Done = now.UnixMilli(), 0
		r.entries = append(r.entries, &e)
		i = len(r.entries) - 1
	}
	e := r.entries[i]
	if e.Kept--; e.Kept < 0 {
		e.Kept, e.Boxes = 0, e.Boxes+1
	}
	return e.put(tx)
}
