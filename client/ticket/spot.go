package ticket

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"

	"murmuration/client/boxstream"
	"murmuration/internal/box"
)

// Kinds of records in the boxes of an invitation (box.Record).
const (
	kindCard   box.Kind = 16 // of who made the ticket
	kindClaim  box.Kind = 17 // of who uses it
	kindAnswer box.Kind = 18
)

// label begins the info of every derivation; what it is for follows.
const label = "murmuration/ticket/v1 "

// derive is HKDF with SHA-256.
func derive(secret, salt []byte, use string, info []byte, size int) []byte {
	out, err := hkdf.Key(sha256.New, secret, salt, label+use+string(info), size)
	if err != nil {
		panic("ticket: " + err.Error()) // sizes are constants
	}
	return out
}

// capSeed is how much randomness makes a box.WriteCap.
const capSeed = 80

// place is which index of its stream a spot is: the last one of a door, so that an outbox that
// finds it taken has none to go on with.
const place = 16

// Spot is one box, on whatever day, that each side of an invitation can write: the one that stands
// there first stays. It is a value for a store.
type Spot struct {
	Cap    []byte   `cbor:"1,keyasint"` // box.WriteCap
	Before []byte   `cbor:"2,keyasint"` // box.Index before the box's
	Kind   box.Kind `cbor:"3,keyasint"`
}

func newSpot(seed []byte, kind box.Kind) Spot {
	c, err := box.NewWriteCap(bytes.NewReader(seed))
	if err != nil {
		panic("ticket: " + err.Error()) // the seed is long enough
	}
	before := c.Start()
	for range place - 1 {
		before = before.Next()
	}
	return Spot{Cap: c.Marshal(), Before: before.Marshal(), Kind: kind}
}

// CardSpot is where the card of who made a ticket stands, on the ticket's day only.
func (t Ticket) CardSpot() Spot { return newSpot(t.seed("card"), kindCard) }

// ClaimSpot is where claims stand, one a day.
func (t Ticket) ClaimSpot() Spot { return newSpot(t.seed("claims"), kindClaim) }

func (t Ticket) seed(use string) []byte {
	return derive(t.Secret[:], nil, use, t.marshal(), capSeed)
}

func (s Spot) open() (*box.WriteCap, box.Index, error) {
	c, err := box.ParseWriteCap(s.Cap)
	if err != nil {
		return nil, box.Index{}, err
	}
	before, err := box.ParseIndex(s.Before)
	return c, before.Next(), err
}

// ID is the box's on a day: 40 µs.
func (s Spot) ID(n boxstream.Network, day box.Day) (box.ID, error) {
	c, index, err := s.open()
	if err != nil {
		return box.ID{}, err
	}
	return c.ReadCap().ID(index, n.ID, day), nil
}

// Seal makes the box of a day.
func (s Spot) Seal(n boxstream.Network, day box.Day, content []byte) (boxstream.Sealed, error) {
	if len(content) > n.Format.ContentSize() {
		return boxstream.Sealed{}, errSmall.With(
			"it has %d bytes, and this network's boxes carry %d", len(content),
			n.Format.ContentSize(),
		)
	}
	w := boxstream.Writer{Cap: s.Cap, Before: s.Before}
	all, err := w.Seal(n, day, n.Format.Split(s.Kind, content)...)
	if err != nil {
		return boxstream.Sealed{}, err
	}
	return all[0], nil
}

// Open is what a box of the spot and of a day holds: box.ErrTombstone for one that was deleted,
// ErrForeign for what is none of this version.
func (s Spot) Open(n boxstream.Network, day box.Day, b box.Box) ([]byte, error) {
	c, index, err := s.open()
	if err != nil {
		return nil, err
	}
	plaintext, err := c.ReadCap().Open(index, n.ID, day, b)
	if errors.Is(err, box.ErrTombstone) {
		return nil, err
	}
	if err != nil {
		return nil, ErrForeign
	}
	r, err := box.ParseRecord(n.Format, plaintext)
	if err != nil || r.Kind != s.Kind || r.Parts != 1 || r.Hash != sha256.Sum256(r.Content) {
		return nil, ErrForeign
	}
	return bytes.Clone(r.Content), nil
}

// Tombstone empties the box of a day.
func (s Spot) Tombstone(n boxstream.Network, day box.Day) (box.Box, error) {
	c, index, err := s.open()
	if err != nil {
		return box.Box{}, err
	}
	return c.Tombstone(index, n.ID, day), nil
}
