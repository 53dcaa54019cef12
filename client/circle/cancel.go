package circle

import (
	"errors"
	"slices"
	"time"

	"murmuration/client/content"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Cancel forgets a post of which nothing was handed over; what goes in its place says nothing.
func (a author) Cancel(tx *store.Tx, _ time.Time, entry string) ([]byte, error) {
	o, err := get(tx, a.id)
	if err != nil {
		return nil, err
	}
	o.Posts = slices.DeleteFunc(o.Posts, func(id string) bool { return id == entry })
	nothing := box.Record{Kind: content.KindCover, Parts: 1}
	return nothing.Marshal(a.c.cfg.Network.Format), errors.Join(
		o.put(tx), a.c.cfg.Reading.Erase(tx, entry), tx.Delete(bucketThreads, entry),
	)
}
