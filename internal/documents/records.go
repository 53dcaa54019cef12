package documents

import (
	"log/slog"

	"murmuration/internal/directory"
)

// records are the documents of a chain as bytes, in the store and for who asks for them. They are
// guarded by the mutex of the Set that has them.
type records struct {
	store Store
	log   *slog.Logger
	raw   map[directory.Epoch][]byte // what bytes was asked for
	saved map[directory.Epoch]bool   // in the store
	full  bool                       // the store took nothing at the last try
}

func newRecords(store Store, log *slog.Logger) records {
	return records{store: store, log: log,
		raw: map[directory.Epoch][]byte{}, saved: map[directory.Epoch]bool{}}
}

// bytes is the marshalled document of one epoch, made once; nil if it is not here.
func (r *records) bytes(chain *directory.Chain, e directory.Epoch) []byte {
	doc := chain.Document(e)
	if doc != nil && r.raw[e] == nil {
		r.raw[e] = doc.Marshal()
	}
	return r.raw[e]
}

func (r *records) unsaved(chain *directory.Chain) bool {
	for _, e := range chain.Epochs() {
		if !r.saved[e] {
			return true
		}
	}
	return false
}

// save puts on disk what is not there.
func (r *records) save(chain *directory.Chain) error {
	for _, e := range chain.Epochs() {
		if r.saved[e] {
			continue
		}
		if err := r.store.Keep(nameOf(e), chain.Document(e).Marshal()); err != nil {
			r.sayFull(err)
			return err
		}
		r.saved[e], r.full = true, false
	}
	return nil
}

// sayFull says once that the disk takes nothing.
func (r *records) sayFull(err error) {
	if !r.full {
		r.log.Warn("a network document is in use that cannot be kept: make room on the disk",
			"error", err)
	}
	r.full = true
}

// forget removes from the disk what the chain does not need any more.
func (r *records) forget(chain *directory.Chain) {
	for e := range r.saved {
		if chain.Document(e) != nil {
			continue
		}
		if err := r.store.Forget(nameOf(e)); err != nil {
			r.sayFull(err)
			continue // is tried again
		}
		delete(r.saved, e)
		delete(r.raw, e)
	}
}
