// Package kem is X-Wing as all rooms use it: keys from seeds, secrets in ciphertexts
// (draft-connolly-cfrg-xwing-kem). Randomness is an argument, and a key that came from somebody
// else is checked before it is used.
//
// It must not keep anything, and must not know what a secret is for.
package kem

import (
	"crypto/ecdh"
	"crypto/sha256"
	"errors"

	circl "github.com/cloudflare/circl/kem/xwing"
	"github.com/katzenpost/hpqc/kem/xwing"
)

// Sizes in bytes (draft-connolly-cfrg-xwing-kem, section 5).
const (
	SeedSize   = 32
	KeySize    = xwing.PublicKeySize         // 1,216
	CipherSize = xwing.CiphertextSize        // 1,120
	DrawSize   = circl.EncapsulationSeedSize // 64: what Encapsulate takes
)

// ErrKey says that a key is none that X-Wing can work with.
var ErrKey = errors.New("malformed X-Wing key")

// Public is the key of a seed.
func Public(seed []byte) []byte {
	public, _ := xwing.Scheme().DeriveKeyPair(seed)
	b, _ := public.MarshalBinary() // never fails
	return b
}

// Check refuses keys that X-Wing cannot work with: an ML-KEM part above its modulus, an X25519
// part of small order.
func Check(key []byte) error {
	var k circl.PublicKey
	if len(key) != KeySize || k.Unpack(key) != nil {
		return ErrKey
	}
	point, err := ecdh.X25519().NewPublicKey(key[KeySize-32:])
	if err != nil {
		return ErrKey
	}
	scalar := sha256.Sum256([]byte("murmuration/kem/v1 probe"))
	probe, err := ecdh.X25519().NewPrivateKey(scalar[:])
	if err != nil {
		return ErrKey
	}
	if _, err := probe.ECDH(point); err != nil {
		return ErrKey
	}
	return nil
}

// Encapsulate makes a secret, and the ciphertext that brings it to the owner of a key that was
// checked, from DrawSize random bytes. hpqc's own reads the system's randomness.
func Encapsulate(key, random []byte) (secret, ciphertext []byte, err error) {
	return circl.Encapsulate(key, random)
}

// Decapsulate is the other side. A forged ciphertext gives a secret that nobody has, or an error.
func Decapsulate(seed, ciphertext []byte) ([]byte, error) {
	// The scheme makes all from the seed, and does not look at the public half before it.
	private, err := xwing.Scheme().UnmarshalBinaryPrivateKey(append(make([]byte, KeySize), seed...))
	if err != nil {
		return nil, err
	}
	return xwing.Scheme().Decapsulate(private, ciphertext)
}
