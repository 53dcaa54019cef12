package store

import (
	"cmp"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/fxamacker/cbor/v2"
	"golang.org/x/crypto/chacha20poly1305"
)

// ErrNotFound says that there is no record of this name.
var ErrNotFound = errors.New("no such record")

// Sizes of a record's key: hash of the bucket, then of bucket and name.
const (
	bucketSize = 8
	nameSize   = 24
)

// Tx reads and writes within one transaction; it is over when its function returns.
type Tx struct {
	txn    *badger.Txn
	sealer *sealer
}

// named is what is sealed: a record cannot be listed by its hash, so that it carries its name.
type named struct {
	Name  string          `cbor:"1,keyasint"`
	Value cbor.RawMessage `cbor:"2,keyasint"`
}

var (
	encMode = must(cbor.CanonicalEncOptions().EncMode())
	decMode = must(cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField, MaxNestedLevels: 16,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic("store: CBOR mode: " + err.Error())
	}
	return v
}

// Put writes a record. v is encoded as CBOR and must not exceed MaxRecord.
func (t *Tx) Put(bucket, name string, v any) error {
	value, err := encMode.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding a record of %s: %w", bucket, err)
	}
	plain, err := encMode.Marshal(named{name, value})
	if err != nil {
		return fmt.Errorf("encoding a record of %s: %w", bucket, err)
	}
	if len(plain) > MaxRecord-chacha20poly1305.NonceSizeX-chacha20poly1305.Overhead {
		return fmt.Errorf("writing a record of %s: %d bytes are more than %d", bucket, len(plain), MaxRecord)
	}
	key := t.sealer.key(bucket, name)
	if err := t.txn.Set(key, t.sealer.seal(key, plain)); err != nil {
		return fmt.Errorf("writing a record of %s: %w", bucket, err)
	}
	return nil
}

// Get reads a record into v, or returns ErrNotFound.
func (t *Tx) Get(bucket, name string, v any) error {
	item, err := t.txn.Get(t.sealer.key(bucket, name))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("reading a record of %s: %w", bucket, err)
	}
	n, err := t.open(item)
	if err != nil {
		return fmt.Errorf("reading a record of %s: %w", bucket, err)
	}
	return decode(bucket, n.Value, v)
}

// Has says whether there is a record, without opening it.
func (t *Tx) Has(bucket, name string) (bool, error) {
	_, err := t.txn.Get(t.sealer.key(bucket, name))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for a record of %s: %w", bucket, err)
	}
	return true, nil
}

// Delete removes a record, if it is there.
func (t *Tx) Delete(bucket, name string) error {
	if err := t.txn.Delete(t.sealer.key(bucket, name)); err != nil {
		return fmt.Errorf("deleting a record of %s: %w", bucket, err)
	}
	return nil
}

// Each reads all records of a bucket into values of type T, in the order of their names.
func Each[T any](t *Tx, bucket string, do func(name string, v T) error) error {
	all, err := t.bucket(bucket)
	if err != nil {
		return err
	}
	for _, n := range all {
		var v T
		if err := decode(bucket, n.Value, &v); err != nil {
			return err
		}
		if err := do(n.Name, v); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) bucket(bucket string) (all []named, err error) {
	it := t.txn.NewIterator(badger.IteratorOptions{Prefix: t.sealer.prefix(bucket), PrefetchSize: 16, PrefetchValues: true})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		n, err := t.open(it.Item())
		if err != nil {
			return nil, fmt.Errorf("reading the records of %s: %w", bucket, err)
		}
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b named) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

func (t *Tx) open(item *badger.Item) (n named, err error) {
	err = item.Value(func(sealed []byte) error {
		plain, err := t.sealer.open(item.Key(), sealed)
		if err != nil {
			return err
		}
		return decMode.Unmarshal(plain, &n)
	})
	return n, err
}

func decode(bucket string, value []byte, v any) error {
	if err := decMode.Unmarshal(value, v); err != nil {
		return ErrForeign.With("a record of %s: %w", bucket, err)
	}
	return nil
}

// sealer names, seals and opens records.
type sealer struct {
	aead cipher.AEAD
	name [32]byte
}

func newSealer(k keys) sealer { return sealer{must(chacha20poly1305.NewX(k.value[:])), k.name} }

func (s *sealer) prefix(bucket string) []byte {
	return s.hash("bucket\x00" + bucket)[:bucketSize]
}

func (s *sealer) key(bucket, name string) []byte {
	return append(s.prefix(bucket), s.hash("name\x00" + bucket + "\x00" + name)[:nameSize]...)
}

func (s *sealer) hash(text string) []byte {
	h := hmac.New(sha256.New, s.name[:])
	h.Write([]byte(text))
	return h.Sum(nil)
}

func (s *sealer) seal(key, plain []byte) []byte {
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(plain)+chacha20poly1305.Overhead)
	rand.Read(nonce)
	return s.aead.Seal(nonce, nonce, plain, key)
}

func (s *sealer) open(key, sealed []byte) ([]byte, error) {
	if len(sealed) < chacha20poly1305.NonceSizeX {
		return nil, ErrForeign.With("a record of %d bytes", len(sealed))
	}
	plain, err := s.aead.Open(nil, sealed[:chacha20poly1305.NonceSizeX], sealed[chacha20poly1305.NonceSizeX:], key)
	if err != nil {
		return nil, ErrForeign.With("a record does not open: it was changed or moved")
	}
	return plain, nil
}
