package directory

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"

	"filippo.io/edwards25519"

	"murmuration/internal/token"
)

// Labels keep signatures of one kind from being taken for another. A label never contains a zero
// byte.
const (
	labelDescriptor  = "murmuration/directory/descriptor/v1"
	labelApplication = "murmuration/directory/application/v1"
	labelVote        = "murmuration/directory/vote/v1"
	labelEcho        = "murmuration/directory/echo/v1"
	labelDocument    = "murmuration/directory/document/v1"
	labelFounder     = "murmuration/directory/founder/v1"
	labelSuccession  = "murmuration/directory/succession/v1"
	labelConsent     = "murmuration/directory/consent/v1"
)

var (
	// errWeakKey refuses an identity key that is no point, not canonical, or of small order: for
	// the identity point one signature fits every message.
	errWeakKey = errors.New("weak identity key")
	// ErrSignature says that a signature does not fit.
	ErrSignature = errors.New("bad signature")
)

// Identity is the long-term Ed25519 key of a node. Whoever reads it is the node.
type Identity struct {
	private ed25519.PrivateKey
	id      NodeID
}

// NewIdentity expands a 32-byte seed.
func NewIdentity(seed [32]byte) *Identity {
	private := ed25519.NewKeyFromSeed(seed[:])
	return &Identity{private: private, id: NodeID(private.Public().(ed25519.PublicKey))}
}

// ID is the public half.
func (i *Identity) ID() NodeID { return i.id }

// PrivateKey is for the certificate of the node's links.
func (i *Identity) PrivateKey() ed25519.PrivateKey { return i.private }

// TokenKeys are those under which the node gives write tokens.
func (i *Identity) TokenKeys(network NetworkID) *token.Keys {
	return token.NewKeys([32]byte(i.private.Seed()), network)
}

// String, GoString and MarshalText keep the private half out of logs and crash output.
func (i *Identity) String() string { return "identity of " + i.id.String() }

// GoString does the same for %#v.
func (i *Identity) GoString() string { return i.String() }

// MarshalText does the same for slog and JSON.
func (i *Identity) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

func (i *Identity) sign(label string, network NetworkID, digest Digest) [64]byte {
	return [64]byte(ed25519.Sign(i.private, signedBytes(label, network, digest)))
}

// signedBytes is label ‖ 0x00 ‖ network (32) ‖ digest (32), the SHA-256 of the canonical body.
func signedBytes(label string, network NetworkID, digest Digest) []byte {
	b := append([]byte(label), 0)
	b = append(b, network[:]...)
	return append(b, digest[:]...)
}

func (id NodeID) verify(label string, network NetworkID, digest Digest, signature [64]byte) error {
	if !ed25519.Verify(id[:], signedBytes(label, network, digest), signature[:]) {
		return fmt.Errorf("%w by %s", ErrSignature, id)
	}
	return nil
}

// Check refuses weak keys; every place that registers an identity calls it.
func (id NodeID) Check() error {
	p, err := new(edwards25519.Point).SetBytes(id[:])
	if err != nil {
		return fmt.Errorf("%w %s: not a point", errWeakKey, id)
	}
	if NodeID(p.Bytes()) != id {
		return fmt.Errorf("%w %s: not canonical", errWeakKey, id)
	}
	if new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return fmt.Errorf("%w %s: small order", errWeakKey, id)
	}
	return nil
}

func compareIDs(a, b NodeID) int { return bytes.Compare(a[:], b[:]) }

// String is 64 hexadecimal digits.
func (id NodeID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText and UnmarshalText let configuration files name nodes.
func (id NodeID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText takes 64 lower-case hexadecimal digits.
func (id *NodeID) UnmarshalText(b []byte) error {
	var n NodeID
	if k, err := hex.Decode(n[:], b[:min(len(b), 64)]); err != nil || k != 32 ||
		n.String() != string(b) {
		return fmt.Errorf("reading node identity %.70q: want 64 lower-case hexadecimal digits", b)
	}
	*id = n
	return nil
}

// String is 64 hexadecimal digits.
func (n NetworkID) String() string { return hex.EncodeToString(n[:]) }

// String is 64 hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

func (r Role) String() string {
	switch r {
	case RoleMix:
		return "mix"
	case RoleProvider:
		return "provider"
	}
	return fmt.Sprintf("role %d", uint8(r))
}
