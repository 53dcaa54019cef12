package session

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"murmuration/client/boxstream"
	"murmuration/client/kem"
)

// Offsets of an answer, in bytes (docs/session.md, "Answers").
const (
	answerVersion = 1
	answerHead    = 1 + 32 + cipherSize
	// AnswerSize is the most that an answer takes.
	AnswerSize = answerHead + CardSize + chacha20poly1305.Overhead
)

// Begun is what a card or an answer began.
type Begun struct {
	Device DeviceID
	Card   Card // of the other device
	Again  bool // a device that was known; text that it did not acknowledge is to be written anew
	Acked  uint32
	Moved  bool // the own stream has moved since the card: the other device needs a new one
}

// Knock makes a card for a door: whoever answers it has a session with this device, whose stream is
// read from start on.
func (s State) Knock(random io.Reader, reason Reason, start boxstream.Start, now time.Time) (
	State, []byte, error,
) {
	seed, err := draw(random, 32)
	if err != nil {
		return s, nil, err
	}
	c := Card{Reason: reason, Generation: s.generation() + 1, Device: s.Self, Start: start}
	copy(c.Key[:], kem.Public(seed))
	for i := range s.Peers {
		secrets := s.Peers[i].secrets()
		if x, _ := s.Peers[i].writing(); x.Confirmed {
			secrets = [][32]byte{x.Secret} // the other side has it
		}
		c.proveAll(secrets)
	}
	b := c.Marshal()
	if _, err := ParseCard(b); err != nil {
		return s, nil, fmt.Errorf("making a card: %w", err)
	}
	s = s.clone()
	s.introduce(c)
	if reason == ReasonCopied {
		s.Number += copiedApart
	}
	s.Knocks = append(s.Knocks, Knock{c.Hash(), [32]byte(seed), c.Generation, now.Unix(),
		s.Stream})
	s.Knocks = s.Knocks[max(0, len(s.Knocks)-mostKnocks):]
	return s, b, nil
}

// introduce takes the name of a first card, and the stream that a card names.
func (s *State) introduce(c Card) {
	if root, before := c.Start.Before(); root != s.Stream {
		s.Stream, s.Index = root, before
	}
	if (s.Self == DeviceID{}) {
		s.Self = c.ID()
	}
}

// Rivalled is for a device in whose name somebody else made a card: its next one is preferred to
// that. What is far ahead is not followed.
func (s State) Rivalled(c Card) State {
	if g := s.generation(); c.Generation > g && c.Generation-g <= mostAhead {
		s.Rival = c.Generation
	}
	return s
}

// generation is that of the newest knock that this device knows.
func (s State) generation() (newest uint32) {
	newest = s.Rival
	for _, k := range s.Knocks {
		newest = max(newest, k.Generation)
	}
	for _, p := range s.Peers {
		for _, x := range p.Sessions {
			newest = max(newest, x.Generation)
		}
	}
	return min(newest, 1<<32-2)
}

// Answer takes a card out of a door, and makes what goes into one's own. own says that the door was
// that of the same person.
func (s State) Answer(random io.Reader, card []byte, start boxstream.Start, own bool,
	now time.Time) (State, []byte, Begun, error) {
	knock, err := ParseCard(card)
	if err != nil || knock.Reason == ReasonAnswer {
		return s, nil, Begun{}, ErrMalformed
	}
	if err := s.admit(knock, knock.Hash(), own); err != nil {
		return s, nil, Begun{}, err
	}
	seeds, err := draw(random, 32+drawSize)
	if err != nil {
		return s, nil, Begun{}, err
	}
	seed := seeds[:32]
	c := Card{Generation: knock.Generation, Device: s.Self, Answers: knock.Hash(), Start: start}
	copy(c.Key[:], kem.Public(seed))
	if p := s.peer(knock.ID()); p != nil {
		c.proveAll(p.secrets())
	}
	shared, ciphertext, err := kem.Encapsulate(knock.Key[:], seeds[32:])
	if err != nil {
		return s, nil, Begun{}, ErrMalformed
	}
	s = s.clone()
	s.introduce(c)
	x := s.begin(shared, ciphertext, knock, c, now)
	x.Seed = bytes.Clone(seed)
	x.Sending, x.Receiving = x.Receiving, x.Sending
	begun := s.join(x, knock, own, now)
	return s, s.sealAnswer(shared, ciphertext, c), begun, nil
}

