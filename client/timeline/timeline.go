// Package timeline is the posts that a person has, their own and those of the feeds that they read,
// as they were kept, in lists of which any part costs by what is asked and not by what is kept: all
// posts, those of a source, those that were not shown yet.
//
// It is pure. It must not know where a post came from or where its photo is, and shows nobody's
// claims as facts: name and time in a post are its author's.
package timeline

import (
	"errors"
	"time"

	"murmuration/client/content"
	"murmuration/client/fault"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// The buckets of the timeline.
const (
	bucket       = "posts"  // Entry, by id
	bucketErased = "erased" // true, by id
)

// ErrNoPost says that nothing has this id.
var ErrNoPost = fault.New(
	fault.NotFound, "there is no such post", "`murmur timeline` lists the ids.",
)

// Entry is a post as kept.
type Entry struct {
	ID       string  `cbor:"1,keyasint"` // content.ID
	Own      bool    `cbor:"2,keyasint"`
	Content  []byte  `cbor:"4,keyasint"` // content.Post
	Received int64   `cbor:"5,keyasint"` // or queued; Unix milliseconds
	Day      box.Day `cbor:"6,keyasint"`
	// Number is the index of its box in its stream, and Epoch which of its source's streams that
	// is: its author's order in one stream. Those of several stand by When.
	Number uint64         `cbor:"7,keyasint"`
	Source content.Source `cbor:"8,keyasint"`
	Epoch  int            `cbor:"9,keyasint"`
	// When it was written; Unix seconds, a full hour. Keep has its author's word for it, if it is
	// zero and that can be.
	When int64 `cbor:"10,keyasint,omitempty"`
}

// Post is what the entry says.
func (e Entry) Post() (content.Post, error) {
	p, err := content.Recall(e.Content)
	if err != nil {
		return content.Post{}, store.ErrForeign.With("a post: %w", err)
	}
	return p, nil
}

// Written is when an entry was written, in Unix seconds: as its author says, or when it came, if
// that was before.
func (e Entry) Written() int64 {
	if e.When != 0 {
		return e.When
	}
	came := content.Hour(time.UnixMilli(e.Received))
	if p, err := e.Post(); err == nil && p.Time > 0 {
		return min(p.Time, came)
	}
	return came
}

// Timeline keeps posts. All of it is on the disk.
type Timeline struct{}

// New is the timeline of a person.
func New() *Timeline { return &Timeline{} }

// Has says whether a post came: one that was erased is not kept again.
func (t *Timeline) Has(tx *store.Tx, id string) (bool, error) {
	here, err := tx.Has(bucket, id)
	if err != nil || here {
		return here, err
	}
	return tx.Has(bucketErased, id)
}

// Entry is the post of an id as it was kept.
func (t *Timeline) Entry(tx *store.Tx, id string) (e Entry, err error) {
	err = tx.Get(bucket, id, &e)
	if errors.Is(err, store.ErrNotFound) {
		return Entry{}, ErrNoPost.With("%q", id)
	}
	return e, err
}
