package directory

import (
	"bytes"
	"errors"
	"fmt"

	"murmuration/internal/suite"
	"murmuration/internal/token"
)

// maxCapacity bounds the packets per epoch that a node declares, so that sums of a thousand fit.
const maxCapacity = 1 << 48

// Descriptor is what a node says about itself for the document of one epoch. It is trusted for that
// and no more: a lying node gets packets that it then fails to carry, and a layer by its capacity.
type Descriptor struct {
	Network  NetworkID `cbor:"1,keyasint"`
	ID       NodeID    `cbor:"2,keyasint"`
	Role     Role      `cbor:"3,keyasint"`
	Name     string    `cbor:"4,keyasint"`
	Addr     string    `cbor:"5,keyasint"`  // host:port of the link listener
	Epoch    Epoch     `cbor:"6,keyasint"`  // of the document that it is for, the first of Keys
	Keys     [3][]byte `cbor:"7,keyasint"`  // Sphinx public keys of Epoch and the two after it
	Storing  bool      `cbor:"8,keyasint"`  // a provider that takes boxes
	Capacity uint64    `cbor:"9,keyasint"`  // packets per epoch that it can carry
	Packets  uint64    `cbor:"10,keyasint"` // carried in the last whole epoch
	Family   string    `cbor:"11,keyasint"` // one operator's nodes say the same; empty: alone
	// of two for one epoch the greater counts: a node that starts again raises it
	Serial uint64 `cbor:"12,keyasint"`
	// of a provider that stores: of the day in which Epoch begins and of the day after, else zero
	Tokens [2]TokenKey `cbor:"13,keyasint"`
	// Version is that of the node's program, for the operators of authorities; empty: not said
	Version string `cbor:"14,keyasint,omitempty"`

	Signature [64]byte `cbor:"-"`
}

// GiveTokens puts the token keys of a node that stores boxes into d; others have none.
func (d *Descriptor) GiveTokens(i *Identity, s Schedule) error {
	if !d.Storing {
		return nil
	}
	keys := i.TokenKeys(d.Network)
	first := uint32(s.DayOf(s.StartOf(d.Epoch)))
	for n := range d.Tokens {
		key, err := keys.Of(first + uint32(n))
		if err != nil {
			return fmt.Errorf("making the token key of day %d: %w", first+uint32(n), err)
		}
		d.Tokens[n] = TokenKey(key.Public())
	}
	return nil
}

// Sign signs d as its node.
func (d *Descriptor) Sign(i *Identity) {
	d.Signature = i.sign(labelDescriptor, d.Network, hash(encode(d)))
}

// Marshal writes the envelope of body and signature.
func (d *Descriptor) Marshal() []byte { return encode(sealed{encode(d), d.Signature}) }

// ParseDescriptor reads what Marshal writes. Nothing is checked but the spelling: see Verify.
func ParseDescriptor(b []byte) (*Descriptor, error) {
	d := new(Descriptor)
	s, err := openSealed(b, MaxDescriptor, d)
	if err != nil {
		return nil, fmt.Errorf("reading descriptor: %w: %w", RefusedMalformed, err)
	}
	d.Signature = s.Signature
	return d, nil
}

// Verify checks everything that can be checked without knowing who is admitted or what time it is.
// The error wraps a Refusal.
func (d *Descriptor) Verify(g *Genesis) error {
	if d.Network != g.ID() {
		return fmt.Errorf("descriptor of %s: %w", d.ID, refusedNetwork)
	}
	if err := d.wellFormed(); err != nil {
		return fmt.Errorf("descriptor of %s: %w: %w", d.ID, RefusedMalformed, err)
	}
	if err := d.ID.Check(); err != nil {
		return fmt.Errorf("descriptor: %w: %w", RefusedKeys, err)
	}
	if err := d.ID.verify(labelDescriptor, d.Network, hash(encode(d)), d.Signature); err != nil {
		return fmt.Errorf("descriptor: %w: %w", refusedSignature, err)
	}
	if err := errors.Join(checkKeys(g.Parameters.Suite, d.Keys),
		checkTokens(d.Tokens)); err != nil {
		return fmt.Errorf("descriptor of %s: %w: %w", d.ID, RefusedKeys, err)
	}
	return nil
}

func (d *Descriptor) wellFormed() error {
	if d.Capacity > maxCapacity || d.Packets > maxCapacity {
		return fmt.Errorf("capacity %d, packets %d: at most %d", d.Capacity, d.Packets,
			uint64(maxCapacity))
	}
	if d.Family != "" {
		if err := checkName("family", d.Family); err != nil {
			return err
		}
	}
	if d.Version != "" {
		if err := checkName("version", d.Version); err != nil {
			return err
		}
	}
	if d.Storing && d.Role != RoleProvider {
		return errors.New("a mix stores no boxes")
	}
	if !d.Storing && d.Tokens != [2]TokenKey{} {
		return errors.New("token keys of a node that stores no boxes")
	}
	return errors.Join(checkRole(d.Role), checkName("name", d.Name), checkAddr(d.Addr))
}

func checkRole(r Role) error {
	if r != RoleMix && r != RoleProvider {
		return fmt.Errorf("unknown %s", r)
	}
	return nil
}

// checkKeys wants three different keys that the suite takes.
func checkKeys(name string, keys [3][]byte) error {
	s, err := suite.ByName(name)
	if err != nil {
		return err
	}
	for i, k := range keys {
		if _, err := s.ParsePublicKey(k); err != nil {
			return fmt.Errorf("key %d: %w", i+1, err)
		}
		if bytes.Equal(k, keys[(i+1)%len(keys)]) {
			return errors.New("the same key for two epochs")
		}
	}
	return nil
}

// checkTokens wants two different keys that tokens can be asked for under, or none.
func checkTokens(keys [2]TokenKey) error {
	if keys == [2]TokenKey{} {
		return nil
	}
	for i, k := range keys {
		if err := token.PublicKey(k).Check(); err != nil {
			return fmt.Errorf("token key %d: %w", i+1, err)
		}
	}
	if keys[0] == keys[1] {
		return errors.New("the same token key for two days")
	}
	return nil
}
