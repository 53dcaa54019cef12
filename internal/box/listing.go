package box

import (
	"bytes"
	"errors"
	"slices"
)

// Errors of bulletins and records in stores.
var (
	ErrPublished = errors.New("a bulletin of this slot or a later one was published")
	ErrKept      = errors.New("another record is kept under this key")
	ErrNoRoom    = errors.New("no room on the disk")
	errTooLarge  = errors.New("larger than any bulletin")
)

// maxRecord bounds a record and a bulletin's body, in bytes: a roll of 240 slots with 5,000 entries
// each has 7.2 million.
const maxRecord = 8 << 20

// CheckRecord refuses a body or a record that no store takes.
func CheckRecord(raw []byte) error {
	if len(raw) > maxRecord {
		return errTooLarge
	}
	return nil
}

// Listing names a box that was listed, or shall be.
type Listing struct {
	Day Day
	ID  ID
}

// Lister keeps what is to be listed, and the bulletins of this provider with what they listed: as
// durably as a Store, which implements it. It does not read bulletins: who makes one says what it
// lists, and signs it after Publish.
type Lister interface {
	// Unlisted returns what Write and Merge stored as new and Publish did not list yet, by day and
	// then by arrival. What became a tombstone is not among it.
	Unlisted() ([]Listing, error)

	// Waiting is the number of those, at once.
	Waiting() int

	// Publish stores the body of a slot's bulletin, and where the boxes are that it lists; equal
	// entries count in the order given. The day is that in which the slot begins: the body goes
	// with it. What is listed is not unlisted any more, over crashes, too. A slot that is not after
	// the newest one published is ErrPublished, and on a full disk it is ErrNoRoom: then nothing
	// has changed. After another error the slot may be published or not, and it is not published
	// again: the maker skips it. Who starts signs the newest one (Published) again: the process
	// before may have come no further, and the next bulletin names it.
	Publish(day Day, slot Slot, body []byte, listed []Listing) error

	// Published returns the newest own body; ok is whether there is one.
	Published() (slot Slot, body []byte, ok bool, err error)

	// Body returns the own body of a slot; ok is whether there is one.
	Body(slot Slot) (body []byte, ok bool, err error)

	// Listed returns the nth box (from 0) that the slot lists under the entry, as Store.Read does,
	// and its day. StatusNotFound is also for what was never listed.
	Listed(slot Slot, e Entry, n int) (Day, Box, Status, error)
}

// RecordKey names a record: what kinds there are, and what their numbers count, is their keeper's.
type RecordKey struct {
	Kind   uint8
	Number uint32
	Maker  Holder
}

// Archive keeps signed records of all makers, as durably as a Store, which implements it.
type Archive interface {
	// Keep stores a record, which goes with the day. The same bytes again change nothing; others
	// under the same key and day are ErrKept. When the disk is nearly full it is ErrNoRoom.
	Keep(day Day, k RecordKey, raw []byte) error

	// Kept returns a record; ok is whether there is one.
	Kept(k RecordKey) (raw []byte, ok bool, err error)

	// EachKept calls do for every record of a kind from a number on, by day and then by number, of
	// all makers in any order, until do fails, and returns that error. The bytes are do's; it must
	// not call the store. A record that does not open is passed over.
	EachKept(kind uint8, from uint32, do func(k RecordKey, raw []byte) error) error
}

// Listings are what a bulletin lists, in the order of its entries.
type Listings []Listing

// OrderListings orders listings by their entries; equal ones stay as they are.
func OrderListings(listed []Listing) Listings {
	x := slices.Clone(listed)
	slices.SortStableFunc(x, func(a, b Listing) int { return compareEntries(a.ID, EntryOf(b.ID)) })
	return x
}

func compareEntries(id ID, e Entry) int {
	own := EntryOf(id)
	return bytes.Compare(own[:], e[:])
}

// Find returns the nth listing, from 0, under an entry.
func (x Listings) Find(e Entry, n int) (Listing, bool) {
	first, _ := slices.BinarySearchFunc(x, e,
		func(l Listing, e Entry) int { return compareEntries(l.ID, e) })
	if n < 0 || n >= len(x)-first || EntryOf(x[first+n].ID) != e {
		return Listing{}, false
	}
	return x[first+n], true
}
