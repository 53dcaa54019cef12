// Package timeline is the posts that a person has, their own and those of the feeds that they read,
// as they were kept.
//
// It is pure. It must not know where a post came from or where its photo is, and shows nobody's
// claims as facts: name and time in a post are its author's.
package timeline

import (
	"cmp"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"murmuration/client/content"
	"murmuration/client/fault"
	"murmuration/client/store"
	"murmuration/internal/box"
)

const bucket = "posts" // Entry, by id

// ErrNoPost says that nothing has this id.
var ErrNoPost = fault.New(
	fault.NotFound, "there is no such post", "`murmur timeline` lists the ids.",
)

// Entry is a post as kept.
type Entry struct {
	ID       string  `cbor:"1,keyasint"`
	Own      bool    `cbor:"2,keyasint"`
	Follow   uint64  `cbor:"3,keyasint"` // the number of the followed feed that it came from
	Content  []byte  `cbor:"4,keyasint"` // content.Post
	Received int64   `cbor:"5,keyasint"` // or queued; Unix milliseconds
	Day      box.Day `cbor:"6,keyasint"`
	Number   uint64  `cbor:"7,keyasint"` // in its feed, of a post that was read: its author's order
}

// Post is what the entry says.
func (e Entry) Post() (content.Post, error) {
	p, err := content.ParsePost(e.Content)
	if err != nil {
		return content.Post{}, store.ErrForeign.With("a post: %w", err)
	}
	return p, nil
}

// Timeline keeps posts. Ids come from its randomness.
type Timeline struct{ random io.Reader }

// New is a timeline whose ids are drawn from random.
func New(random io.Reader) *Timeline { return &Timeline{random} }

var idEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewID names a post on this computer alone: other readers have other names for it.
func (t *Timeline) NewID() (string, error) {
	var b [5]byte
	if _, err := io.ReadFull(t.random, b[:]); err != nil {
		return "", fmt.Errorf("drawing the id of a post: %w", err)
	}
	return strings.ToLower(idEncoding.EncodeToString(b[:])), nil
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

// Last is the last n entries, the newest first: as they were received, but for those of one feed,
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

// order changes the places of each feed's entries among themselves.
func order(all []Entry) []Entry {
	feeds := map[uint64][]Entry{}
	for _, e := range all {
		if !e.Own {
			feeds[e.Follow] = append(feeds[e.Follow], e)
		}
	}
	for _, feed := range feeds {
		slices.SortStableFunc(feed, func(a, b Entry) int { return cmp.Compare(b.Number, a.Number) })
	}
	for i, e := range all {
		if !e.Own {
			all[i], feeds[e.Follow] = feeds[e.Follow][0], feeds[e.Follow][1:]
		}
	}
	return all
}
