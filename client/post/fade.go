package post

import (
	"errors"
	"fmt"
	"time"

	"murmuration/client/content"
	"murmuration/client/store"
	"murmuration/client/timeline"
)

const bucketFading = "fading" // id of a post, by the hour of its end and the id

// over says whether a post is to be forgotten by now.
func over(p content.Post, now time.Time) bool { return p.Expires != 0 && p.Expires <= now.Unix() }

// fade notes, in the transaction that keeps a post, when it is to be forgotten, if ever.
func fade(tx *store.Tx, id string, p content.Post) error {
	if p.Expires == 0 {
		return nil
	}
	return tx.Put(bucketFading, fmt.Sprintf("%020d/%s", p.Expires, id), id)
}

// forget erases, once an hour, what its author wants forgotten by now.
func (r *Reading) forget(now time.Time) error {
	hour := now.Unix() / 3600
	if hour == r.forgot {
		return nil
	}
	begins := fmt.Sprintf("%020d", now.Unix()+1) // of the names of those that last
	err := r.cfg.Store.Update(func(tx *store.Tx) error {
		return store.Each(tx, bucketFading, func(name, id string) error {
			if name >= begins {
				return nil
			}
			_, err := r.cfg.Timeline.Entry(tx, id)
			if err == nil {
				err = r.Erase(tx, id)
			}
			if errors.Is(err, timeline.ErrNoPost) {
				err = nil // it is gone already
			}
			return errors.Join(err, tx.Delete(bucketFading, name))
		})
	})
	if err != nil {
		return fmt.Errorf("forgetting posts that expired: %w", err)
	}
	r.forgot = hour
	return nil
}

// Erase forgets what a post said and showed; it is not kept again when it comes again.
func (r *Reading) Erase(tx *store.Tx, id string) error {
	errs := []error{r.cfg.Timeline.Erase(tx, id)}
	for i := range content.MaxPhotos {
		errs = append(errs, r.cfg.Photos.Forget(tx, id, i))
	}
	return errors.Join(errs...)
}

// Source is what a post is of that is here.
func (r *Reading) Source(tx *store.Tx, id string) (Source, error) {
	e, err := r.cfg.Timeline.Entry(tx, id)
	return e.Source, err
}
