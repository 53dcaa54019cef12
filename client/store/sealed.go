package store

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
	"github.com/fxamacker/cbor/v2"
	"golang.org/x/crypto/chacha20poly1305"
)

// Sizes of a record's key: hash of the bucket, then of bucket and name.
const (
	bucketSize = 8
	nameSize   = 24
)

// named is what is sealed: a record cannot be listed by its hash, so that it carries its name.
type named struct {
	Name  string          `cbor:"1,keyasint"`
	Value cbor.RawMessage `cbor:"2,keyasint"`
}

// sealed is a transaction's records in Badger.
type sealed struct {
	txn    *badger.Txn
	sealer *sealer
}

func (s sealed) set(bucket, name string, value []byte) error {
	plain, err := encMode.Marshal(named{name, value})
	if err != nil {
		return err
	}
	if len(plain) > MaxRecord-chacha20poly1305.NonceSizeX-chacha20poly1305.Overhead {
		return fmt.Errorf("%d bytes are more than %d", len(plain), MaxRecord)
	}
	key := s.sealer.key(bucket, name)
	return s.txn.Set(key, s.sealer.seal(key, plain))
}

func (s sealed) get(bucket, name string) ([]byte, error) {
	item, err := s.txn.Get(s.sealer.key(bucket, name))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	n, err := s.open(item)
	return n.Value, err
}

func (s sealed) has(bucket, name string) (bool, error) {
	_, err := s.txn.Get(s.sealer.key(bucket, name))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (s sealed) delete(bucket, name string) error {
	return s.txn.Delete(s.sealer.key(bucket, name))
}

func (s sealed) walk(bucket string, do func(named) error) error {
	it := s.txn.NewIterator(badger.IteratorOptions{
		Prefix: s.sealer.prefix(bucket), PrefetchSize: 16, PrefetchValues: true,
	})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		n, err := s.open(it.Item())
		if err == nil {
			err = do(n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s sealed) open(item *badger.Item) (n named, err error) {
	err = item.Value(func(sealed []byte) error {
		plain, err := s.sealer.open(item.Key(), sealed)
		if err != nil {
			return err
		}
		return decMode.Unmarshal(plain, &n)
	})
	return n, err
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
	nonce := make(
		[]byte, chacha20poly1305.NonceSizeX,
		chacha20poly1305.NonceSizeX+len(plain)+chacha20poly1305.Overhead,
	)
	rand.Read(nonce)
	return s.aead.Seal(nonce, nonce, plain, key)
}

func (s *sealer) open(key, sealed []byte) ([]byte, error) {
	if len(sealed) < chacha20poly1305.NonceSizeX {
		return nil, ErrForeign.With("a record of %d bytes", len(sealed))
	}
	plain, err := s.aead.Open(
		nil, sealed[:chacha20poly1305.NonceSizeX], sealed[chacha20poly1305.NonceSizeX:], key,
	)
	if err != nil {
		return nil, ErrForeign.With("a record does not open: it was changed or moved")
	}
	return plain, nil
}
