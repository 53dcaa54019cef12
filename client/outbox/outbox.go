// Package outbox is the writes that wait until their holders keep them, and what a person may be
// told about them. A box is stored when one holder says so, and kept when each of its holders has
// listed it in a signed bulletin: until then it is written again and again, and only then it
// leaves.
//
// A box waits on the disk with its record beside it, so that it can be sealed again, under another
// day or into another stream. The outbox also looks out for every box of the streams that it
// writes: one that it did not write is a copy's of this home, or this home was put back from a
// copy; then its author begins another stream, and what this home wrote since is sealed again into
// that.
//
// It is pure, and a person's Part. It must not know what a box says, and must not change what is
// kept because one holder says something: a refusal has it try the other, and nothing else.
package outbox

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
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
	idsATurn    = 1000 // that are worked out at most, 40 µs each
	// together is how many boxes of a stream are on their way that no holder has yet: half of the
	// indices that its readers look for behind the newest one that came.
	together = 16
)

// The buckets of an outbox.
const (
	bucketBoxes   = "boxes"   // Box, by number: those that wait
	bucketSent    = "sent"    // Box without its sealed bytes: those that are kept
	bucketWritten = "written" // written, by id: what this home ever sealed
	bucketStreams = "streams" // stream, by name
	bucketEntries = "entries" // entry, by the number of its first box
	bucketCount   = "outbox"  // how many boxes there ever were
)

// ErrFull says that no more boxes may wait.
var ErrFull = fault.New(
	fault.Quota, "too much waits in the outbox",
	"Wait until some of it is kept: `murmur outbox` shows what.",
)

// Author is whose drafts wait: it writes one stream at a time.
type Author interface {
	// Stream is the one that it writes now; the name is empty if there is none.
	Stream(tx *store.Tx) (name string, w boxstream.Writer, err error)
	// Renew begins another one in its place, since a copy of this home writes to it, and seals for
	// a day what waited, all of it or nothing: then it is dropped, and the author says it anew.
	// All within tx.
	Renew(
		tx *store.Tx, now time.Time, day box.Day, waited [][]byte,
	) (name string, s []boxstream.Sealed, err error)
}

// Config says how boxes are written. All fields are required.
type Config struct {
	Store   *store.Store
	Network boxstream.Network
	// Random seeds what is drawn: holds, pauses, and when a box changes its day.
	Random io.Reader
	Pace   Pace
}

// Pace is how long things take.
type Pace struct {
	// Hold is the mean time for which a holder is asked not to list a box.
	Hold time.Duration
	// Listing is how long after the hold a box may still be listed.
	Listing time.Duration
	// Again is the shortest time from a try to the next one.
	Again time.Duration
	// Slow is how much longer, on average, a slow box and its answer travel: Again comes on top.
	Slow time.Duration
}

// Box is one box that waits. It is sealed once for its day, and only these bytes are sent, however
// often.
type Box struct {
	Number uint64           `cbor:"1,keyasint"`
	Entry  string           `cbor:"2,keyasint"`
	Stream string           `cbor:"3,keyasint"`
	Slow   bool             `cbor:"4,keyasint"`
	Sealed boxstream.Sealed `cbor:"5,keyasint"`
	Listed []box.Holder     `cbor:"6,keyasint"` // who listed it as it is sealed now
	Hidden bool             `cbor:"7,keyasint"` // from the person's eyes, as its entry
	Door   bool             `cbor:"8,keyasint,omitempty"`
}

func nameOf(number uint64) string { return fmt.Sprintf("%020d", number) }

func (b Box) put(tx *store.Tx) error { return tx.Put(bucketBoxes, nameOf(b.Number), b) }

// Outbox is what waits, in order, and the entries that a person sees.
type Outbox struct {
	cfg     Config
	access  *person.Access
	network boxstream.Network
	source  *rand.ChaCha8
	rng     *rand.Rand        // on source
	authors map[string]Author // by the name that drafts call them
	copied  []func(*store.Tx) error
	waiting []*waiting // by number
	streams map[string]*stream
	entries map[string]*entry
	numbers uint64 // of streams: the last one that was given
	lies    uint64
	swept   box.Day
}

// New is the outbox of a person.
func New(p *person.Person, cfg Config) (*Outbox, error) {
	var seed [32]byte
	if _, err := io.ReadFull(cfg.Random, seed[:]); err != nil {
		return nil, fmt.Errorf("seeding an outbox: %w", err)
	}
	source := rand.NewChaCha8(seed)
	o := &Outbox{
		cfg: cfg, network: cfg.Network, source: source, rng: rand.New(source),
		authors: map[string]Author{}, streams: map[string]*stream{}, entries: map[string]*entry{},
	}
	o.access = p.Join(o)
	return o, nil
}

