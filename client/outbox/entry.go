package outbox

import (
	"cmp"
	"slices"
	"time"

	"murmuration/client/store"
)

// entry is what the disk has of an Entry.
type entry struct {
	Number uint64 `cbor:"1,keyasint"`
	Name   string `cbor:"2,keyasint"`
	Boxes  int    `cbor:"3,keyasint"`
	Kept   int    `cbor:"4,keyasint"`
	Queued int64  `cbor:"5,keyasint"` // Unix milliseconds
	Done   int64  `cbor:"6,keyasint"` // when all were kept, or given up
	Lost   string `cbor:"7,keyasint"` // why it was given up
	Author string `cbor:"8,keyasint"`
	Hidden bool   `cbor:"9,keyasint"` // from the person: they did not write it
	Says   string `cbor:"10,keyasint,omitempty"`
	What   string `cbor:"11,keyasint,omitempty"`
	Slow   bool   `cbor:"12,keyasint,omitempty"`
	// Given says that its boxes went to the sender, who may have handed them over since.
	Given bool `cbor:"13,keyasint,omitempty"`
	// Cancelled is when the person took it back; its boxes say nothing since. Unix milliseconds.
	Cancelled int64 `cbor:"14,keyasint,omitempty"`

	earlier bool // it was given by an earlier run of the program, which nobody can ask any more
}

func (e entry) put(tx *store.Tx) error { return tx.Put(bucketEntries, nameOf(e.Number), e) }

// hides says whether nobody needs the entry any more.
func (e entry) hides() bool { return e.Hidden && e.Done != 0 }

// keep is put, or the end of an entry that nobody needs.
func (e entry) keep(tx *store.Tx) error {
	if e.hides() {
		return tx.Delete(bucketEntries, nameOf(e.Number))
	}
	return e.put(tx)
}

// State is how far an entry is.
type State string

// The states of an entry.
const (
	Queued  State = "queued"
	Handed  State = "handed over" // a part of it was in a packet
	Stored  State = "stored"      // of each box a holder says that it has it
	Kept    State = "kept"        // all holders of each box have listed it
	Expired State = "expired"     // given up
	// Cancelled is taken back before anything of it was handed over: in the places of its boxes go
	// some that say nothing.
	Cancelled State = "cancelled"
)

// Entry is one line of the outbox.
type Entry struct {
	Number uint64
	Name   string
	Says   string // its first words
	State  State
	Boxes  int
	Handed int // in a packet at least once, those stored included
	Stored int // acknowledged by a holder, those kept included
	Kept   int // listed by all of its holders, in bulletins that they signed
	Queued time.Time
	Done   time.Time // zero while it waits
	Reason string    // why it expired
	What   string    // it is: "post", "message"
	Slow   bool      // its boxes and their answers travel longer
	// Again is when those of its boxes that nobody has are tried again; zero: now.
	Again time.Time
	// Ahead is how many boxes no holder has yet, up to its last one of these and with those before
	// it; zero if there is none.
	Ahead int
}

// Entries lists what was queued, the newest first.
func (o *Outbox) Entries() []Entry {
	o.noteHanded()
	all := []Entry{}
	for _, e := range o.entries {
		if !e.Hidden {
			all = append(all, o.show(*e))
		}
	}
	slices.SortFunc(all, func(a, b Entry) int { return cmp.Compare(b.Number, a.Number) })
	return all
}

// noteHanded asks which boxes were in a packet by now; a sender forgets it with the request.
func (o *Outbox) noteHanded() {
	handed := o.access.Handed()
	for _, w := range o.waiting {
		w.handed = w.handed || handed[w.number]
	}
}

func (o *Outbox) show(e entry) Entry {
	shown := Entry{
		Number: e.Number, Name: e.Name, Says: e.Says, State: Queued, Boxes: e.Boxes, Handed: e.Kept,
		Stored: e.Kept, Kept: e.Kept,
		Queued: time.UnixMilli(e.Queued).UTC(), Reason: e.Lost, What: cmp.Or(e.What, "post"),
		Slow: e.Slow,
	}
	if e.Done != 0 {
		shown.Done = time.UnixMilli(e.Done).UTC()
	}
	ahead := 0
	for _, w := range o.waiting {
		mine, settled := w.entry == e.Name, w.settled()
		if !settled {
			ahead++
		}
		if !mine {
			continue
		}
		if w.handed || settled {
			shown.Handed++
		}
		if settled {
			shown.Stored++
		} else {
			shown.Ahead = ahead
			if w.again.After(shown.Again) {
				shown.Again = w.again
			}
		}
	}
	switch {
	case e.Cancelled != 0:
		shown.State = Cancelled
	case e.Lost != "":
		shown.State = Expired
	case e.Done != 0:
		shown.State = Kept
	case shown.Stored == e.Boxes:
		shown.State = Stored
	case shown.Handed > 0:
		shown.State = Handed
	}
	return shown
}
