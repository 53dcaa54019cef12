package link

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"log/slog"

	"filippo.io/edwards25519"
)

// PublicKey is an Ed25519 public key (RFC 8032, 32 bytes): a node's identity, a
// client's spool key, or a throwaway.
type PublicKey [32]byte

// Seed is the 32-byte secret of an Ed25519 key pair (RFC 8032, section 5.1.5).
type Seed [32]byte

// Public is the key that goes with the seed.
func (s Seed) Public() PublicKey {
	return PublicKey(s.private().Public().(ed25519.PublicKey))
}

func (s Seed) private() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(s[:]) }

// Format keeps the secret out of every kind of print.
func (s Seed) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[seed]") }

// LogValue keeps the secret out of logs.
func (s Seed) LogValue() slog.Value { return slog.StringValue("[seed]") }

// String is the key in hexadecimal, as documents print it.
func (k PublicKey) String() string { return hex.EncodeToString(k[:]) }

// LogValue keeps keys out of logs: a client's would link its connections.
func (k PublicKey) LogValue() slog.Value { return slog.StringValue("[key]") }

// check refuses keys that are no point, not in canonical form or of small order
// (errBadKey). For a small-order key one signature fits every message, so that
// anybody could be its owner.
func (k PublicKey) check() error {
	p, err := new(edwards25519.Point).SetBytes(k[:])
	if err != nil || !bytes.Equal(p.Bytes(), k[:]) {
		return errBadKey
	}
	if p.MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return errBadKey
	}
	return nil
}
