// Package box is the store of messages that the providers keep: boxes of one fixed size, each with
// a blinded Ed25519 public key for its id, write-once, kept for some days. Here are their format on
// the wire, the capabilities that make and find them (BACAP), the rule that places them on
// providers, what a [Store] is, and one in memory ([MemStore]); that on disk is the room daystore
// below. docs/box.md is the specification.
//
// A request, and a reply, is one line of bytes (big-endian, sizes for the default [Format]):
//
//	 0      1      2      4              36                   100              132
//	+------+------+------+--------------+--------------------+----------------+---------------+
//	| op / | 0    | day  | id           | signature          | token / head   | ciphertext    |
//	| stat.|      |      | 32           | 64                 | 32             | 8,272         |
//	+------+------+------+--------------+--------------------+----------------+---------------+
//
// The package opens no socket and links nothing to anybody: no log line and no error text carries a
// box's id, its capability or its content.
package box

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"log/slog"

	"filippo.io/edwards25519"
)

// ID names a box: a canonical Ed25519 public key that is not of small order.
type ID [32]byte

// Signature is an Ed25519 signature by the box's key over the box's ciphertext.
type Signature [64]byte

// Token is a blind write token (docs/token.md): it lets one box be written at one holder on one
// day. Zero is none.
type Token [32]byte

// Holder is the identity key of a provider that stores boxes.
type Holder [32]byte

// NetworkID is the hash of the genesis file.
type NetworkID [32]byte

// LogValue keeps ids out of logs.
func (ID) LogValue() slog.Value { return slog.StringValue("[box id]") }

// Box is a sealed message as a provider keeps it. An empty ciphertext makes it a tombstone: its
// owner signed that there shall be nothing.
type Box struct {
	ID         ID
	Signature  Signature
	Ciphertext []byte
}

// Errors of checks on boxes and ids.
var (
	errBadID        = errors.New("box id is not a canonical point of large order")
	errBadSignature = errors.New("box signature does not verify")
)

// Tombstone reports whether the box is one.
func (b Box) Tombstone() bool { return len(b.Ciphertext) == 0 }

// Equal reports whether both are the same bytes.
func (b Box) Equal(o Box) bool {
	return b.ID == o.ID && b.Signature == o.Signature && bytes.Equal(b.Ciphertext, o.Ciphertext)
}

// Verify checks the id and the signature.
func (b Box) Verify() error {
	if err := b.ID.Check(); err != nil {
		return err
	}
	if !ed25519.Verify(b.ID[:], b.Ciphertext, b.Signature[:]) {
		return errBadSignature
	}
	return nil
}

// hash decides between two contents of one box: SHA-256 of signature ‖ ciphertext.
func (b Box) hash() [32]byte {
	h := sha256.New()
	h.Write(b.Signature[:])
	h.Write(b.Ciphertext)
	return [32]byte(h.Sum(nil))
}

// Check refuses ids that are not the canonical encoding of a point, and points of small order: the
// standard verifier takes the identity for a key, and one signature then fits every message.
func (id ID) Check() error {
	p, err := new(edwards25519.Point).SetBytes(id[:])
	if err != nil || ID(p.Bytes()) != id {
		return errBadID
	}
	if new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return errBadID
	}
	return nil
}
