// Package dayform is the form in which the boxes of a day lie in a store of keys and values: what
// its keys are called, and how its values are sealed, the same whatever database keeps them. Names
// are HMACs under the day's key and values are sealed under it, so that a store without that key
// does not even say which boxes existed, and a value that comes back for another key does not open.
//
// It must not read or write anything: it makes bytes of boxes and boxes of bytes.
//
//	'b' ‖ name 32                          → AES-256-GCM(id ‖ signature ‖ ciphertext), name as AD
//	'q' ‖ peer's name 16 ‖ commit 8 ‖ n 4  → name 32 of the box that waits
//	'u' ‖ name 32                          → its commit 8 ‖ n 4: a box that is to be listed
//	'p' ‖ slot 4                           → AES-256-GCM of an own bulletin, its key as AD
//	'k' ‖ kind 1 ‖ number 4 ‖ maker's 16   → AES-256-GCM of maker 32 ‖ record, its key as AD
//	't' ‖ HMAC of a token 32               → name 32 of the box that it was spent on
package dayform

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"sync"

	"murmuration/internal/box"
)

// What the keys of a day begin with.
const (
	BoxPrefix      = 'b'
	QueuePrefix    = 'q'
	UnlistedPrefix = 'u'
	BulletinPrefix = 'p'
	RecordPrefix   = 'k'
	TokenPrefix    = 't'
)

const (
	NameSize  = 32
	PeerSize  = 16    // of the name of a holder or a maker
	PlaceSize = 8 + 4 // commit ‖ index
)

// ErrDamaged is that of a value that is not what was stored under its key.
var ErrDamaged = errors.New("it does not open: the disk returned other bytes than were written")

// Form names and seals what a day holds.
type Form struct {
	name []byte // key of the names
	seal cipher.AEAD
}

// New is the form under a day's key of 32 bytes.
func New(key []byte) (*Form, error) {
	name, err := hkdf.Expand(sha256.New, key, "murmuration box day names", 32)
	if err != nil {
		return nil, err
	}
	seal, err := hkdf.Expand(sha256.New, key, "murmuration box day seal", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(seal)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &Form{name, aead}, err
}

// Name is what the store calls an id, an identity or a token.
func (f *Form) Name(b []byte) []byte {
	h := hmac.New(sha256.New, f.name)
	h.Write(b)
	return h.Sum(nil)
}

// Seal is the value of a key that is its associated data.
func (f *Form) Seal(plain, key []byte) []byte { return f.seal.Seal(nil, nil, plain, key) }

// Open is the inverse of Seal; what was not sealed under this key is ErrDamaged.
func (f *Form) Open(sealed, key []byte) ([]byte, error) {
	plain, err := f.seal.Open(nil, nil, sealed, key)
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}

// buffers holds the two buffers of a sealing, each of a box's size and something.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// SealBox is the value of a box, in a buffer that Recycle takes back.
func (f *Form) SealBox(b box.Box, name []byte) []byte {
	plain, out := buffers.Get().(*[]byte), buffers.Get().(*[]byte)
	*plain = append(append(append((*plain)[:0], b.ID[:]...), b.Signature[:]...), b.Ciphertext...)
	sealed := f.seal.Seal((*out)[:0], nil, *plain, name)
	buffers.Put(plain)
	return sealed
}

// Recycle gives the bytes of a sealed box, which nobody uses any more, to the next one.
func Recycle(sealed []byte) {
	sealed = sealed[:0]
	buffers.Put(&sealed)
}

// OpenBox is the inverse of SealBox.
func (f *Form) OpenBox(sealed, name []byte) (*box.Box, error) {
	plain, err := f.Open(sealed, name)
	if err != nil || len(plain) < 32+64 {
		return nil, ErrDamaged
	}
	return &box.Box{ID: box.ID(plain[:32]), Signature: box.Signature(plain[32:96]),
		Ciphertext: plain[96:]}, nil
}
