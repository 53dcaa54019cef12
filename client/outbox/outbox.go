// Package outbox is the writes that wait until a holder has stored them, and what a person may be
// told about them: a box is stored when its holder says so, and not before.
//
// A box waits on the disk with its record beside it, so that it can be sealed again under another
// day without whatever it came from. Boxes of a stream that is written in order go one at a time:
// its reader looks for a box on the day of the one before it at the earliest.
//
// It is pure, and a person's Part. It must not know what a box says; whoever put it there is told
// when another copy of the home has written to the same stream.
package outbox

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/fault"
	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Implementation constants.
const (
	maxBoxes    = 8192 // that wait: some 70 MiB of ciphertext
	keptEntries = 200  // finished ones
)

// The buckets of an outbox.
const (
	bucketBoxes   = "boxes"   // Box, by number
	bucketEntries = "entries" // entry, by the number of its first box
	bucketCount   = "outbox"  // how many boxes there ever were
)

// errFull says that no more boxes may wait.
var errFull = fault.New(
	fault.Quota, "too much waits in the outbox",
	"Wait until some of it is stored: `murmur outbox` shows what.",
)

// Author is whose drafts wait. It is told that a copy of this home has written to the same streams,
// within the transaction that gives the drafts up, and says what a person should know.
type Author interface {
	Conflict(tx *store.Tx, now time.Time) (why string, err error)
}

// Box is one box that waits. It is sealed once for its day, and only these bytes are sent, however
// often.
type Box struct {
	Number  uint64           `cbor:"1,keyasint"`
	Entry   string           `cbor:"2,keyasint"`
	Stream  string           `cbor:"3,keyasint"`
	InOrder bool             `cbor:"4,keyasint"`
	Sealed  boxstream.Sealed `cbor:"5,keyasint"`
}

func nameOf(number uint64) string { return fmt.Sprintf("%020d", number) }

func (b Box) put(tx *store.Tx) error { return tx.Put(bucketBoxes, nameOf(b.Number), b) }

func (b Box) waiting() *waiting {
	return &waiting{
		number: b.Number, entry: b.Entry, stream: b.Stream, inOrder: b.InOrder, day: b.Sealed.Day,
	}
}

// waiting is what is known in memory about a box; its bytes stay on the disk until it is sent.
type waiting struct {
	number  uint64
	entry   string
	stream  string
	inOrder bool
	day     box.Day
	given   bool // to the sender
	handed  bool // in a packet already
	refused int  // times that a holder did not take it
}

// Outbox is what waits, in order, and the entries that a person sees.
type Outbox struct {
	store   *store.Store
	access  *person.Access
	network boxstream.Network
	authors map[string]Author // by the name that drafts call them
	waiting []*waiting
	entries map[string]*entry
	count   uint64 // of boxes ever
}

// New is the outbox of a person.
func New(p *person.Person, s *store.Store, n boxstream.Network) *Outbox {
	o := &Outbox{store: s, network: n, authors: map[string]Author{}, entries: map[string]*entry{}}
	o.access = p.Join(o)
	return o
}

// Serve says who the author is that drafts call by a name.
func (o *Outbox) Serve(name string, a Author) { o.authors[name] = a }

// Load takes up what waits.
func (o *Outbox) Load(tx *store.Tx) error {
	err := tx.Get(bucketCount, "", &o.count)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	err = store.Each(tx, bucketEntries, func(_ string, e entry) error {
		o.entries[e.Name] = &e
		return nil
	})
	if err != nil {
		return err
	}
	return store.Each(tx, bucketBoxes, func(_ string, b Box) error {
		o.waiting = append(o.waiting, b.waiting())
		return nil
	})
}

// Waiting is how many boxes wait.
func (o *Outbox) Waiting() int { return len(o.waiting) }

// next is the first box that may be given to the sender.
func (o *Outbox) next() *waiting {
	busy := map[string]bool{}
	for _, w := range o.waiting {
		if w.given {
			busy[w.stream] = true
		} else if !w.inOrder || !busy[w.stream] {
			return w
		}
	}
	return nil
}

// Supply gives boxes to the sender until it is full.
func (o *Outbox) Supply(now time.Time) error {
	for w := o.next(); w != nil; w = o.next() {
		b, err := o.current(w, now)
		if err != nil {
			return err
		}
		r := person.Request{Op: box.OpWrite, Day: b.Sealed.Day, Box: b.Sealed.Box(), Try: w.refused}
		err = o.access.Enqueue(now, w.number, r)
		if errors.Is(err, person.ErrLater) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("handing a box to the sender: %w", err)
		}
		w.given = true
	}
	return nil
}

// current is the box, sealed for a day on which holders take it: the same record at the same index
// under today, if it was not stored in time.
func (o *Outbox) current(w *waiting, now time.Time) (b Box, err error) {
	err = o.store.View(
		func(tx *store.Tx) error { return tx.Get(bucketBoxes, nameOf(w.number), &b) },
	)
	if err == nil && !o.network.Calendar.Writable(now, b.Sealed.Day) {
		if b.Sealed, err = b.Sealed.Again(o.network, o.network.Today(now)); err == nil {
			err = o.store.Update(b.put)
		}
	}
	if err != nil {
		return Box{}, fmt.Errorf("taking a box from the outbox: %w", err)
	}
	w.day = b.Sealed.Day
	return b, nil
}

func (o *Outbox) find(number uint64) *waiting {
	i := slices.IndexFunc(o.waiting, func(w *waiting) bool { return w.number == number })
	if i < 0 {
		return nil
	}
	return o.waiting[i]
}

func (o *Outbox) drop(gone func(*waiting) bool) { o.waiting = slices.DeleteFunc(o.waiting, gone) }
