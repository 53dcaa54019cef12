package outbox

import (
	"errors"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/store"
)

// Draft is boxes of one stream that are to be stored together: one entry of the outbox.
type Draft struct {
	Name   string // of the entry: what they are part of
	What   string // it is, for the person's eyes: "message"; empty: a post
	Says   string // its first words, for the person's eyes; may be empty
	Author string // whose stream it is, see Serve
	Stream string // the author's name for it
	Slow   bool   // all tries of its boxes travel longer
	Hidden bool   // the person did not write it, and does not see it
	Door   bool   // one box for a door: it takes the first index that nobody has written
	Boxes  []boxstream.Sealed
}

// Put has a draft wait as soon as the caller's transaction has succeeded; Supply gives its boxes to
// the sender.
func (o *Outbox) Put(tx *store.Tx, now time.Time, d Draft) error {
	if len(o.waiting)+len(d.Boxes) > maxBoxes {
		return ErrFull.With("%d boxes wait", len(o.waiting))
	}
	count, err := getCount(tx)
	if err != nil {
		return err
	}
	e := &entry{
		Number: count + 1, Name: d.Name, Says: d.Says, Author: d.Author, Boxes: len(d.Boxes),
		Queued: now.UnixMilli(), Hidden: d.Hidden, What: d.What, Slow: d.Slow,
	}
	s, err := o.streamOf(tx, now, d)
	if d.Door && err == nil {
		d.Boxes, err = o.beside(tx, d.Boxes[0])
	}
	errs := []error{err, e.put(tx), tx.Put(bucketCount, "", count+uint64(len(d.Boxes)))}
	var boxes []*waiting
	for i, sealed := range d.Boxes {
		b := Box{
			Number: count + uint64(i) + 1, Entry: d.Name, Stream: d.Stream, Slow: d.Slow,
			Sealed: sealed, Hidden: d.Hidden, Door: d.Door,
		}
		w, err := o.wait(b)
		errs = append(errs, err, b.put(tx), putWritten(tx, sealed))
		boxes = append(boxes, w)
	}
	tx.After(func() {
		o.entries[e.Name] = e
		o.insert(boxes...)
		if d.Door {
			o.lookDoors()
			return
		}
		if o.streams[s.Name] == nil { // another draft of the transaction may have brought it
			o.streams[s.Name] = s
		}
		o.look(o.streams[s.Name], now)
	})
	return errors.Join(errs...)
}

// streamOf is the stream of a draft, put down if it is a new one.
func (o *Outbox) streamOf(tx *store.Tx, now time.Time, d Draft) (*stream, error) {
	if s := o.streams[d.Stream]; s != nil || d.Door {
		return s, nil
	}
	known, err := tx.Has(bucketStreams, d.Stream)
	if err != nil || known { // by this transaction
		return &stream{Name: d.Stream}, err
	}
	r, err := d.Boxes[0].Reader(now)
	if err != nil {
		return nil, err
	}
	s := o.open(d.Stream, d.Author, r)
	return s, s.put(tx)
}

// getCount is how many boxes there ever were.
func getCount(tx *store.Tx) (count uint64, err error) {
	if err = tx.Get(bucketCount, "", &count); errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return count, err
}
