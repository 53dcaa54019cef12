// Package ticket is invitations: how one is written down, and what the three boxes of a meeting
// say. docs/contact.md is the specification.
//
//	card     of who made the ticket: a name, an X-Wing key, and the hash of a nonce
//	claim    of who uses it: a secret for that key, and under that all that is theirs
//	answer   to one claim: the nonce and all that is of who made the ticket, or a refusal
//
// Card and claim stand in boxes that everybody can find who knows the ticket, the answer in one
// that is known to the two who have met. The ticket opens the card and nothing else.
//
// It is pure. It must not know who is invited or what a meeting leads to, and must not believe
// anything that a card says of its maker.
package ticket

import (
	"crypto/sha256"
	"errors"
	"io"

	"golang.org/x/crypto/chacha20poly1305"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/fault"
	"murmuration/client/kem"
)

// Limits, in bytes.
const (
	MaxPicture = 3000 // of a profile: a JPEG file
	maxKnock   = 2048 // more than any card of package session
	maxAnswer  = 4096 // more than any answer of it
)

// errSmall says that a network's boxes carry no invitations.
var errSmall = fault.New(
	fault.User, "the boxes of this network are too small for this",
	"Invitations need a network with larger boxes; `murmur network budget` shows this one's.",
)

// Errors of what stands in the boxes of a ticket. Whoever has seen it can write there.
var (
	ErrForeign = errors.New("a box of an invitation that says nothing of this version")
	ErrForged  = errors.New("a box of an invitation that was made by somebody else")
)

func encode(v any) []byte {
	b, err := content.Encode(v)
	if err != nil {
		panic("ticket: " + err.Error()) // bytes and texts only
	}
	return b
}

// read reads what encode wrote and refuses every second spelling.
func read[T any](b []byte, v *T) error {
	if content.Decode(b, v) != nil {
		return ErrForeign
	}
	return nil
}

// Profile is how a person shows themselves. Both are claims.
type Profile struct {
	Name    string `cbor:"1,keyasint"`
	Picture []byte `cbor:"2,keyasint,omitempty"` // JPEG
}

// Check refuses what could not be shown.
func (p Profile) Check() error {
	if err := content.CheckName(p.Name); err != nil {
		return err
	}
	if len(p.Picture) > MaxPicture {
		return fault.New(
			fault.User, "the picture is too large", "A picture of a profile has up to 3,000 bytes.",
		)
	}
	return nil
}

// Marshal is a profile as contacts send it to one another.
func (p Profile) Marshal() []byte { return encode(p) }

// ParseProfile is the inverse.
func ParseProfile(b []byte) (p Profile, err error) {
	if err := read(b, &p); err != nil {
		return Profile{}, err
	}
	if p.Check() != nil {
		return Profile{}, ErrForeign
	}
	return p, nil
}

// Card is what who made a ticket shows of themselves before anybody has accepted it.
type Card struct {
	Profile Profile  `cbor:"1,keyasint"`
	Key     []byte   `cbor:"2,keyasint"` // X-Wing, made for this ticket
	Nonce   [32]byte `cbor:"3,keyasint"` // SHA-256 of what the answer opens
}

// ParseCard reads what stands in the box of a card.
func ParseCard(b []byte) (c Card, err error) {
	if err := read(b, &c); err != nil {
		return Card{}, err
	}
	if c.Profile.Check() != nil || kem.Check(c.Key) != nil {
		return Card{}, ErrForeign
	}
	return c, nil
}

// Keys is what who made a ticket keeps until it is used.
type Keys struct {
	Seed  [kem.SeedSize]byte `cbor:"1,keyasint"`
	Nonce [32]byte           `cbor:"2,keyasint"`
}

// NewKeys draws them.
func NewKeys(random io.Reader) (k Keys, err error) {
	if _, err = io.ReadFull(random, k.Seed[:]); err == nil {
		_, err = io.ReadFull(random, k.Nonce[:])
	}
	return k, err
}

