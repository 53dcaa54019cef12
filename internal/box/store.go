package box

import (
	"bytes"
	"errors"
)

// Errors of stores.
var (
	ErrClosed  = errors.New("box store is closed")
	ErrExpired = errors.New("that day's boxes are gone")

	// ErrAway is passing: what was asked for lies where nobody answers just now, nothing was
	// begun, and the store says in its log when that begins and ends.
	ErrAway = errors.New("a part of the box store is away")
)

// Outcome is what became of a box that came to a store.
type Outcome struct {
	Status Status
	New    bool // data where nothing was: it is stored, and on the list of what is to be listed
	Stands Box  // StatusConflict, StatusTombstoned: what stands there now
}

// Store keeps boxes. Its methods may be called from many goroutines and block until what they
// report is true after a power cut. A store checks no signatures and no calendar: the caller has
// verified the box (Request.Verify) and that the day is open (Calendar).
type Store interface {
	// Read returns the box with StatusFound, a tombstone with StatusTombstoned, or StatusNotFound.
	Read(day Day, id ID) (Box, Status, error)

	// Write stores a box or a tombstone and queues it for the replicas, all or nothing; data where
	// nothing was is also put on the list of what is to be listed (Lister). The same bytes again
	// are StatusStored and queue nothing; data where other data stands is StatusConflict, data
	// where a tombstone stands StatusTombstoned, data when the disk is nearly full StatusFull, and
	// all three change nothing. A tombstone is stored, unless the disk is so full that nothing at
	// all may be written: that is StatusFull, too.
	//
	// Data that is stored where nothing was spends the token, in the same commit: never is one
	// token spent on two boxes of a day, over power cuts and from many goroutines. Where it was
	// spent on another box before, it is StatusUnpaid, and nothing changes. The zero token is never
	// spent. That it is a good one is the caller's to know.
	Write(day Day, b Box, pay Token, replicas ...Holder) (Outcome, error)

	// Merge takes a box from another holder. It is Write without replicas, but of two different
	// contents it keeps the one with the smaller SHA-256 (signature ‖ ciphertext) and says
	// StatusConflict, for the caller to count.
	Merge(day Day, b Box) (Outcome, error)

	// Drop destroys every day before this one, with its queue, what it was to list, its bulletins,
	// its records and the tokens spent on it, and refuses it from then on.
	Drop(before Day) error
}

// Queue is the durable list of boxes that other holders do not have yet. Stores implement it: an
// entry appears with the Write that made it and goes with Done or with its day.
type Queue interface {
	// Pending returns the oldest n entries for the peer that come after the given one, by day and
	// then by arrival, with the boxes as they are now: a box that became a tombstone is one. The
	// zero Queued comes before all. A box that does not open is passed over.
	Pending(peer Holder, after Queued, n int) ([]Queued, error)

	// Done forgets entries that the peer has acknowledged. Entries not there are no error, and on a
	// full disk they stay: the peer will say the same again.
	Done(peer Holder, entries ...Queued) error
}

// Queued is a box that waits to be replicated.
type Queued struct {
	Day Day
	Box Box
	At  Place // in its queue
}

// Place orders the entries of one day: the commit and the position in it. Commits count from 1.
type Place struct {
	Commit uint64
	Index  uint32
}

func (p Place) after(o Place) bool {
	return p.Commit > o.Commit || p.Commit == o.Commit && p.Index > o.Index
}

// Status is that of a read of the box.
func (b Box) Status() Status {
	if b.Tombstone() {
		return StatusTombstoned
	}
	return StatusFound
}

// Room is what a store may still write.
type Room int

// What room there is, the most first.
const (
	Plenty Room = iota
	Scarce      // no data
	NoRoom      // nothing: the next page would kill the process
)

// Arrival is a box that comes to a store.
type Arrival struct {
	Old   *Box // what stands there, if anything
	Next  Box
	Merge bool // from another holder
	Room  Room
	Spent bool // its token was spent on another box
}

// Settle is the whole rule of what becomes of a box when another one of its id arrives, the same in
// every store: what is wanted, if there is room for it.
func (a Arrival) Settle() (o Outcome, replace bool) {
	status, replace := a.wanted()
	if a.Spent && a.pays() {
		return Outcome{Status: StatusUnpaid}, false
	}
	if replace && (a.Room == NoRoom || a.Room == Scarce && !a.Next.Tombstone()) {
		return Outcome{Status: StatusFull}, false
	}
	o = Outcome{Status: status, New: a.Old == nil && !a.Next.Tombstone()}
	switch {
	case status == StatusStored:
	case replace:
		o.Stands = a.Next
	default:
		o.Stands = *a.Old
	}
	return o, replace
}

// pays says whether this arrival spends its token: on data where nothing was.
func (a Arrival) pays() bool { return a.Old == nil && !a.Next.Tombstone() && !a.Merge }

// wanted is the rule with plenty of room: write-once, tombstones win, the smaller hash wins between
// holders.
func (a Arrival) wanted() (status Status, replace bool) {
	switch {
	case a.Old == nil:
		return StatusStored, true
	case a.Old.Equal(a.Next):
		return StatusStored, false
	case a.Next.Tombstone():
		return StatusStored, !a.Old.Tombstone()
	case a.Old.Tombstone():
		return StatusTombstoned, false
	case !a.Merge:
		return StatusConflict, false
	}
	mine, theirs := a.Old.hash(), a.Next.hash()
	return StatusConflict, bytes.Compare(theirs[:], mine[:]) < 0
}
