package ticket

import (
	"murmuration/client/boxstream"
)

// Secret is what two people share who have met, by ticket, X-Wing and everything that was said. It
// is a value for a store.
type Secret struct {
	Relation   [32]byte `cbor:"1,keyasint"` // for package relation
	Transcript [32]byte `cbor:"2,keyasint"` // for words to compare
	Key        [32]byte `cbor:"3,keyasint"` // of the answer
	Seed       []byte   `cbor:"4,keyasint"` // of the answer's box
}

// Spot is where the answer stands.
func (s Secret) Spot() Spot { return newSpot(s.Seed, kindAnswer) }

// Verdict is what an answer says.
type Verdict uint8

// The verdicts.
const (
	Confirmed Verdict = 1
	Declined  Verdict = 2 // who made the ticket does not want to meet
	TooLate   Verdict = 3 // somebody else used the ticket first
)

// Answer is what who made a ticket says to one claim.
type Answer struct {
	Verdict Verdict         `cbor:"1,keyasint"`
	Nonce   [32]byte        `cbor:"2,keyasint"` // what the card's hash is of; zero in a refusal
	Door    boxstream.Start `cbor:"3,keyasint"` // likewise
	Answer  []byte          `cbor:"4,keyasint"` // of package session, to the knock; likewise
}

const answerVersion = 1

// Answer makes the content of the box of an answer.
func (s Secret) Answer(a Answer) []byte {
	head := []byte{answerVersion}
	return newCipher(s.Key[:]).Seal(head, zeroNonce, encode(a), head)
}

// Open reads an answer to a claim on a card.
func (s Secret) Open(c Card, b []byte) (a Answer, err error) {
	if len(b) < 1 || b[0] != answerVersion {
		return a, ErrForeign
	}
	opened, err := newCipher(s.Key[:]).Open(nil, zeroNonce, b[1:], b[:1])
	if err != nil {
		return a, ErrForged
	}
	if err := read(opened, &a); err != nil {
		return Answer{}, err
	}
	refused := a.Verdict == Declined || a.Verdict == TooLate
	if refused && (a.Nonce != [32]byte{} || a.Door != boxstream.Start{} || len(a.Answer) > 0) ||
		!refused && a.Verdict != Confirmed || len(a.Answer) > maxAnswer {
		return Answer{}, ErrForeign
	}
	if refused {
		return a, nil
	}
	if _, _, err := a.Door.Open(); err != nil || commitment(a.Nonce) != c.Nonce {
		return Answer{}, ErrForged
	}
	return a, nil
}
