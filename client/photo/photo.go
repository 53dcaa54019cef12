// Package photo is the pictures of posts that are on this computer, or on their way to it: it asks
// for the boxes of one, a part in each, until all are here, over days and restarts.
//
// It is pure, and a person's Part. It must not take what its post does not describe: a part of
// another file or another place is not kept, and a whole with another hash is thrown away.
package photo

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/fault"
	"murmuration/client/person"
	"murmuration/client/store"
)

// Faults of photos.
var (
	ErrNone = fault.New(
		fault.NotFound, "this post has no photo", "`murmur timeline` shows which posts have one.",
	)
	ErrGone = fault.New(
		fault.NotFound, "the photo has expired",
		"Boxes are kept for some days only: ask its author to post it again.",
	)
	ErrBad = fault.New(
		fault.Trust, "the photo is not the one that the post describes",
		"Its boxes hold something else: ask its author.",
	)
)

// The buckets of photos, all by the id of the post.
const (
	bucketPhotos  = "photos"  // JPEG files
	bucketFetches = "fetches" // record
	bucketParts   = "parts"   // parts of what is on its way; by post and number
)

// record is what the disk has about a photo that was asked for and is not here.
type record struct {
	Bad bool `cbor:"1,keyasint"` // its boxes hold something else than the post says
}

// Posts tells what posts say about their photos.
type Posts interface {
	Post(tx *store.Tx, id string) (content.Post, error)
}

// Photos is the pictures here, and those under way.
type Photos struct {
	store   *store.Store
	access  *person.Access
	network boxstream.Network
	posts   Posts
	fetches []*fetch // in the order in which they began
	asked   map[uint64]ask
	asks    uint64 // requests ever
}

// New is the photos of a person; posts says what they are pictures of.
func New(p *person.Person, s *store.Store, n boxstream.Network, posts Posts) *Photos {
	f := &Photos{store: s, network: n, posts: posts, asked: map[uint64]ask{}}
	f.access = p.Join(f)
	return f
}

// Keep writes the picture of a person's own post.
func (f *Photos) Keep(tx *store.Tx, post string, jpeg []byte) error {
	return tx.Put(bucketPhotos, post, jpeg)
}

// File is the JPEG file of a post, byte for byte as its author has it.
func (f *Photos) File(post string) ([]byte, error) {
	var picture []byte
	err := f.store.View(func(tx *store.Tx) error { return tx.Get(bucketPhotos, post, &picture) })
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNone.With("it is not here: fetch it first")
	}
	return picture, err
}

// Where says where a photo is.
type Where string

// The places of a photo.
const (
	Here     Where = "here"
	Fetching Where = "fetching"
	There    Where = "there"   // it was not asked for
	Expired  Where = "expired" // nobody keeps its boxes any more
	Bad      Where = "bad"     // its boxes hold something else
)

// State is how far a photo is.
type State struct {
	Post  string
	Where Where
	Got   int // boxes
	Of    int
	Bytes int
}

// State says how far the photo of a post is; about is what the post says.
func (f *Photos) State(
	tx *store.Tx, now time.Time, post string, about *content.Photo,
) (State, error) {
	s := State{Post: post, Where: There, Of: f.boxes(about), Bytes: about.Size}
	here, err := tx.Has(bucketPhotos, post)
	if err != nil {
		return s, err
	}
	var r record
	if err := tx.Get(bucketFetches, post, &r); err != nil && !errors.Is(err, store.ErrNotFound) {
		return s, err
	}
	under := f.find(post)
	switch {
	case here:
		s.Where, s.Got = Here, s.Of
	case r.Bad:
		s.Where = Bad
	case under != nil:
		s.Where, s.Got = Fetching, under.got
	case about.Day < f.network.Calendar.Oldest(now):
		s.Where = Expired
	}
	return s, nil
}

// Fetch begins to fetch a post's photo, unless it is here or on its way, and says how far it is.
func (f *Photos) Fetch(now time.Time, post string) (State, error) {
	var s State
	var fresh *fetch
	err := f.store.View(func(tx *store.Tx) error {
		about, err := f.about(tx, post)
		if err != nil {
			return err
		}
		if s, err = f.State(tx, now, post, about); err != nil || s.Where != There {
			return err
		}
		fresh, err = f.newFetch(tx, post, about)
		return err
	})
	switch {
	case err != nil:
		return State{}, err
	case s.Where == Bad:
		return State{}, ErrBad
	case s.Where == Expired:
		return State{}, ErrGone
	case fresh == nil:
		return s, nil
	}
	err = f.store.Update(func(tx *store.Tx) error { return tx.Put(bucketFetches, post, record{}) })
	if err != nil {
		return State{}, err
	}
	f.fetches = append(f.fetches, fresh)
	s.Where, s.Got = Fetching, fresh.got
	return s, nil
}

// about is what a post says about its photo.
func (f *Photos) about(tx *store.Tx, post string) (*content.Photo, error) {
	p, err := f.posts.Post(tx, post)
	if err == nil && p.Photo == nil {
		err = ErrNone
	}
	return p.Photo, err
}

// boxes is how many a photo takes.
func (f *Photos) boxes(about *content.Photo) int {
	size := f.network.Format.ContentSize()
	return (about.Size + size - 1) / size
}

func (f *Photos) find(post string) *fetch {
	i := slices.IndexFunc(f.fetches, func(g *fetch) bool { return g.post == post })
	if i < 0 {
		return nil
	}
	return f.fetches[i]
}

// assemble puts the parts together. What is not what the post says is thrown away.
func (f *Photos) assemble(g *fetch) error {
	var picture []byte
	err := f.store.View(func(tx *store.Tx) error {
		for i := range g.parts {
			var part []byte
			if err := tx.Get(bucketParts, partName(g.post, i), &part); err != nil {
				return err
			}
			picture = append(picture, part...)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("putting a photo together: %w", err)
	}
	if len(picture) != g.about.Size || sha256.Sum256(picture) != g.about.Hash {
		f.access.Tell(
			"a photo is not what its post describes, and was thrown away", "Ask its author.",
		)
		return f.end(
			g,
			func(tx *store.Tx) error { return tx.Put(bucketFetches, g.post, record{Bad: true}) },
		)
	}
	return f.end(g, func(tx *store.Tx) error {
		return errors.Join(tx.Put(bucketPhotos, g.post, picture), tx.Delete(bucketFetches, g.post))
	})
}

// end forgets a fetch and its parts, in the transaction that notes what came of it.
func (f *Photos) end(g *fetch, note func(*store.Tx) error) error {
	err := f.store.Update(func(tx *store.Tx) error {
		errs := []error{note(tx)}
		for i := range g.parts {
			errs = append(errs, tx.Delete(bucketParts, partName(g.post, i)))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		return fmt.Errorf("keeping a photo: %w", err)
	}
	f.fetches = slices.DeleteFunc(f.fetches, func(other *fetch) bool { return other == g })
	return nil
}
