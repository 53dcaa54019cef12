// Package photo is the pictures of posts: those that are here, and the parts of those that are on
// their way. The boxes of a picture are those of the feed behind the post's, so that nobody asks
// for one: they come with the feed, in any order, and before their post or after it.
//
// What is whole, and is what its author announced, is not shown before it was looked at: somebody
// else decodes it, where nothing else is, and gives it back encoded anew; so with thumbnails. Until
// then it is an Unchecked, on the disk.
//
// It is pure, and a person's Part for the sake of the clock alone. It must not take what its post
// does not describe: a picture is put together of parts of its own source only, and a whole with
// another hash is thrown away. It must not give out a byte that a stranger chose.
package photo

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/fault"
	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Faults of photos.
var (
	ErrNone = fault.New(
		fault.NotFound, "the photo of this post is not here",
		"`murmur timeline` shows which posts have one, and how far it is.",
	)
	ErrGone = fault.New(
		fault.NotFound, "the photo has expired",
		"Boxes are kept for some days only. In a circle, `murmur photo ask ID` has its author's "+
			"program send it again.",
	)
	ErrBad = fault.New(
		fault.Trust, "the photo is not the one that the post describes, or is no picture",
		"It was thrown away: ask its author.",
	)
)

// The buckets of photos.
const (
	bucketPhotos    = "photos"    // JPEG files, by the id of the post and which of its photos it is
	bucketThumbs    = "thumbs"    // small ones, by the same names
	bucketPictures  = "pictures"  // picture, by its name
	bucketParts     = "parts"     // contents of boxes, by the picture's name and their number
	bucketUnchecked = "unchecked" // unchecked, by its name
)

// picture is what the disk has of one that is on its way, or came to nothing.
type picture struct {
	Posts []string `cbor:"1,keyasint"` // names of the photos of posts that have come
	Size  int      `cbor:"2,keyasint"` // of the file in bytes, as its post says
	Parts int      `cbor:"3,keyasint"`
	Got   int      `cbor:"4,keyasint"`
	Day   box.Day  `cbor:"5,keyasint"` // the latest of its boxes and of its posts
	Bad   bool     `cbor:"6,keyasint"` // its boxes hold something else than the post says
	// Whole says that everything is here, and waits to be looked at.
	Whole  bool `cbor:"7,keyasint,omitempty"`
	Width  int  `cbor:"8,keyasint,omitempty"` // in pixels, as its post says
	Height int  `cbor:"9,keyasint,omitempty"`
}

// nameOf tells pictures of different sources apart, though they may be the same.
func nameOf(s content.Source, hash [32]byte) string {
	return fmt.Sprintf("%x/%x", s, hash)
}

// fileName is that of a photo of a post: of its first one, as when there was no other, the id.
func fileName(post string, index int) string {
	if index == 0 {
		return post
	}
	return fmt.Sprintf("%s/%d", post, index)
}

func partName(name string, i uint32) string { return fmt.Sprintf("%s/%05d", name, i) }

// Photos is the pictures of a person's posts. All of it is on the disk.
type Photos struct {
	store   *store.Store
	access  *person.Access
	network boxstream.Network
	swept   box.Day  // when what does not come any more was thrown away last
	queue   []string // names of what is to be looked at, the oldest first
}

// New is the photos of a person.
func New(p *person.Person, s *store.Store, n boxstream.Network) *Photos {
	f := &Photos{store: s, network: n}
	f.access = p.Join(f)
	return f
}

// Keep writes a picture of a person's own post, and its thumbnail: which of them, from 0 on, is its
// index.
func (f *Photos) Keep(tx *store.Tx, post string, index int, jpeg, thumb []byte) error {
	name := fileName(post, index)
	return errors.Join(tx.Put(bucketPhotos, name, jpeg), tx.Put(bucketThumbs, name, thumb))
}

