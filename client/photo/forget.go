package photo

import (
	"errors"
	"slices"

	"murmuration/client/store"
)

// Forget erases a picture of a post, whether it is here or under way: what still comes of it is
// nobody's, unless another post shows it.
func (f *Photos) Forget(tx *store.Tx, post string, index int) error {
	name := fileName(post, index)
	here, err := tx.Has(bucketPhotos, name)
	errs := []error{
		err, tx.Delete(bucketPhotos, name), tx.Delete(bucketThumbs, name),
		f.dequeue(tx, unchecked{Name: name, Thumb: true}),
	}
	if !here {
		errs = append(errs, f.unexpect(tx, name))
	}
	return errors.Join(errs...)
}

// dequeue has nobody look at a picture any more.
func (f *Photos) dequeue(tx *store.Tx, u unchecked) error {
	tx.After(func() { f.drop(u.key()) })
	return tx.Delete(bucketUnchecked, u.key())
}

// unexpect takes a photo of a post from the picture that comes for it.
func (f *Photos) unexpect(tx *store.Tx, photo string) error {
	changed := map[string]picture{}
	err := store.Each(tx, bucketPictures, func(name string, p picture) error {
		if i := slices.Index(p.Posts, photo); i >= 0 {
			p.Posts = slices.Delete(p.Posts, i, i+1)
			changed[name] = p
		}
		return nil
	})
	errs := []error{err}
	for name, p := range changed {
		if len(p.Posts) > 0 {
			errs = append(errs, tx.Put(bucketPictures, name, p))
			continue
		}
		errs = append(
			errs, dropParts(tx, name, p), tx.Delete(bucketPictures, name),
			f.dequeue(tx, unchecked{Name: name}),
		)
	}
	return errors.Join(errs...)
}
