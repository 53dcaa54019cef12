package session

import (
	"errors"
	"testing"

	"murmuration/client/boxstream"
)

// TestHostileContact: a device that holds all keys and writes what it must not. Nothing of it is
// taken but the place, and what an honest one writes next is read.
func TestHostileContact(t *testing.T) {
	var bad boxstream.Start
	for name, c := range map[string]struct {
		change func(r *record, x *Session)
		want   error
	}{
		"control": {func(*record, *Session) {}, nil},
		"a key that is none": {func(r *record, _ *Session) {
			key := r.turns[0][cipherSize:]
			key[0], key[1] = 0xff, 0xff // a coefficient above the modulus
		}, ErrMalformed},
		"a point of small order": {func(r *record, _ *Session) {
			clear(r.turns[0][cipherSize-32 : cipherSize])
		}, ErrForged},
		"another ciphertext": {func(r *record, _ *Session) { r.turns[0][0] ^= 1 }, ErrForged},
		"no turn where one is said": {func(r *record, _ *Session) {
			r.turns = nil
			r.wraps[0].part = 0
		}, ErrLost},
		"a number again":      {func(r *record, _ *Session) { r.number = 0 }, ErrForged},
		"a counter far ahead": {func(_ *record, x *Session) { x.Sending.Counter += 2000 }, ErrLost},
		"a turn far ahead":    {func(_ *record, x *Session) { x.Sending.Turn += 2 }, ErrForged},
		"a stream of no key": {func(r *record, _ *Session) {
			r.flags, r.ciphertext = flagMoved, cover(make([]byte, 32), bad[:])
		}, ErrForged},
	} {
		a, b := newDevice(t, 1), newDevice(t, 2)
		meet(t, a, b, false)
		evil := a.clone()
		x := &evil.Peers[0].Sessions[0]
		at := Place{a.root, a.index + 1}
		key := make([]byte, 32)
		r := record{number: 1, commitment: commit(key), wraps: make([]wrap, 1),
			ciphertext: cover(key, []byte("text"))}
		turn, err := x.turn(a.random, 1)
		if err != nil {
			t.Fatal(err)
		}
		r.turns, r.wraps[0].part = [][turnSize]byte{turn}, 1
		c.change(&r, x)
		target{device: b.Self, session: x}.wrap(&r.wraps[0], at, r.body(), a.Self, key)
		if _, err := b.copy().read(at, r.marshal()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if c.want == nil {
			continue
		}
		if _, err := b.read(at, r.marshal()); err == nil {
			t.Errorf("%s is read", name)
		}
		a.index++
		says(t, a, "honest", b)
		says(t, b, "honest", a)
	}
}

// TestClaimsOfWhatWasRead: nobody acknowledges what was not written.
func TestClaimsOfWhatWasRead(t *testing.T) {
	a, b := newDevice(t, 1), newDevice(t, 2)
	meet(t, a, b, false)
	says(t, a, "one", b)
	b.Peers[0].Sessions[0].Seen = 1<<32 - 1
	says(t, b, "I have read all that you will ever write", a)
	a.write(t, "two")
	if n := a.Acknowledged(); n != 1 {
		t.Errorf("%d are acknowledged", n)
	}
}
