package relation

import (
	"bytes"
	"testing"

	"murmuration/client/content"
	"murmuration/client/session"
)

// FuzzWord: whatever bytes come, a word is what its encoding says, or is refused.
func FuzzWord(f *testing.F) {
	for _, w := range []word{
		{}, {Mine: []session.DeviceID{{1}}}, {Gone: []session.DeviceID{{2}, {3}}, Object: true},
	} {
		b, err := content.Encode(w)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{0xa1, 0x02, 0xf5})
	f.Fuzz(func(t *testing.T, b []byte) {
		if w, err := parseWord(b); err == nil {
			if again, err := content.Encode(w); err != nil || !bytes.Equal(again, b) {
				t.Errorf("%x is read as %x", b, again)
			}
		}
		if told, err := parseTold(b); err == nil {
			if again, err := content.Encode(told); err != nil || !bytes.Equal(again, b) {
				t.Errorf("%x is read as %x", b, again)
			}
		}
		if f, ok := parseFrame(b); ok && !bytes.Equal(f.marshal(), b) {
			t.Errorf("%x is read as %x", b, f.marshal())
		}
		if card, proof := splitLink(b); len(card)+len(proof) != len(b) {
			t.Errorf("%d and %d bytes of %d", len(card), len(proof), len(b))
		}
	})
}

// FuzzKey: what is read as a key is that key's text, but for case, dashes and blanks.
func FuzzKey(f *testing.F) {
	f.Add(Key{1, 2, 3}.Text())
	f.Add(" " + Key{}.Text() + "\r\n")
	f.Add("not a key")
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := ParseKey(text); err == nil {
			if again, err := ParseKey(k.Text()); err != nil || again != k {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}

// TestKeyIsChecked: each letter of a key counts.
func TestKeyIsChecked(t *testing.T) {
	text := Key{7, 1}.Text()
	if k, err := ParseKey(text); err != nil || k != (Key{7, 1}) {
		t.Fatalf("%q: %v", text, err)
	}
	for i, c := range text {
		if c == '-' {
			continue
		}
		wrong := []byte(text)
		wrong[i] = map[bool]byte{true: 'b', false: 'a'}[c == 'a']
		if _, err := ParseKey(string(wrong)); err == nil {
			t.Errorf("letter %d may be wrong", i)
		}
	}
}

// TestSpans: numbers in any order come once each, and what is remembered has a bound.
func TestSpans(t *testing.T) {
	var spans [][2]uint32
	for _, c := range []struct {
		n     uint32
		isNew bool
	}{{5, true}, {7, true}, {6, true}, {6, false}, {1, true}, {5, false}, {2, true}} {
		var isNew bool
		if spans, isNew = add(spans, c.n); isNew != c.isNew {
			t.Errorf("%d: %v in %v", c.n, isNew, spans)
		}
	}
	if len(spans) != 2 || spans[0] != [2]uint32{1, 2} || spans[1] != [2]uint32{5, 7} {
		t.Errorf("spans: %v", spans)
	}
	for n := uint32(10); n < 2000; n += 2 {
		spans, _ = add(spans, n)
	}
	if len(spans) != mostSpans {
		t.Errorf("%d spans", len(spans))
	}
	if _, isNew := add(spans, 11); isNew {
		t.Error("a gap that was closed is open")
	}
}
