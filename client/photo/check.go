package photo

import (
	"errors"
	"fmt"

	"murmuration/client/store"
)

// unchecked is a picture that somebody sent, as they sent it.
type unchecked struct {
	Name   string `cbor:"1,keyasint"` // of a picture, or of a post's photo whose thumbnail it is
	File   []byte `cbor:"2,keyasint"`
	Width  int    `cbor:"3,keyasint,omitempty"` // in pixels, as announced
	Height int    `cbor:"4,keyasint,omitempty"`
	Thumb  bool   `cbor:"5,keyasint,omitempty"`
}

// key is its name in the bucket: thumbnails come first, since they are seen first.
func (u unchecked) key() string {
	if u.Thumb {
		return "a/" + u.Name
	}
	return "b/" + u.Name
}

// Unchecked is a picture that waits to be looked at, as somebody sent it: nothing but its length
// and its hash are known. To be decoded where nothing else is.
type Unchecked struct {
	File          []byte
	Width, Height int  // that it is said to have
	Thumb         bool // it is a thumbnail, of which nothing is said

	key string
}

// enqueue leaves a picture to be looked at.
func (f *Photos) enqueue(tx *store.Tx, u unchecked) error {
	tx.After(func() { f.queue = append(f.queue, u.key()) })
	return tx.Put(bucketUnchecked, u.key(), u)
}

// expectThumb leaves the thumbnail of a post's photo to be looked at.
func (f *Photos) expectThumb(tx *store.Tx, of Of) error {
	if len(of.About.Thumb) == 0 {
		return nil
	}
	return f.enqueue(tx, unchecked{
		Name: fileName(of.Post, of.Index), File: of.About.Thumb, Thumb: true,
	})
}

// Waiting is how many pictures wait to be looked at.
func (f *Photos) Waiting() int { return len(f.queue) }

// Unchecked is the one that is to be looked at next; false if there is none.
func (f *Photos) Unchecked() (next Unchecked, ok bool, err error) {
	if len(f.queue) == 0 {
		return next, false, nil
	}
	var u unchecked
	err = f.store.View(func(tx *store.Tx) error { return tx.Get(bucketUnchecked, f.queue[0], &u) })
	if err != nil {
		return next, false, fmt.Errorf("taking up a picture to be looked at: %w", err)
	}
	return Unchecked{u.File, u.Width, u.Height, u.Thumb, u.key()}, true, nil
}

// Checked takes what was made of it: a JPEG file that was encoded anew, or nil if it is no picture,
// or another than was announced. What cannot be noted waits on; of a post that was erased meanwhile
// nothing is kept.
func (f *Photos) Checked(u Unchecked, jpeg []byte) error {
	err := f.store.Update(func(tx *store.Tx) error {
		var waits unchecked
		err := tx.Get(bucketUnchecked, u.key, &waits)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		tx.After(func() { f.drop(u.key) })
		return errors.Join(f.settle(tx, waits, jpeg), tx.Delete(bucketUnchecked, u.key))
	})
	if err != nil {
		return fmt.Errorf("noting a picture that was looked at: %w", err)
	}
	return nil
}

// Look has everything looked at by `do`, here and now: for worlds in which pictures are made up,
// and nobody decodes any.
func (f *Photos) Look(do func(Unchecked) []byte) error {
	for len(f.queue) > 0 {
		u, _, err := f.Unchecked()
		if err == nil {
			err = f.Checked(u, do(u))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *Photos) drop(key string) {
	for i, waits := range f.queue {
		if waits == key {
			f.queue = append(f.queue[:i:i], f.queue[i+1:]...)
			return
		}
	}
}

// settle puts a picture in its place, or throws it away.
func (f *Photos) settle(tx *store.Tx, u unchecked, jpeg []byte) error {
	switch {
	case u.Thumb && jpeg == nil:
		f.tell(tx, "a thumbnail is no picture, and was thrown away")
		return nil
	case u.Thumb:
		return tx.Put(bucketThumbs, u.Name, jpeg)
	}
	p, err := getPicture(tx, u.Name)
	if err != nil {
		return err
	}
	if jpeg == nil {
		f.tell(tx, "a photo is no picture, or not the one that its post describes, and was "+
			"thrown away")
		p.Bad, p.Whole = true, false
		return tx.Put(bucketPictures, u.Name, p)
	}
	errs := []error{tx.Delete(bucketPictures, u.Name)}
	for _, name := range p.Posts {
		errs = append(errs, tx.Put(bucketPhotos, name, jpeg))
	}
	return errors.Join(errs...)
}

func (f *Photos) tell(tx *store.Tx, what string) {
	tx.After(func() { f.access.Tell(what, "Ask its author.") })
}
