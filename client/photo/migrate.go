package photo

import (
	"errors"
	"fmt"

	"murmuration/client/content"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Renew takes over the photo of a post from a home of version 3, where it was by another id. Photos
// of others are looked at anew, since that version did not; what was under way goes on.
func (f *Photos) Renew(tx *store.Tx, old string, follow uint64, own bool, of Of) error {
	var jpeg []byte
	err := tx.Get(bucketPhotos, old, &jpeg)
	here := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if own {
		err = nil
		if here {
			err = f.Keep(tx, of.Post, of.Index, jpeg, of.About.Thumb)
		}
		return errors.Join(err, tx.Delete(bucketPhotos, old))
	}
	records, err := f.thirds(tx, follow, of.About)
	if here {
		records = f.network.Format.Split(content.KindPhoto, jpeg)
	}
	errs := []error{err, tx.Delete(bucketPhotos, old), f.Expect(tx, of)}
	for _, r := range records {
		errs = append(errs, f.Take(tx, of.Source, of.Day, r))
	}
	return errors.Join(errs...)
}

// thirds takes out the parts of a picture that was under way in version 3.
func (f *Photos) thirds(
	tx *store.Tx, follow uint64, about content.Photo,
) (records []box.Record, err error) {
	name := fmt.Sprintf("%020d/%x", follow, about.Hash)
	boxes := f.boxes(about)
	for i := range uint32(min(boxes, content.MaxPhotoBoxes)) {
		r := box.Record{
			Kind: content.KindPhoto, Hash: about.Hash, Part: i, Parts: uint32(boxes),
		}
		err := tx.Get(bucketParts, partName(name, i), &r.Content)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err == nil {
			err = tx.Delete(bucketParts, partName(name, i))
		}
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, tx.Delete(bucketPictures, name)
}
