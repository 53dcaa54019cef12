package suite

import (
	"fmt"
	"io"

	curve "github.com/cloudflare/circl/dh/x25519"
	"golang.org/x/crypto/chacha20"
)

// HopKeys is what one hop and the sender share: 160 bytes of HKDF output.
type HopKeys struct {
	MAC    [32]byte
	Stream StreamKey
	wide   [48]byte
	blind  [32]byte
}

// Wide returns the key of the wide-block cipher; its nonce is the stream's IV.
func (k *HopKeys) Wide() (w WideKey) {
	copy(w[:48], k.wide[:])
	copy(w[48:], k.Stream[32:])
	return w
}

// Engine is the working memory of one goroutine. It keeps no state between
// calls, except what Erase wipes.
type Engine struct {
	mac    mac
	expand expander
	stream streamState
	wide   wideState
	x      xwingState
	shared [sharedSize]byte
	point  [X25519Size]byte
	factor [X25519Size]byte
	fresh  [xwingEncapSeedSize]byte
}

// NewEngine returns the working memory for one goroutine, about 3 KiB.
func NewEngine() *Engine {
	return &Engine{mac: newMAC(), expand: expander{mac: newMAC()}, x: newXWingState()}
}

// Accept derives a hop's keys from the element of a packet
// ([Suite.ElementSize] bytes). It fails with ErrDegenerate, errSize or
// ErrErased, and then leaves no keys.
func (e *Engine) Accept(k *PrivateKey, element []byte, keys *HopKeys) error {
	*keys = HopKeys{}
	if k.erased {
		return ErrErased
	}
	if len(element) != k.suite.element {
		return errSize
	}
	if err := e.agree(k, element); err != nil {
		return err
	}
	e.expand.hopKeys(&e.shared, keys, !k.suite.kem)
	return nil
}

func (e *Engine) agree(k *PrivateKey, element []byte) error {
	if k.suite.kem {
		return e.x.decapsulate(&e.shared, k, element)
	}
	e.point = [X25519Size]byte(element)
	if !multiply(&e.shared, (*[X25519Size]byte)(&k.x), &e.point) {
		return ErrDegenerate
	}
	return nil
}

// Blind replaces the point of an X25519 packet with the one that the next hop
// gets. A KEM suite has no use for it.
func (e *Engine) Blind(keys *HopKeys, element []byte) error {
	if len(element) != X25519Size {
		return errSize
	}
	if err := e.blindingFactor(keys); err != nil {
		return err
	}
	e.point = [X25519Size]byte(element)
	if !multiply(&e.shared, &e.factor, &e.point) {
		return ErrDegenerate
	}
	copy(element, e.shared[:])
	return nil
}

var zeroNonce [chacha20.NonceSize]byte

// blindingFactor is the first 32 bytes of ChaCha20 under the blinding seed.
func (e *Engine) blindingFactor(keys *HopKeys) error {
	c, err := chacha20.NewUnauthenticatedCipher(keys.blind[:], zeroNonce[:])
	if err != nil {
		return fmt.Errorf("making the blinding factor: %w", err)
	}
	clear(e.factor[:])
	c.XORKeyStream(e.factor[:], e.factor[:])
	*c = chacha20.Cipher{}
	return nil
}

// Offer is the sender's side of Accept for a whole path: it fills elements, one
// after the other, with what each hop will find in its header, and keys with
// what each hop will derive. len(elements) is len(path) times the element size.
func (e *Engine) Offer(rng io.Reader, path []*PublicKey, elements []byte, keys []HopKeys) error {
	if len(path) == 0 || len(keys) != len(path) ||
		len(elements) != len(path)*path[0].suite.element {
		return errSize
	}
	for _, k := range path {
		if k.suite != path[0].suite {
			return ErrSuite
		}
	}
	if path[0].suite.kem {
		return e.offerKEM(rng, path, elements, keys)
	}
	return e.offerPoints(rng, path, elements, keys)
}

func (e *Engine) offerKEM(rng io.Reader, path []*PublicKey, elements []byte, keys []HopKeys) error {
	for i, k := range path {
		if _, err := io.ReadFull(rng, e.fresh[:]); err != nil {
			return fmt.Errorf("reading randomness: %w", err)
		}
		ct := elements[i*xWingCipherSize : (i+1)*xWingCipherSize]
		if err := e.x.encapsulate(&e.shared, k, ct, &e.fresh); err != nil {
			return err
		}
		e.expand.hopKeys(&e.shared, &keys[i], false)
	}
	return nil
}

// offerPoints walks the path once. Each secret is the product of the sender's
// scalar and all blinding factors before it, applied one by one because X25519
// clamps each of them.
func (e *Engine) offerPoints(rng io.Reader, path []*PublicKey, elements []byte,
	keys []HopKeys) error {
	scalar := (*curve.Key)(e.fresh[:X25519Size])
	if _, err := io.ReadFull(rng, scalar[:]); err != nil {
		return fmt.Errorf("reading randomness: %w", err)
	}
	curve.KeyGen((*curve.Key)(elements[:X25519Size]), scalar)
	zeroUpper()
	factors := make([][X25519Size]byte, len(path))
	defer clear(factors)
	for i, k := range path {
		if err := e.secretAt(scalar, k, factors[:i]); err != nil {
			return err
		}
		e.expand.hopKeys(&e.shared, &keys[i], true)
		if i+1 == len(path) {
			break
		}
		next := elements[(i+1)*X25519Size : (i+2)*X25519Size]
		copy(next, elements[i*X25519Size:])
		if err := e.Blind(&keys[i], next); err != nil {
			return err
		}
		factors[i] = e.factor
	}
	return nil
}

// secretAt leaves in e.shared the secret with a hop behind the given factors.
func (e *Engine) secretAt(scalar *curve.Key, k *PublicKey, factors [][X25519Size]byte) error {
	ok := multiply(&e.shared, (*[X25519Size]byte)(scalar), (*[X25519Size]byte)(&k.x))
	for i := range factors {
		e.point = e.shared
		ok = ok && multiply(&e.shared, &factors[i], &e.point)
	}
	if !ok {
		return ErrDegenerate
	}
	return nil
}

// ValidElement checks what can be checked of an element without a key: its
// size, and that its point is neither degenerate nor non-canonical.
func (s *Suite) ValidElement(element []byte) error {
	if len(element) != s.element {
		return errSize
	}
	point := [X25519Size]byte(element[len(element)-X25519Size:])
	if !validPoint(&point) {
		return ErrDegenerate
	}
	return nil
}

// Erase wipes every secret that the last calls left behind.
func (e *Engine) Erase() {
	e.mac.erase()
	e.expand.erase()
	e.stream.erase()
	e.wide.erase()
	e.x.erase()
	clear(e.shared[:])
	clear(e.point[:])
	clear(e.factor[:])
	clear(e.fresh[:])
}
