package box

import (
	"bytes"
	"errors"
)

// Errors of stores.
var (
	ErrClosed  = errors.New("box store is closed")
	ErrExpired = errors.New("that day's boxes are gone")
)

// Store keeps boxes. Its methods may be called from many goroutines and block until what they
// report is true after a power cut. A store checks no signatures and no calendar: the caller has
// verified the box (Request.Verify) and that the day is open (Calendar).
type Store interface {
	// Read returns the box with StatusFound, a tombstone with StatusTombstoned, or StatusNotFound.
	Read(day Day, id ID) (Box, Status, error)

	// Write stores a box or a tombstone and queues it for the replicas, all or nothing. The same
	// bytes again are StatusStored and queue nothing; data where other data stands is
	// StatusConflict, data where a tombstone stands StatusTombstoned, data when the disk is nearly
	// full StatusFull, and all three change nothing. A tombstone is always stored.
	Write(day Day, b Box, replicas ...Holder) (Status, error)

	// Merge takes a box from another holder. It is Write without replicas, but of two different
	// contents it keeps the one with the smaller SHA-256 (signature ‖ ciphertext) and says
	// StatusConflict, for the caller to count.
	Merge(day Day, b Box) (Status, error)

	// Drop destroys every day before this one, with its queue, and refuses it from then on.
	Drop(before Day) error
}

// Queue is the durable list of boxes that other holders do not have yet. Stores implement it: an
// entry appears with the Write that made it and goes with Done or with its day.
type Queue interface {
	// Pending returns the oldest n entries for the peer, by day and then by arrival, with the
	// boxes as they are now: a box that became a tombstone is one.
	Pending(peer Holder, n int) ([]Entry, error)

	// Done forgets entries that the peer has acknowledged. Entries not there are no error.
	Done(peer Holder, entries ...Entry) error
}

// Entry is a box that waits to be replicated.
type Entry struct {
	Day Day
	Box Box
	at  place
}

// place orders the entries of one day: the commit and the position in it.
type place struct {
	commit uint64
	index  uint32
}

// status is that of a read of the box.
func (b Box) status() Status {
	if b.Tombstone() {
		return StatusTombstoned
	}
	return StatusFound
}

// arrival is what settle decides on.
type arrival struct {
	old   *Box // what stands there, if anything
	next  Box
	merge bool // from another holder
	full  bool // no room for data
}

// settle is the whole rule of what becomes of a box when another one of its id arrives, the same in
// every store: write-once, tombstones win, the smaller hash wins between holders.
func settle(a arrival) (status Status, replace bool) {
	switch {
	case a.old != nil && a.old.Equal(a.next):
		return StatusStored, false
	case a.next.Tombstone():
		return StatusStored, a.old == nil || !a.old.Tombstone()
	case a.old != nil && a.old.Tombstone():
		return StatusTombstoned, false
	case a.old == nil && a.full:
		return StatusFull, false
	case a.old == nil:
		return StatusStored, true
	case !a.merge:
		return StatusConflict, false
	}
	mine, theirs := a.old.hash(), a.next.hash()
	return StatusConflict, bytes.Compare(theirs[:], mine[:]) < 0
}