// File is the JPEG file of a photo of a post: of one's own, byte for byte as others get it, and of
// another's, as it was encoded anew.
func (f *Photos) File(post string, index int) ([]byte, error) {
	var picture []byte
	err := f.store.View(func(tx *store.Tx) error {
		return tx.Get(bucketPhotos, fileName(post, index), &picture)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNone
	}
	return picture, err
}

// Kept is File within a transaction: nil if it is not here.
func (f *Photos) Kept(tx *store.Tx, post string, index int) (jpeg []byte, err error) {
	err = tx.Get(bucketPhotos, fileName(post, index), &jpeg)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return jpeg, err
}

// Of says which picture is meant: one of those of a post of a source, in a box of a day.
type Of struct {
	Post   string
	Index  int // from 0 on
	Source content.Source
	Day    box.Day
	About  content.Photo
}

// Where says where a photo is.
type Where string

// The places of a photo.
const (
	Here     Where = "here"
	Coming   Where = "coming"   // its boxes are read as they come
	Checking Where = "checking" // they are here, and nobody has looked yet whether it is a picture
	Expired  Where = "expired"  // nobody keeps the boxes that have not come
	Bad      Where = "bad"      // its boxes hold something else, or no picture
)

// State is how far a photo is.
type State struct {
	Post  string
	Where Where
	Got   int // boxes
	Of    int
	Bytes int
	Thumb []byte // a small JPEG of this program's own; nil if there is none, or not yet
}

// State says how far the photo of a post is. Its day is that of the post's box: what an author
// claims cannot keep it coming.
func (f *Photos) State(tx *store.Tx, now time.Time, of Of) (State, error) {
	s := State{Post: of.Post, Where: Coming, Of: f.boxes(of.About), Bytes: of.About.Size}
	name := fileName(of.Post, of.Index)
	err := tx.Get(bucketThumbs, name, &s.Thumb)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return s, err
	}
	here, err := tx.Has(bucketPhotos, name)
	if err != nil {
		return s, err
	}
	if here {
		s.Where, s.Got = Here, s.Of
		return s, nil
	}
	p, err := getPicture(tx, nameOf(of.Source, of.About.Hash))
	s.Got = p.Got
	switch {
	case p.Bad:
		s.Where = Bad
	case p.Whole:
		s.Where = Checking
	case max(of.Day, p.Day) < f.network.Calendar.Oldest(now):
		s.Where = Expired
	}
	return s, err
}

// boxes is how many a photo takes.
func (f *Photos) boxes(about content.Photo) int {
	size := f.network.Format.ContentSize()
	return (about.Size + size - 1) / size
}

// getPicture is the zero one if there is none yet.
func getPicture(tx *store.Tx, name string) (p picture, err error) {
	if err = tx.Get(bucketPictures, name, &p); errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return p, err
}

// Expect notes, in the transaction that keeps a post, that its photo may come.
func (f *Photos) Expect(tx *store.Tx, of Of) error {
	if err := f.expectThumb(tx, of); err != nil {
		return err
	}
	boxes := f.boxes(of.About)
	if boxes > content.MaxPhotoBoxes {
		return nil // it says that it is larger than a photo can be, and stays away
	}
	name := nameOf(of.Source, of.About.Hash)
	p, err := getPicture(tx, name)
	if err != nil {
		return err
	}
	other := p.Size != of.About.Size || p.Width != of.About.Width || p.Height != of.About.Height
	if p.Parts != 0 && p.Parts != boxes || len(p.Posts) > 0 && other {
		p.Bad = true
	}
	p.Posts = append(p.Posts, fileName(of.Post, of.Index))
	p.Size, p.Width, p.Height, p.Parts = of.About.Size, of.About.Width, of.About.Height, boxes
	p.Day = max(p.Day, of.Day)
	return f.put(tx, name, of.About.Hash, p)
}

// Take keeps a part, in the transaction in which the reader of its source moves on.
func (f *Photos) Take(tx *store.Tx, s content.Source, day box.Day, r box.Record) error {
	name := nameOf(s, r.Hash)
	p, err := getPicture(tx, name)
	if err != nil {
		return err
	}
	known, err := tx.Has(bucketParts, partName(name, r.Part))
	if err != nil || known || r.Parts > content.MaxPhotoBoxes || p.Bad || p.Whole ||
		p.Parts != 0 && p.Parts != int(r.Parts) {
		return err
	}
	p.Parts, p.Day = int(r.Parts), max(p.Day, day)
	p.Got++
	return errors.Join(
		tx.Put(bucketParts, partName(name, r.Part), r.Content), f.put(tx, name, r.Hash, p),
	)
}

// put keeps a picture as far as it is, and leaves the whole to be looked at once everything is
// here.
func (f *Photos) put(tx *store.Tx, name string, hash [32]byte, p picture) error {
	if len(p.Posts) == 0 || p.Got != p.Parts || p.Bad || p.Whole {
		return tx.Put(bucketPictures, name, p)
	}
	jpeg, err := whole(tx, name, p)
	if err != nil {
		return fmt.Errorf("putting a photo together: %w", err)
	}
	if len(jpeg) != p.Size || sha256.Sum256(jpeg) != hash {
		f.tell(tx, "a photo is not what its post describes, and was thrown away")
		p.Bad = true
		return errors.Join(dropParts(tx, name, p), tx.Put(bucketPictures, name, p))
	}
	p.Whole = true
	return errors.Join(
		dropParts(tx, name, p), tx.Put(bucketPictures, name, p),
		f.enqueue(tx, unchecked{Name: name, File: jpeg, Width: p.Width, Height: p.Height}),
	)
}

func whole(tx *store.Tx, name string, p picture) (jpeg []byte, err error) {
	for i := range uint32(p.Parts) {
		var part []byte
		if err := tx.Get(bucketParts, partName(name, i), &part); err != nil {
			return nil, err
		}
		jpeg = append(jpeg, part...)
	}
	return jpeg, nil
}

func dropParts(tx *store.Tx, name string, p picture) error {
	var errs []error
	for i := range uint32(p.Parts) {
		errs = append(errs, tx.Delete(bucketParts, partName(name, i)))
	}
	return errors.Join(errs...)
}
