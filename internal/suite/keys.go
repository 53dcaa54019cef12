package suite

import (
	"bytes"
	"crypto/sha3"
	"errors"
	"fmt"

	curve "github.com/cloudflare/circl/dh/x25519"
	"github.com/cloudflare/circl/pke/kyber/kyber768"
)

// Reasons for which a key or an element is refused.
var (
	// ErrDegenerate: a point of small order or in a non-canonical encoding,
	// in a key, an element, or as the result of a multiplication.
	ErrDegenerate = errors.New("degenerate X25519 point")
	// errSize: bytes that do not have the suite's length.
	errSize = errors.New("wrong size for the suite")
	// errEncoding: an ML-KEM key with a coefficient beyond the modulus.
	errEncoding = errors.New("non-canonical ML-KEM key")
	// ErrSuite: keys of two suites used together.
	ErrSuite = errors.New("key of another suite")
	// ErrErased: a private key used after Erase.
	ErrErased = errors.New("private key was erased")
)

// PublicKey is a checked key with everything that can be computed ahead. It is
// immutable and may be shared between goroutines.
type PublicKey struct {
	suite *Suite
	x     curve.Key
	m     *kyber768.PublicKey // nil without ML-KEM
	mHash [32]byte            // SHA3-256 of the encoded ML-KEM key
	raw   []byte
}

// PrivateKey is expanded once, here, so that no packet pays for it. Any number
// of goroutines may use it at once, but none may while Erase runs.
type PrivateKey struct {
	suite  *Suite
	x      curve.Key
	m      *kyber768.PrivateKey // nil without ML-KEM
	z      [32]byte             // implicit rejection secret, FIPS 203
	public *PublicKey
	erased bool
}

// NewPrivateKey makes the key that belongs to a seed: the X25519 scalar, or the
// X-Wing seed. The seed is all there is to store.
func (s *Suite) NewPrivateKey(seed [SeedSize]byte) (*PrivateKey, error) {
	if s.kem {
		return newXWingPrivate(s, seed), nil
	}
	k := &PrivateKey{suite: s, x: seed, public: &PublicKey{suite: s}}
	curve.KeyGen(&k.public.x, &k.x)
	zeroUpper()
	k.public.raw = bytes.Clone(k.public.x[:])
	return k, nil
}

// newXWingPrivate is expandDecapsulationKey of the X-Wing draft, section 5.2.
func newXWingPrivate(s *Suite, seed [SeedSize]byte) *PrivateKey {
	expanded := sha3.SumSHAKE256(seed[:], mlkemSeedSize+X25519Size)
	defer clear(expanded)
	pub := &PublicKey{suite: s, raw: make([]byte, xWingPublicSize)}
	k := &PrivateKey{suite: s, public: pub}
	pub.m, k.m = kyber768.NewKeyFromSeedMLKEM(expanded[:32])
	copy(k.z[:], expanded[32:64])
	copy(k.x[:], expanded[64:])
	curve.KeyGen(&pub.x, &k.x)
	zeroUpper()
	pub.m.Pack(pub.raw[:mlkemPublicSize])
	copy(pub.raw[mlkemPublicSize:], pub.x[:])
	pub.mHash = sha3.Sum256(pub.raw[:mlkemPublicSize])
	return k
}

// Public returns the public half.
func (k *PrivateKey) Public() *PublicKey { return k.public }

// Erase overwrites the secret; the key then refuses to work. Call it when no
// goroutine uses the key any more.
func (k *PrivateKey) Erase() {
	if k.m != nil {
		*k.m = kyber768.PrivateKey{}
	}
	clear(k.x[:])
	clear(k.z[:])
	k.erased = true
}

// ParsePublicKey checks an encoded key ([Suite.publicKeySize] bytes) and
// expands it. Every key has exactly one encoding, and points of small order are
// refused: errSize, ErrDegenerate, errEncoding.
func (s *Suite) ParsePublicKey(b []byte) (*PublicKey, error) {
	if len(b) != s.public {
		return nil, fmt.Errorf("parsing %s public key: %w: %d bytes instead of %d", s.name, errSize,
			len(b), s.public)
	}
	k := &PublicKey{suite: s, raw: bytes.Clone(b)}
	copy(k.x[:], b[len(b)-X25519Size:])
	if !validPoint((*[X25519Size]byte)(&k.x)) {
		return nil, fmt.Errorf("parsing %s public key: %w", s.name, ErrDegenerate)
	}
	if !s.kem {
		return k, nil
	}
	if err := k.unpackMLKEM(b[:mlkemPublicSize]); err != nil {
		return nil, fmt.Errorf("parsing %s public key: %w", s.name, err)
	}
	return k, nil
}

func (k *PublicKey) unpackMLKEM(b []byte) error {
	k.m = new(kyber768.PublicKey)
	defer zeroUpper()
	if err := k.m.UnpackMLKEM(b); err != nil {
		return errEncoding
	}
	k.mHash = sha3.Sum256(b)
	return nil
}

// Bytes returns the encoding, a copy.
func (k *PublicKey) Bytes() []byte { return bytes.Clone(k.raw) }

// Short is the beginning of the encoding: enough to tell keys apart, and no secret.
func (k *PublicKey) Short() [16]byte { return [16]byte(k.raw) }

// Suite returns the suite to which the key belongs.
func (k *PublicKey) Suite() *Suite { return k.suite }

// equal compares encodings.
func (k *PublicKey) equal(other *PublicKey) bool {
	return other != nil && k.suite == other.suite && bytes.Equal(k.raw, other.raw)
}
