package node

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/protocol"
)

// shelved is how many epochs a document is kept beyond its own: as long as somebody may ask for it,
// and as long again, so that a node that was away can check the chain.
const shelved = 2 * protocol.Validity

// Shelf keeps a node's network documents, in memory and as files DIR/<epoch>.document. Whatever is on it
// carries the signatures of enough authorities, and no two documents on it contradict each other. Its
// methods may be called from many goroutines.
type Shelf struct {
	genesis *directory.Genesis
	dir     string

	mu   sync.Mutex // guards docs
	docs map[directory.Epoch]volume
}

// volume is a document with its bytes, made once: whoever asks for a document gets it in many pieces.
type volume struct {
	doc *directory.Document
	raw []byte
}

// OpenShelf loads the documents in dir, making the directory if need be. A file that is damaged, or
// that contradicts another, is an error that names it.
func OpenShelf(genesis *directory.Genesis, dir string) (*Shelf, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening documents: %w", err)
	}
	s := &Shelf{genesis: genesis, dir: dir, docs: map[directory.Epoch]volume{}}
	files, err := filepath.Glob(filepath.Join(dir, "*.document"))
	if err != nil {
		return nil, fmt.Errorf("opening documents: %w", err)
	}
	for _, path := range files {
		if err := s.load(path); err != nil {
			return nil, fmt.Errorf("opening document %s: %w\n  remove the file and start again: it will be fetched anew", path, err)
		}
	}
	return s, nil
}

func (s *Shelf) load(path string) error {
	raw, err := durable.ReadFile(path, directory.MaxDocument)
	if err != nil {
		return err
	}
	doc, err := directory.ParseDocument(raw)
	if err == nil {
		err = doc.Verify(s.genesis)
	}
	if err == nil && path != s.path(doc.Epoch) {
		err = fmt.Errorf("it is the document of epoch %d", doc.Epoch)
	}
	if err == nil {
		err = s.fits(doc)
	}
	if err != nil {
		return err
	}
	s.docs[doc.Epoch] = volume{doc, raw}
	return nil
}

func (s *Shelf) path(e directory.Epoch) string {
	return filepath.Join(s.dir, strconv.FormatUint(uint64(e), 10)+".document")
}

// Current is the document that is in force at now: the newest of an epoch not later than now's that
// has not expired.
func (s *Shelf) Current(now time.Time) (*directory.Document, error) {
	e, err := s.genesis.Schedule().Epoch(now)
	if err != nil {
		return nil, err
	}
	for back := directory.Epoch(0); back < protocol.Validity && back <= e; back++ {
		if doc := s.Document(e - back); doc != nil {
			return doc, nil
		}
	}
	return nil, fmt.Errorf("there is no network document for now (epoch %d)", e)
}

// Document is the document of one epoch, or nil.
func (s *Shelf) Document(e directory.Epoch) *directory.Document {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.docs[e].doc
}

// Bytes is the marshalled document of one epoch, which must not be changed; nil if it is not here.
func (s *Shelf) Bytes(e directory.Epoch) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.docs[e].raw
}

// Latest is the newest document of all, or nil.
func (s *Shelf) Latest() *directory.Document {
	s.mu.Lock()
	defer s.mu.Unlock()
	var newest *directory.Document
	for _, v := range s.docs {
		if newest == nil || v.doc.Epoch > newest.Epoch {
			newest = v.doc
		}
	}
	return newest
}

// Keep verifies a document, puts it on disk, and forgets those that nobody may ask for any more at now.
// The same document again is fine. A second one for its epoch is directory.ErrTwoDocuments, one that
// does not follow its neighbours directory.ErrBrokenChain; neither is ever kept.
func (s *Shelf) Keep(now time.Time, doc *directory.Document) error {
	if err := doc.Verify(s.genesis); err != nil {
		return fmt.Errorf("verifying the document of epoch %d: %w", doc.Epoch, err)
	}
	raw := doc.Marshal()
	s.mu.Lock()
	defer s.mu.Unlock()
	if bytes.Equal(raw, s.docs[doc.Epoch].raw) {
		return nil
	}
	if err := s.fits(doc); err != nil {
		return fmt.Errorf("keeping the document of epoch %d: %w", doc.Epoch, err)
	}
	if err := durable.WriteFile(s.path(doc.Epoch), raw, 0o600); err != nil {
		return fmt.Errorf("keeping the document of epoch %d: %w", doc.Epoch, err)
	}
	s.docs[doc.Epoch] = volume{doc, raw}
	return s.forget(now)
}

// fits compares a document with those that are here. The caller holds mu, or is alone.
func (s *Shelf) fits(doc *directory.Document) error {
	digest := doc.Digest()
	if same := s.docs[doc.Epoch].doc; same != nil && same.Digest() != digest {
		return fmt.Errorf("%w, %s and %s: tell the operators of the authorities", directory.ErrTwoDocuments, same.Digest(), digest)
	}
	if before := s.docs[doc.Epoch-1].doc; doc.Epoch > 0 && before != nil && doc.Previous != before.Digest() {
		return fmt.Errorf("%w: it names %s, at hand is %s", directory.ErrBrokenChain, doc.Previous, before.Digest())
	}
	if after := s.docs[doc.Epoch+1].doc; after != nil && after.Previous != digest {
		return fmt.Errorf("%w: the one after it names %s, this is %s", directory.ErrBrokenChain, after.Previous, digest)
	}
	return nil
}

// forget removes documents that are too old. The caller holds mu.
func (s *Shelf) forget(now time.Time) error {
	e, err := s.genesis.Schedule().Epoch(now)
	if err != nil {
		return err
	}
	for old := range s.docs {
		if old+shelved < e {
			delete(s.docs, old)
			if err := os.Remove(s.path(old)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("forgetting a document: %w", err)
			}
		}
	}
	return nil
}
