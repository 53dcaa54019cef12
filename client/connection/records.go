package connection

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"murmuration/client/store"
	"murmuration/internal/documents"
)

// sealed keeps documents and findings in a person's store: bucket "documents" has a head for each
// record, bucket "pieces" what it consists of, since a document may be longer than a record of the
// store. A head is written last, so that half a record is none.
type sealed struct{ *store.Store }

// head says what a record consists of.
type head struct {
	Pieces int      `cbor:"1,keyasint"`
	Hash   [32]byte `cbor:"2,keyasint"`
}

// pieceSize leaves room in a record of the store, and in a transaction.
const pieceSize = store.MaxRecord / 2

func pieceName(name string, i int) string { return fmt.Sprintf("%s/%04d", name, i) }

// Load gives all records. One whose pieces are not all there, because the client was killed while
// it was replaced, is left out: documents are fetched again.
func (s sealed) Load() (all []documents.Record, err error) {
	err = s.View(func(tx *store.Tx) error {
		return store.Each(tx, "documents", func(name string, h head) error {
			raw, err := join(tx, name, h)
			if err == nil {
				all = append(all, documents.Record{Name: name, Path: name + " in the store",
					Raw: raw})
			}
			return unlessMissing(err)
		})
	})
	return all, err
}

func join(tx *store.Tx, name string, h head) (raw []byte, err error) {
	for i := range h.Pieces {
		var piece []byte
		if err := tx.Get("pieces", pieceName(name, i), &piece); err != nil {
			return nil, err
		}
		raw = append(raw, piece...)
	}
	if sha256.Sum256(raw) != h.Hash {
		return nil, store.ErrNotFound
	}
	return raw, nil
}

func unlessMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// Keep writes a record, piece by piece.
func (s sealed) Keep(name string, raw []byte) error {
	h := head{Hash: sha256.Sum256(raw)}
	for piece := range slices.Chunk(raw, pieceSize) {
		err := s.Update(func(tx *store.Tx) error {
			return tx.Put("pieces",
				pieceName(name, h.Pieces), piece)
		})
		if err != nil {
			return err
		}
		h.Pieces++
	}
	return s.Update(func(tx *store.Tx) error { return tx.Put("documents", name, h) })
}

// Forget removes a record.
func (s sealed) Forget(name string) error {
	return s.Update(func(tx *store.Tx) error {
		var h head
		err := tx.Get("documents", name, &h)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		errs := []error{tx.Delete("documents", name)}
		for i := range h.Pieces {
			errs = append(errs, tx.Delete("pieces", pieceName(name, i)))
		}
		return errors.Join(errs...)
	})
}