// Card is the content of the box of a card.
func (k Keys) Card(p Profile) ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	return encode(Card{Profile: p, Key: kem.Public(k.Seed[:]), Nonce: commitment(k.Nonce)}), nil
}

func commitment(nonce [32]byte) [32]byte {
	return sha256.Sum256(append([]byte(label+"nonce"), nonce[:]...))
}

// Claimant is what who uses a ticket says of themselves, to who made it alone.
type Claimant struct {
	Profile Profile         `cbor:"1,keyasint"`
	Door    boxstream.Start `cbor:"2,keyasint"`
	Knock   []byte          `cbor:"3,keyasint"` // a card of package session
}

func (c Claimant) check() error {
	if c.Profile.Check() != nil || len(c.Knock) > maxKnock {
		return ErrForeign
	}
	if _, _, err := c.Door.Open(); err != nil {
		return ErrForeign
	}
	return nil
}

const claimVersion = 1

// claimHead is version ‖ X-Wing ciphertext; the sealed claimant follows.
const claimHead = 1 + kem.CipherSize

// Claim makes the content of a claim on a ticket whose card is here, and the secret that it shares
// with whoever has the keys of that card.
func (t Ticket) Claim(random io.Reader, card []byte, c Claimant) ([]byte, Secret, error) {
	theirs, err := ParseCard(card)
	if err != nil {
		return nil, Secret{}, err
	}
	if err := c.check(); err != nil {
		return nil, Secret{}, err
	}
	drawn := make([]byte, kem.DrawSize)
	if _, err := io.ReadFull(random, drawn); err != nil {
		return nil, Secret{}, err
	}
	shared, ciphertext, err := kem.Encapsulate(theirs.Key, drawn)
	if err != nil {
		return nil, Secret{}, ErrForeign
	}
	head := append([]byte{claimVersion}, ciphertext...)
	claim := t.claimCipher(shared, card, head).Seal(head, zeroNonce, encode(c), head)
	return claim, t.secret(shared, card, claim), nil
}

// Open takes a claim: ErrForged if it was not made for these keys and this card.
func (k Keys) Open(t Ticket, card, claim []byte) (c Claimant, s Secret, err error) {
	if len(claim) <= claimHead || claim[0] != claimVersion {
		return c, s, ErrForeign
	}
	head, sealed := claim[:claimHead], claim[claimHead:]
	shared, err := kem.Decapsulate(k.Seed[:], head[1:])
	if err != nil {
		return c, s, ErrForged
	}
	opened, err := t.claimCipher(shared, card, head).Open(nil, zeroNonce, sealed, head)
	if err != nil {
		return c, s, ErrForged
	}
	if err := read(opened, &c); err != nil {
		return c, s, err
	}
	return c, t.secret(shared, card, claim), c.check()
}

var zeroNonce = make([]byte, chacha20poly1305.NonceSize) // each key is used once

type cipher interface {
	Seal(dst, nonce, plaintext, data []byte) []byte
	Open(dst, nonce, ciphertext, data []byte) ([]byte, error)
}

func newCipher(key []byte) cipher {
	c, err := chacha20poly1305.New(key)
	if err != nil {
		panic("ticket: " + err.Error()) // keys have 32 bytes
	}
	return c
}

func (t Ticket) claimCipher(shared, card, head []byte) cipher {
	info := t.transcript(card, head)
	return newCipher(derive(shared, t.Secret[:], "claim", info[:], 32))
}

// transcript is a hash of all that was said so far.
func (t Ticket) transcript(card, claim []byte) [32]byte {
	one, two := sha256.Sum256(card), sha256.Sum256(claim)
	b := append([]byte(label+"transcript"), t.marshal()...)
	return sha256.Sum256(append(append(b, one[:]...), two[:]...))
}

func (t Ticket) secret(shared, card, claim []byte) (s Secret) {
	s.Transcript = t.transcript(card, claim)
	all := derive(shared, t.Secret[:], "meeting", s.Transcript[:], 64+capSeed)
	copy(s.Relation[:], all)
	copy(s.Key[:], all[32:])
	s.Seed = all[64:]
	return s
}
