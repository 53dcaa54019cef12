package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"

	"murmuration/client/boxstream"
)

// Reason says why a card was made. It is its maker's claim, for a person to read.
type Reason uint8

// The reasons; others are shown as unknown.
const (
	ReasonAnswer   Reason = iota // it answers a card
	ReasonMeeting                // the first card of a relation
	ReasonRestored               // a backup was restored
	ReasonSecond                 // another device of the same person, vouched for
	ReasonReset                  // something was lost
	ReasonReturned               // after an absence
	ReasonCopied                 // somebody else wrote into the device's stream
	ReasonMoved                  // the stream moved while a card waited
)

// Sizes and offsets of a card, in bytes (docs/session.md, "Cards").
const (
	cardVersion = 1
	proofSize   = 16
	mostProofs  = 16
	cardBody    = 1 + 1 + 4 + 32 + 32 + boxstream.StartSize + keySize // 1,358
	// CardSize is the most that a card takes.
	CardSize = cardBody + 1 + mostProofs*proofSize
)

// CardHash is SHA-256 of a card.
type CardHash [32]byte

// Card is how a device shows itself: with a key made for this card, and the place from which on its
// stream is to be read.
//
//	version 1 ‖ reason 1 ‖ generation 4 ‖ device 32 ‖ answers 32 ‖ start 72 ‖ key 1,216 ‖
//	number of proofs 1 ‖ proofs 16 each
type Card struct {
	Reason     Reason
	Generation uint32   // above that of all sessions that the maker of a knock has
	Device     DeviceID // zero in the first card of a device
	Answers    CardHash // zero in a knock
	Start      boxstream.Start
	Key        [keySize]byte
	Proofs     [][proofSize]byte // that the maker is the device, to those who know it
}

func (c Card) body() []byte {
	b := make([]byte, 0, CardSize)
	b = append(b, cardVersion, byte(c.Reason))
	b = binary.BigEndian.AppendUint32(b, c.Generation)
	b = append(b, c.Device[:]...)
	b = append(b, c.Answers[:]...)
	b = append(b, c.Start[:]...)
	return append(b, c.Key[:]...)
}

// Marshal returns the card's bytes.
func (c Card) Marshal() []byte {
	b := append(c.body(), byte(len(c.Proofs)))
	for _, p := range c.Proofs {
		b = append(b, p[:]...)
	}
	return b
}

// ParseCard is the inverse of Marshal, and refuses any other spelling and unusable keys.
func ParseCard(b []byte) (c Card, err error) {
	if len(b) <= cardBody || b[0] != cardVersion || b[cardBody] > mostProofs ||
		len(b) != cardBody+1+int(b[cardBody])*proofSize {
		return Card{}, ErrMalformed
	}
	c.Reason, c.Generation = Reason(b[1]), binary.BigEndian.Uint32(b[2:])
	rest := b[6:]
	for _, field := range [][]byte{c.Device[:], c.Answers[:], c.Start[:], c.Key[:]} {
		rest = rest[copy(field, rest):]
	}
	for rest = rest[1:]; len(rest) > 0; rest = rest[proofSize:] {
		c.Proofs = append(c.Proofs, [proofSize]byte(rest))
	}
	first := c.Device == DeviceID{}
	if first && len(c.Proofs) > 0 || (c.Answers == CardHash{}) != (c.Reason != ReasonAnswer) {
		return Card{}, ErrMalformed
	}
	if _, _, err := c.Start.Open(); err != nil {
		return Card{}, ErrMalformed
	}
	if err := checkKey(c.Key[:]); err != nil {
		return Card{}, err
	}
	return c, nil
}

// Hash names the card.
func (c Card) Hash() CardHash { return sha256.Sum256(c.Marshal()) }

// ID is the device that the card says it is of.
func (c Card) ID() DeviceID {
	if (c.Device == DeviceID{}) {
		return DeviceID(c.Hash())
	}
	return c.Device
}

// prove is for those who share a secret with the card's device: a card is written by whoever can
// write a door, and that is whoever has a backup.
func (c Card) prove(secret [32]byte) [proofSize]byte {
	whole := mac(secret, "proof", c.body())
	return [proofSize]byte(whole[:])
}

// proveAll adds proofs as far as there is room. A first card has none: nobody knows its device.
func (c *Card) proveAll(secrets [][32]byte) {
	for _, secret := range secrets {
		if (c.Device != DeviceID{}) && len(c.Proofs) < mostProofs {
			c.Proofs = append(c.Proofs, c.prove(secret))
		}
	}
}

// proven says whether a card proves by one of some secrets that it is of the device it names.
func (c Card) proven(secrets [][32]byte) bool {
	for _, secret := range secrets {
		want := c.prove(secret)
		for _, p := range c.Proofs {
			if hmac.Equal(p[:], want[:]) {
				return true
			}
		}
	}
	return false
}