// Serve says who the author is that drafts call by a name.
func (o *Outbox) Serve(name string, a Author) { o.authors[name] = a }

// OnCopy has something done, in the transaction that begins another stream, when a copy of this
// home is found at work.
func (o *Outbox) OnCopy(do func(*store.Tx) error) { o.copied = append(o.copied, do) }

// Load takes up what waits.
func (o *Outbox) Load(tx *store.Tx) error {
	if _, err := getCount(tx); err != nil {
		return err
	}
	err := store.Each(tx, bucketEntries, func(_ string, e entry) error {
		e.earlier = e.Given
		o.entries[e.Name] = &e
		return nil
	})
	if err != nil {
		return err
	}
	err = store.Each(tx, bucketBoxes, func(_ string, b Box) error {
		w, err := o.wait(b)
		o.waiting = append(o.waiting, w)
		return err
	})
	if err != nil {
		return err
	}
	return store.Each(tx, bucketStreams, func(_ string, s stream) error {
		o.streams[s.Name] = &s
		if err := s.Reader.Load(); err != nil {
			return store.ErrForeign.With("an own stream: %w", err)
		}
		return nil
	})
}

// Waiting is how many boxes wait.
func (o *Outbox) Waiting() int { return len(o.waiting) }

// Writes says whether the box of an id waits, so that it would be written again.
func (o *Outbox) Writes(id box.ID) bool {
	return slices.ContainsFunc(o.waiting, func(w *waiting) bool { return w.by(id) != nil })
}

// Ahead is how many of them no holder has yet, by all that is known.
func (o *Outbox) Ahead() (n int) {
	for _, w := range o.waiting {
		if !w.settled() {
			n++
		}
	}
	return n
}

// Lies is how many answers were disproved, or could not be true.
func (o *Outbox) Lies() uint64 { return o.lies }

// next is the first box that may be given to the sender: within a stream no more than a few that no
// holder has yet, and those that one has are written again beside them.
func (o *Outbox) next(now time.Time) *waiting {
	open := map[string]int{}
	for _, w := range o.waiting {
		if (w.settled() || open[w.stream] < together) && !w.given && !w.again.After(now) {
			return w
		}
		if !w.settled() {
			open[w.stream]++
		}
	}
	return nil
}

// Supply gives boxes to the sender until it is full. Without a connection they stay here, where
// they can be taken back.
func (o *Outbox) Supply(now time.Time) error {
	if !o.access.Online() {
		return nil
	}
	for w := o.next(now); w != nil; w = o.next(now) {
		b, err := o.current(w, now)
		if errors.Is(err, ErrDoor) { // it missed its day, and of this one all is written
			err = o.dropFull(w)
			if err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		if err := o.noteGiven(w); err != nil {
			return err
		}
		hold := o.hold(w, now)
		err = o.access.Enqueue(now, w.number, person.Request{
			Op: box.OpWrite, Day: b.Sealed.Day, Box: b.Sealed.Box(), Try: w.tries, Slow: w.slow,
			Hold: hold,
		})
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
// under a later one, if that time has come.
func (o *Outbox) current(w *waiting, now time.Time) (b Box, err error) {
	err = o.cfg.Store.View(
		func(tx *store.Tx) error { return tx.Get(bucketBoxes, nameOf(w.number), &b) },
	)
	if err == nil && w.over(o.network, now) {
		b.Listed = nil
		if b.Sealed, err = b.Sealed.Again(o.network, w.day(o.network, now)); err == nil {
			err = o.cfg.Store.Update(func(tx *store.Tx) (err error) {
				if w.door {
					if b.Sealed, err = o.firstFree(tx, b.Sealed); err != nil {
						return err
					}
				}
				return errors.Join(b.put(tx), putWritten(tx, b.Sealed))
			})
		}
		if err == nil {
			w.before, w.held = w.sealing, time.Time{}
			w.sealing = sealing{day: b.Sealed.Day, id: b.Sealed.ID}
			err = o.resealed(w, b.Sealed)
		}
	}
	if err != nil {
		return Box{}, fmt.Errorf("taking a box from the outbox: %w", err)
	}
	return b, nil
}

func (o *Outbox) find(number uint64) *waiting {
	i := slices.IndexFunc(o.waiting, func(w *waiting) bool { return w.number == number })
	if i < 0 {
		return nil
	}
	return o.waiting[i]
}

// insert has boxes wait, in the order of their numbers.
func (o *Outbox) insert(all ...*waiting) {
	o.waiting = append(o.waiting, all...)
	slices.SortStableFunc(o.waiting, func(a, b *waiting) int {
		return cmp.Compare(a.number, b.number)
	})
}

func (o *Outbox) drop(gone func(*waiting) bool) { o.waiting = slices.DeleteFunc(o.waiting, gone) }
