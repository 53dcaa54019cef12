// Package timeline is the posts that a person has, their own and those of the feeds that they read,
// as they were kept.
//
// It is pure. It must not know where a post came from or where its photo is, and shows nobody's
// claims as facts: name and time in a post are its author's.
package timeline

import (
	"cmp"
	"errors"
	"slices"

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
	// is, counting up: its author's order.
	Number uint64         `cbor:"7,keyasint"`
	Source content.Source `cbor:"8,keyasint"`
	Epoch  int            `cbor:"9,keyasint"`
}

// Post is what the entry says.
func (e Entry) Post() (content.Post, error) {
	p, err := content.Recall(e.Content)
	if err != nil {
		return content.Post{}, store.ErrForeign.With("a post: %w", err)
	}
	return p, nil
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

// Erase forgets what a post said, and remembers that it was there.
func (t *Timeline) Erase(tx *store.Tx, id string) error {
	return errors.Join(tx.Delete(bucket, id), tx.Put(bucketErased, id, true))
}

// Keep writes an entry.
func (t *Timeline) Keep(tx *store.Tx, e Entry) error { return tx.Put(bucket, e.ID, e) }

// Entry is the post of an id as it was kept.
func (t *Timeline) Entry(tx *store.Tx, id string) (e Entry, err error) {
	err = tx.Get(bucket, id, &e)
	if errors.Is(err, store.ErrNotFound) {
		return Entry{}, ErrNoPost.With("%q", id)
	}
	return e, err
}

// Last is the last n entries, the newest first: as they were received, but for those of one source,
// which come in any order and are shown in their author's.
func (t *Timeline) Last(tx *store.Tx, n int) ([]Entry, error) {
	var all []Entry
	err := store.Each(tx, bucket, func(_ string, e Entry) error {
		all = append(all, e)
		return nil
	})
	slices.SortFunc(all, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(b.Received, a.Received), cmp.Compare(a.ID, b.ID))
	})
	return order(all)[:min(n, len(all))], err
}

// order changes the places of each source's entries among themselves.
func order(all []Entry) []Entry {
	sources := map[content.Source][]Entry{}
	for _, e := range all {
		sources[e.Source] = append(sources[e.Source], e)
	}
	for _, entries := range sources {
		slices.SortStableFunc(entries, func(a, b Entry) int {
			return cmp.Or(cmp.Compare(b.Epoch, a.Epoch), cmp.Compare(b.Number, a.Number))
		})
	}
	for i, e := range all {
		all[i], sources[e.Source] = sources[e.Source][0], sources[e.Source][1:]
	}
	return all
}
