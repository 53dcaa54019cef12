package exchange

import (
	"bytes"
	"errors"
	"testing"

	"murmuration/internal/protocol"
)

// TestQuestionLayout: as docs/token.md draws it.
func TestQuestionLayout(t *testing.T) {
	q := Question{Day: 0x01020304, Holder: [32]byte{5, 31: 6}, Elements: of(64)}
	packet := of(38 + 64 + 2)
	if err := q.Marshal(packet); err != nil {
		t.Fatal(err)
	}
	want := slicesOf([]byte{1, 2, 3, 4, 5}, make([]byte, 30), []byte{6, 0, 2}, of(64),
		make([]byte, 2))
	if !bytes.Equal(packet, want) {
		t.Errorf("%x, want %x", packet, want)
	}
	if got, err := ParseQuestion(packet); err != nil || got.Day != q.Day ||
		got.Holder != q.Holder || !bytes.Equal(got.Elements, q.Elements) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestMalformedQuestions: no element, too many, half of one, more than there is room for, and bytes
// behind the last.
func TestMalformedQuestions(t *testing.T) {
	const head, element = protocol.QuestionHead, protocol.TokenElement
	most := protocol.MostTokens
	for name, err := range map[string]error{
		"nothing":  Question{}.Marshal(of(head + element)),
		"half":     Question{Elements: of(element / 2)}.Marshal(of(head + element)),
		"no room":  Question{Elements: of(element)}.Marshal(of(head + element - 1)),
		"too many": Question{Elements: of((most + 1) * element)}.Marshal(of(head + 2*most*element)),
	} {
		if !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := make([]byte, head+2*element+1)
	if err := (Question{Elements: of(2 * element)}).Marshal(good); err != nil {
		t.Fatal(err)
	}
	with := func(at int, b byte) []byte {
		raw := bytes.Clone(good)
		raw[at] = b
		return raw
	}
	for name, raw := range map[string][]byte{"nothing": nil, "a head": good[:head-1],
		"no element": with(37, 0), "fewer than there are": with(37, 1), "more": with(37, 3),
		"very many": with(36, 0xff), "something behind": with(len(good)-1, 1)} {
		if _, err := ParseQuestion(raw); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseQuestion(good); err != nil {
		t.Errorf("control: %v", err)
	}
}

// FuzzParseQuestion holds that a question has one spelling.
func FuzzParseQuestion(f *testing.F) {
	raw := make([]byte, 200)
	if err := (Question{Day: 3, Elements: of(64)}).Marshal(raw); err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(raw[:37])
	f.Fuzz(func(t *testing.T, raw []byte) {
		q, err := ParseQuestion(raw)
		if err != nil {
			return
		}
		again := of(len(raw))
		if err := q.Marshal(again); err != nil || !bytes.Equal(again, raw) {
			t.Errorf("%v: %x became %x", err, raw, again)
		}
	})
}
