package session

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	circl "github.com/cloudflare/circl/kem/xwing"
	"github.com/katzenpost/hpqc/kem/xwing"
)

// Sizes of X-Wing, in bytes (draft-connolly-cfrg-xwing-kem, section 5).
const (
	keySize    = xwing.PublicKeySize
	cipherSize = xwing.CiphertextSize
	drawSize   = circl.EncapsulationSeedSize
)

// label begins the info of every derivation; what it is for follows.
const label = "murmuration/session/v1 "

// derive is HKDF with SHA-256.
func derive(secret, salt []byte, use string, info []byte, size int) []byte {
	out, err := hkdf.Key(sha256.New, secret, salt, label+use+string(info), size)
	if err != nil {
		panic("session: " + err.Error()) // sizes are constants
	}
	return out
}

// mac is HMAC with SHA-256.
func mac(key [32]byte, use string, data []byte) [32]byte {
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte(label + use))
	h.Write(data)
	return [32]byte(h.Sum(nil))
}

// draw reads a key, or seeds.
func draw(random io.Reader, size int) ([]byte, error) {
	b := make([]byte, size)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("drawing keys of a session: %w", err)
	}
	return b, nil
}

// publicOf is the X-Wing key of a seed.
func publicOf(seed []byte) []byte {
	public, _ := xwing.Scheme().DeriveKeyPair(seed)
	b, _ := public.MarshalBinary() // never fails
	return b
}

// checkKey refuses keys that X-Wing cannot work with: an ML-KEM part above its modulus, an X25519
// part of small order.
func checkKey(key []byte) error {
	var k circl.PublicKey
	if len(key) != keySize || k.Unpack(key) != nil {
		return ErrMalformed
	}
	point, err := ecdh.X25519().NewPublicKey(key[keySize-32:])
	if err != nil {
		return ErrMalformed
	}
	scalar := sha256.Sum256([]byte(label))
	probe, err := ecdh.X25519().NewPrivateKey(scalar[:])
	if err != nil {
		return ErrMalformed
	}
	if _, err := probe.ECDH(point); err != nil {
		return ErrMalformed
	}
	return nil
}

// encapsulate makes a secret, and the ciphertext that brings it to the owner of a key that was
// checked, from 64 random bytes. hpqc's own reads the system's randomness.
func encapsulate(key, random []byte) (secret, ciphertext []byte, err error) {
	return circl.Encapsulate(key, random)
}

// decapsulate is the other side. A forged ciphertext gives a secret that nobody has, or an error.
func decapsulate(seed, ciphertext []byte) ([]byte, error) {
	// The scheme makes all from the seed, and does not look at the public half before it.
	private, err := xwing.Scheme().UnmarshalBinaryPrivateKey(append(make([]byte, keySize), seed...))
	if err != nil {
		return nil, err
	}
	secret, err := xwing.Scheme().Decapsulate(private, ciphertext)
	if err != nil {
		return nil, ErrForged
	}
	return secret, nil
}

// next takes the key that is due and moves on.
func (c *Chain) next() (key [32]byte) {
	key = mac(c.Key, "message", nil)
	c.Key = mac(c.Key, "chain", nil)
	c.Counter++
	return key
}

// at takes the key of a counter and forgets those before it.
func (c *Chain) at(counter uint32) (key [32]byte, err error) {
	if counter < c.Counter {
		return key, ErrForged
	}
	if counter-c.Counter > mostSkipped {
		return key, ErrLost
	}
	for c.Counter < counter {
		c.next()
	}
	return c.next(), nil
}

func hexShort(b [32]byte) string { return hex.EncodeToString(b[:4]) }
