package post

import (
	"errors"

	"murmuration/client/boxstream"
	"murmuration/client/store"
)

// Adopt reads a stream from where a reader is, from the next Load on.
func (r *Reading) Adopt(tx *store.Tx, s Stream, from boxstream.Reader) error {
	g := reading{Name: s.Name, Source: s.Source, Epoch: s.Epoch, Number: 1, Reader: from}
	err := store.Each(tx, bucketReading, func(_ string, other reading) error {
		g.Number = max(g.Number, other.Number+1)
		return nil
	})
	return errors.Join(err, g.put(tx))
}
