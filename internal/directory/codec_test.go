package directory

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"
)

// forms is every signed or stored form: a sample, and a parser that gives back what it would write.
func forms(t testing.TB) map[string]struct {
	sample []byte
	again  func([]byte) ([]byte, error)
} {
	type form = struct {
		sample []byte
		again  func([]byte) ([]byte, error)
	}
	g := testGenesis(t, 4)
	d := testDocument(t, g, 3, Digest{4}, "m1", "a1")
	v := &Vote{Network: g.ID(), Epoch: 3, By: identity("a1").ID(), Parameters: g.Parameters,
		Listings: []Listing{{describe(t, g, "m1", 3), true}}}
	v.Sign(identity("a1"))
	a := testApplication(g, "m7")
	s := Signature{By: identity("a1").ID(), Bytes: [64]byte{1}}
	return map[string]form{
		"genesis":     {g.Marshal(), again(ParseGenesis)},
		"succession":  {testDraft(t, g, 2), again(draftOf)},
		"successor":   {testDraft(t, g, 3), again(ParseGenesis)},
		"founding":    {testFounding(t, "a1", "a2").Marshal(), again(ParseFounding)},
		"descriptor":  {describe(t, g, "m1", 3).Marshal(), again(ParseDescriptor)},
		"application": {a.Marshal(), again(ParseApplication)},
		"admissions":  {admitAll(someNodes...).Marshal(), again(ParseAdmissions)},
		"document":    {d.Marshal(), again(ParseDocument)},
		"vote":        {v.Marshal(), again(parseVote)},
		"relay":       {(&Relay{v, nil}).echo(identity("a2")).Marshal(), again(ParseRelay)},
		"record":      {newRecord(d, nil).Marshal(), again(ParseRecord)},
		"endorsement": {(&Endorsement{3, d.Digest(), s}).Marshal(), again(ParseEndorsement)},
	}
}

func again[T interface{ Marshal() []byte }](parse func([]byte) (T, error)) func([]byte) ([]byte,
	error) {
	return func(b []byte) ([]byte, error) {
		x, err := parse(b)
		if err != nil {
			return nil, err
		}
		return x.Marshal(), nil
	}
}

func testApplication(g *Genesis, name string) *Application {
	a := &Application{
		Network: g.ID(), ID: identity(name).ID(), Role: RoleMix, Name: name,
		Addr:     "[2001:db8::1]:443",
		Capacity: 1000, Contact: "Ä. N. Other <a@example.org>",
	}
	a.Sign(identity(name))
	return a
}

func TestFormsRoundTrip(t *testing.T) {
	for name, f := range forms(t) {
		if b, err := f.again(f.sample); err != nil || !bytes.Equal(b, f.sample) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every prefix, and the sample with one more byte, is refused.
func TestFormsRefuseOtherLengths(t *testing.T) {
	for name, f := range forms(t) {
		for n := range len(f.sample) {
			if n > 300 && n < len(f.sample)-100 {
				continue
			}
			if _, err := f.again(f.sample[:n]); err == nil {
				t.Errorf("%s: takes %d of %d bytes", name, n, len(f.sample))
			}
		}
		if _, err := f.again(append(slices.Clone(f.sample), 0)); err == nil {
			t.Errorf("%s: takes a byte too many", name)
		}
	}
}

// Whatever is taken, is written again the same: no second spelling (property over changed samples).
func TestFormsHaveOneSpelling(t *testing.T) {
	all := forms(t)
	rapid.Check(t, func(t *rapid.T) {
		for name, f := range all {
			b := slices.Clone(f.sample)
			for range rapid.IntRange(1, 3).Draw(t, "changes") {
				b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
			}
			if back, err := f.again(b); err == nil && !bytes.Equal(back, b) {
				t.Fatalf("%s: %x is written as %x", name, b, back)
			}
		}
	})
}

// Each is well-formed CBOR for the same admissions or record, spelled otherwise. The control is
// taken.
func TestSecondSpellings(t *testing.T) {
	one := admitAll("m1").Marshal() // {1: [{1: id, 2: 1, 3: 0}]}
	id := identity("m1").ID()
	entry := func(tail ...byte) []byte {
		return append(append([]byte{0xa1, 0x01, 0x81, 0xa3, 0x01, 0x58, 0x20}, id[:]...), tail...)
	}
	cases := []struct {
		name string
		b    []byte
		ok   bool
	}{
		{"canonical", one, true},
		{"by hand", entry(0x02, 0x01, 0x03, 0x00), true},
		{"long integer", entry(0x02, 0x01, 0x03, 0x18, 0x00), false},
		{"keys out of order", entry(0x03, 0x00, 0x02, 0x01), false},
		{"doubled key", entry(0x02, 0x01, 0x02, 0x01), false},
		{"unknown key", entry(0x02, 0x01, 0x04, 0x00), false},
		{"tagged number", entry(0x02, 0x01, 0x03, 0xc1, 0x00), false},
		{"null for zero", entry(0x02, 0x01, 0x03, 0xf6), false},
		{"float for integer", entry(0x02, 0x01, 0x03, 0xf9, 0x00, 0x00), false},
		{"indefinite array", bytes.Join([][]byte{{0xa1, 0x01, 0x9f}, one[3:], {0xff}}, nil), false},
		{"indefinite map", bytes.Join([][]byte{{0xbf}, one[1:], {0xff}}, nil), false},
		{"null list", []byte{0xa1, 0x01, 0xf6}, false},
		{"empty list", []byte{0xa1, 0x01, 0x80}, true},
		{"no list", []byte{0xa0}, false},
		{"text key", []byte{0xa1, 0x61, 0x31, 0x80}, false},
		{"huge array", []byte{0xa1, 0x01, 0x9b, 0, 0, 0, 1, 0, 0, 0, 0}, false},
		{"nested", bytes.Repeat([]byte{0x81}, 5000), false},
		{"nothing", nil, false},
	}
	for _, c := range cases {
		if _, err := ParseAdmissions(c.b); (err == nil) != c.ok || err != nil &&
			!errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A decoder's memory stays within four times its limit, for the densest inputs.
func TestDecodersMemoryIsBounded(t *testing.T) {
	bombs := [][]byte{
		bytes.Repeat([]byte{0x81}, MaxDocument),
		append([]byte{0x99, 0xff, 0xff}, bytes.Repeat([]byte{0xa0}, 65535)...),
		bytes.Repeat([]byte{0xa0}, MaxDocument+1),
	}
	// A document whose body is 1,024 empty nodes, and whose signatures are 1,024 empty ones.
	body := append([]byte{0xa1, 0x05, 0x99, 0x04, 0x00}, bytes.Repeat([]byte{0xa0}, 1024)...)
	whole := append([]byte{0xa2, 0x01, 0x59, byte(len(body) >> 8), byte(len(body))}, body...)
	bombs = append(bombs, append(append(whole, 0x02, 0x99, 0x04, 0x00),
		bytes.Repeat([]byte{0xa0}, 1024)...))
	for i, b := range bombs {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ParseDocument(b)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; err == nil || got > 4*MaxDocument {
			t.Errorf("bomb %d of %d bytes: %v, %d bytes allocated", i, len(b), err, got)
		}
	}
}
