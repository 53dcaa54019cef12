// Package suite is the one place that knows cryptography for Sphinx packets:
// two suites by name, their keys, and the symmetric tools that a packet needs.
//
//	x25519   Diffie-Hellman with blinding; an element is a 32-byte point
//	xwing    X-Wing KEM (X25519 + ML-KEM-768); an element is a 1,120-byte ciphertext
//
// Both share HKDF-Expand and HMAC with SHA-256, AES-256-CTR and AEZ v5. An
// [Engine] is the working memory of one goroutine; its methods allocate nothing.
//
// The room knows nothing of packets, hops or networks, and reads no randomness
// that was not handed to it.
package suite

import (
	"fmt"
	"slices"
	"strings"
)

// Sizes in bytes.
const (
	X25519Size         = 32   // point or scalar, RFC 7748
	xWingPublicSize    = 1216 // draft-connolly-cfrg-xwing-kem, section 5.2
	xWingCipherSize    = 1120
	SeedSize           = 32
	sharedSize         = 32
	mlkemPublicSize    = 1184 // FIPS 203, table 3
	mlkemCipherSize    = 1088
	mlkemSeedSize      = 64
	xwingEncapSeedSize = 64
)

// Suite is one named choice of public-key cryptography. The two that exist are
// values of this package; compare them by pointer.
type Suite struct {
	name    string
	kem     bool
	public  int
	element int
}

var (
	xwing  = &Suite{name: "xwing", kem: true, public: xWingPublicSize, element: xWingCipherSize}
	x25519 = &Suite{name: "x25519", public: X25519Size, element: X25519Size}

	all = []*Suite{xwing, x25519}
)

// ByName finds a suite. The error of an unknown name lists those that exist.
func ByName(name string) (*Suite, error) {
	for _, s := range all {
		if s.name == name {
			return s, nil
		}
	}
	return nil, fmt.Errorf("unknown suite %q: choose one of %s", name, strings.Join(Names(), ", "))
}

// Names lists the suites, the default first.
func Names() []string {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.name
	}
	return slices.Clip(names)
}

// Name is what the network document calls the suite.
func (s *Suite) Name() string { return s.name }

// KEM reports whether each hop has a ciphertext of its own; without, one
// element is blinded from hop to hop.
func (s *Suite) KEM() bool { return s.kem }

// publicKeySize is the length of an encoded public key in bytes.
func (s *Suite) publicKeySize() int { return s.public }

// ElementSize is the length in bytes of what a packet carries for each hop:
// 32 (a point) or 1,120 (a ciphertext).
func (s *Suite) ElementSize() int { return s.element }
