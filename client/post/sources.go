package post

import (
	"cmp"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"murmuration/client/content"
	"murmuration/client/store"
	"murmuration/client/timeline"
)

const bucketSources = "sources" // About, by source; never deleted

// About is what a person knows of a source. It stays when they read it no more, with what was said
// under its name.
type About struct {
	Source  Source `cbor:"1,keyasint"`
	Number  uint64 `cbor:"2,keyasint"` // this person's for it, from 1 on, and nobody else's ever
	Petname string `cbor:"3,keyasint"` // this person's own name for it
	Claimed string `cbor:"4,keyasint"` // the author's, from the latest post
	Read    bool   `cbor:"5,keyasint"` // whether the person reads it
	Posts   int    `cbor:"6,keyasint"` // that came
	Last    int64  `cbor:"7,keyasint"` // when the latest of them came; Unix milliseconds
	// Epoch and Newest are the stream and the index of the post from which Claimed is, and When is
	// when that was written.
	Epoch  int    `cbor:"8,keyasint"`
	Newest uint64 `cbor:"9,keyasint"`
	When   int64  `cbor:"10,keyasint,omitempty"` // Unix seconds, a full hour
}

// Name is what lists show: the petname, or the author's claim in quotes.
func (a About) Name() string {
	switch {
	case a.Petname != "":
		return a.Petname
	case a.Claimed != "":
		return Claim(a.Claimed)
	}
	return "(nothing read yet)"
}

// Claim is a name as its author claims it, in quotes that nothing in it can end.
func Claim(name string) string {
	return content.Quote(name)
}

// Sources is what a person knows of all whose posts they ever read. All of it is on the disk.
type Sources struct{}

// NewSources is the sources of a person.
func NewSources() *Sources { return &Sources{} }

// Get is what is known of a source: nothing but the source itself, if it was never met.
func (*Sources) Get(tx *store.Tx, s Source) (About, error) {
	a := About{Source: s}
	err := tx.Get(bucketSources, sourceName(s), &a)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return a, err
}

// Meet is Get, with a number of its own for a source that was never met.
func (r *Sources) Meet(tx *store.Tx, s Source) (About, error) {
	a, err := r.Get(tx, s)
	if err != nil || a.Number != 0 {
		return a, err
	}
	all, err := r.List(tx)
	for _, other := range all {
		a.Number = max(a.Number, other.Number)
	}
	a.Number++
	return a, err
}

// Put keeps what is known of a source.
func (*Sources) Put(tx *store.Tx, a About) error {
	return tx.Put(bucketSources, sourceName(a.Source), a)
}

// List is all sources that were met, in the order of their numbers.
func (*Sources) List(tx *store.Tx) (all []About, err error) {
	err = store.Each(tx, bucketSources, func(_ string, a About) error {
		all = append(all, a)
		return nil
	})
	slices.SortFunc(all, func(a, b About) int { return cmp.Compare(a.Number, b.Number) })
	return all, err
}

// came notes a post of a source, and what its author is called in it.
func (r *Sources) came(
	tx *store.Tx, e timeline.Entry, now time.Time, p content.Post,
) error {
	a, err := r.Meet(tx, e.Source)
	if err != nil {
		return err
	}
	a.Posts, a.Last = a.Posts+1, now.UnixMilli()
	newer := e.Written() >= a.When
	if e.Epoch == a.Epoch {
		newer = e.Number >= a.Newest
	}
	if a.Claimed == "" || newer {
		a.Claimed, a.Epoch, a.Newest, a.When = p.Name, e.Epoch, e.Number, e.Written()
	}
	return r.Put(tx, a)
}

func sourceName(s Source) string { return hex.EncodeToString(s[:]) }
