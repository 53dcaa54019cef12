package circle

import (
	"errors"
	"slices"
	"time"

	"murmuration/client/store"
)

// Cancel forgets a post of which nothing was handed over; what goes in its place says nothing.
func (a author) Cancel(tx *store.Tx, _ time.Time, entry string) ([]byte, error) {
	o, err := get(tx, a.id)
	if err != nil {
		return nil, err
	}
	o.Posts = slices.DeleteFunc(o.Posts, func(id string) bool { return id == entry })
	nothing, err := a.c.cfg.Writing.Cancel(tx, entry)
	return nothing, errors.Join(err, o.put(tx), tx.Delete(bucketThreads, entry))
}
