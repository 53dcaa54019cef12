package photo

import (
	"errors"
	"fmt"
	"time"

	"murmuration/client/person"
	"murmuration/client/store"
)

// Load takes up what is to be looked at.
func (f *Photos) Load(tx *store.Tx) error {
	return store.Each(tx, bucketUnchecked, func(name string, _ unchecked) error {
		f.queue = append(f.queue, name)
		return nil
	})
}

// Supply asks for nothing: the boxes of photos come with their feeds.
func (f *Photos) Supply(time.Time) error { return nil }

// Answered hears nothing.
func (f *Photos) Answered(time.Time, person.Answer) error { return nil }

// Turn throws away, once a day, the parts of what cannot be completed any more.
func (f *Photos) Turn(now time.Time) error {
	oldest := f.network.Calendar.Oldest(now)
	if f.swept == oldest {
		return nil
	}
	gone := map[string]picture{}
	err := f.store.View(func(tx *store.Tx) error {
		return store.Each(tx, bucketPictures, func(name string, p picture) error {
			if p.Day < oldest && !p.Whole {
				gone[name] = p
			}
			return nil
		})
	})
	if err == nil && len(gone) > 0 {
		err = f.store.Update(func(tx *store.Tx) error { return sweep(tx, gone) })
	}
	if err != nil {
		return fmt.Errorf("throwing away parts of photos: %w", err)
	}
	f.swept = oldest
	return nil
}

func sweep(tx *store.Tx, gone map[string]picture) error {
	var errs []error
	for name, p := range gone {
		errs = append(errs, dropParts(tx, name, p), tx.Delete(bucketPictures, name))
	}
	return errors.Join(errs...)
}