// Answered takes an answer to one of this device's cards.
func (s State) Answered(answer []byte, own bool, now time.Time) (State, Begun, error) {
	if len(answer) <= answerHead || answer[0] != answerVersion {
		return s, Begun{}, ErrMalformed
	}
	i := slices.IndexFunc(s.Knocks, func(k Knock) bool {
		return k.Card == CardHash(answer[1:])
	})
	if i < 0 {
		return s, Begun{}, ErrStranger
	}
	k := s.Knocks[i]
	shared, c, err := s.openAnswer(k, answer)
	if err != nil {
		return s, Begun{}, err
	}
	if err := s.admit(c, k.Card, own); err != nil {
		return s, Begun{}, err
	}
	s = s.clone()
	knock := Card{Generation: k.Generation}
	x := s.beginAs(k.Card, shared, answer[33:answerHead], knock, c, now)
	x.Their, x.Confirmed, x.Owed = bytes.Clone(c.Key[:]), true, now.Unix()
	begun := s.join(x, c, own, now)
	begun.Moved = k.Stream != s.Stream
	return s, begun, nil
}

// answerKey seals the card in an answer.
func (s State) answerKey(shared []byte, knock CardHash) []byte {
	return derive(shared, nil, "answer", slices.Concat(knock[:], s.Relation[:]), 32)
}

func (s State) sealAnswer(shared, ciphertext []byte, c Card) []byte {
	b := append([]byte{answerVersion}, c.Answers[:]...)
	b = append(b, ciphertext...)
	return once(s.answerKey(shared, c.Answers)).Seal(b, zeroNonce, c.Marshal(), b[:answerHead])
}

func (s State) openAnswer(k Knock, answer []byte) (shared []byte, c Card, err error) {
	shared, err = decapsulate(k.Seed[:], answer[33:answerHead])
	if err != nil {
		return nil, Card{}, err
	}
	head, sealed := answer[:answerHead], answer[answerHead:]
	opened, err := once(s.answerKey(shared, k.Card)).Open(nil, zeroNonce, sealed, head)
	if err != nil {
		return nil, Card{}, ErrForged
	}
	c, err = ParseCard(opened)
	if err != nil || c.Answers != k.Card || c.Generation != k.Generation {
		return nil, Card{}, ErrMalformed
	}
	return shared, c, nil
}

// admit says whether a session may begin with a card's device.
func (s State) admit(c Card, knock CardHash, own bool) error {
	id := c.ID()
	if id == s.Self || slices.ContainsFunc(s.Knocks, func(k Knock) bool {
		return DeviceID(k.Card) == id
	}) {
		return ErrOwn
	}
	p := s.peer(id)
	switch {
	case p == nil && s.devices(own) >= MostDevices:
		return ErrMostDevices
	case p == nil:
		return nil
	case slices.ContainsFunc(p.Sessions, func(x Session) bool { return x.Card == knock }):
		return ErrOld
	case p.Own != own || p.Proven && !c.proven(p.secrets()):
		return ErrClaim
	case p.Standing != Live:
		return ErrGone
	}
	return nil
}

// devices counts those of the contact, or one's own with this one.
func (s State) devices(own bool) (n int) {
	if own {
		n = 1
	}
	for _, p := range s.Peers {
		if p.Own == own {
			n++
		}
	}
	return n
}

func (s State) begin(shared, ciphertext []byte, knock, answer Card, now time.Time) Session {
	return s.beginAs(knock.Hash(), shared, ciphertext, knock, answer, now)
}

// beginAs derives the first keys of a session, as the maker of the knock has them.
func (s State) beginAs(hash CardHash, shared, ciphertext []byte, knock, answer Card,
	now time.Time) Session {
	answered, sealed := answer.Hash(), sha256.Sum256(ciphertext)
	info := slices.Concat(hash[:], answered[:], sealed[:], s.Relation[:])
	keys := derive(shared, nil, "root", info, 5*32)
	return Session{
		Card: hash, Generation: knock.Generation, Begun: now.Unix(),
		Root: [32]byte(keys), Hint: [32]byte(keys[32:]), Secret: [32]byte(keys[64:]),
		Sending: Chain{Key: [32]byte(keys[96:])}, Receiving: Chain{Key: [32]byte(keys[128:])},
	}
}

// join puts a session to its device.
func (s *State) join(x Session, c Card, own bool, now time.Time) Begun {
	x.Stream, x.Last = c.Start.Before()
	x.Acked, x.Turned = s.Number, s.Number
	begun := Begun{Device: c.ID(), Card: c}
	p := s.peer(c.ID())
	if p == nil {
		s.Peers = append(s.Peers, Peer{Device: c.ID(), Own: own})
		p = &s.Peers[len(s.Peers)-1]
	} else if old, ok := p.writing(); ok {
		x.Acked, begun.Again, begun.Acked = old.Acked, true, old.Acked
	}
	p.Heard = now.Unix()
	p.add(x)
	return begun
}
