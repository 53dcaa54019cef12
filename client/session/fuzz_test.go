package session

import (
	"bytes"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// talking is two devices that have just met.
func talking(t failer) (a, b *device) {
	a, b = newDevice(t, 1), newDevice(t, 2)
	meet(t, a, b, false)
	return a, b
}

func FuzzCard(f *testing.F) {
	a, _ := talking(f)
	card := knockOf(f, a)
	f.Add(card)
	f.Add(card[:cardBody])
	f.Add(append(bytes.Clone(card), card...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := ParseCard(b); err == nil && !bytes.Equal(c.Marshal(), b) {
			t.Fatalf("%x is written as %x", b, c.Marshal())
		}
	})
}

func FuzzRecord(f *testing.F) {
	a, _ := talking(f)
	_, record := a.write(f, "text")
	f.Add(record)
	f.Add(record[:recordFixed+wrapSize])
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := parseRecord(b); err == nil && !bytes.Equal(r.marshal(), b) {
			t.Fatalf("%x is written as %x", b, r.marshal())
		}
	})
}

// FuzzOpen: no record but the one that was written opens, and whatever is tried before it, that
// does.
func FuzzOpen(f *testing.F) {
	a, b := talking(f)
	at, record := a.write(f, "text")
	later, next := a.write(f, "next")
	f.Add(record)
	f.Add(next)
	f.Fuzz(func(t *testing.T, raw []byte) {
		state, o, err := b.Open(at, raw, epoch)
		if (err == nil) != bytes.Equal(raw, record) || err != nil && o.Content != nil {
			t.Fatalf("%x: %v", raw, err)
		}
		if err == nil {
			if _, _, err := state.Open(later, next, epoch); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzAnswer(f *testing.F) {
	a, b := newDevice(f, 1), newDevice(f, 2)
	card := knockOf(f, a)
	_, answer, _, err := b.Answer(b.random, card, b.startHere(), false, epoch)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(answer)
	f.Add(answer[:answerHead])
	f.Fuzz(func(t *testing.T, raw []byte) {
		next, _, err := a.Answered(raw, false, epoch)
		if (err == nil) != bytes.Equal(raw, answer) || err != nil && len(next.Peers) > 0 {
			t.Fatalf("%x: %v", raw, err)
		}
	})
}

// FuzzState: what a damaged store says is refused, or does no harm.
func FuzzState(f *testing.F) {
	a, b := talking(f)
	at, record := a.write(f, "text")
	for _, s := range []State{a.State, b.State} {
		raw, err := cbor.Marshal(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s State
		if cbor.Unmarshal(raw, &s) != nil || s.Check() != nil {
			return
		}
		_, _, _ = s.Open(at, record, epoch)
		_, _, _ = s.Seal(a.copy().random, Place{s.Stream, s.Index + 1}, recordSize, nil, nil)
		_, _ = s.Expire(epoch)
		_, _ = s.AnswerBy()
	})
}
