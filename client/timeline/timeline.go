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

// Post is what the post of an id says.
func (t *Timeline) Post(tx *store.Tx, id string) (content.Post, error) {
	var e Entry
	err := tx.Get(bucket, id, &e)
	if errors.Is(err, store.ErrNotFound) {
		return content.Post{}, ErrNoPost.With("%q", id)
	}
	if err != nil {
		return content.Post{}, err
	}
	return e.Post()
}

// Last is the last n entries, the newest first.
func (t *Timeline) Last(tx *store.Tx, n int) ([]Entry, error) {
	var all []Entry
	err := store.Each(tx, bucket, func(_ string, e Entry) error {
		all = append(all, e)
		return nil
	})
	slices.SortFunc(all, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(b.Received, a.Received), cmp.Compare(a.ID, b.ID))
	})
	return all[:min(n, len(all))], err
}
