package bulletin

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// TestStream: whatever is sent, in any order and cut anywhere, comes out the same, and the hash of
// the body before is left out where both sides know it.
func TestStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		var want []any
		links := NewLinks()
		for range rapid.IntRange(1, 12).Draw(t, "records") {
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				proof := NewFraud(drawBody(t).Sign(privateOf(t)), drawBody(t).Sign(privateOf(t)))
				stream, want = AppendFraud(stream, proof), append(want, proof)
			case 1:
				roll := drawRoll(t).Sign(privateOf(t))
				stream, want = AppendRoll(stream, 3, roll), append(want, roll)
			default:
				b := drawBody(t).Sign(privateOf(t))
				stream, want = AppendBulletin(stream, links, 3, b), append(want, b)
			}
			stream = append(stream, make([]byte, rapid.IntRange(0, 3).Draw(t, "padding"))...)
		}
		var makers []directory.NodeID
		for _, w := range want {
			makers = append(makers, makerOf(w))
		}
		parser, theirs := NewParser(20), NewLinks()
		var got []any
		for len(stream) > 0 {
			n := rapid.IntRange(1, len(stream)).Draw(t, "frame")
			records, err := parser.Feed(stream[:n])
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range records {
				got = append(got, whole(t, r, makers[len(got)], theirs))
			}
			stream = stream[n:]
		}
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(links, theirs) {
			t.Fatalf("%+v\nwant %+v", got, want)
		}
	})
}

func whole(t *rapid.T, r Record, maker directory.NodeID, links *Links) any {
	if r.Fraud != nil {
		return *r.Fraud
	}
	if r.Maker != 3 {
		t.Fatalf("maker %d", r.Maker)
	}
	if r.IsRoll {
		return r.Roll(testNetwork, maker)
	}
	b, ok := r.Bulletin(testNetwork, maker, links)
	if !ok {
		t.Fatal("the previous hash is not known")
	}
	return b
}

func makerOf(signed any) directory.NodeID {
	switch x := signed.(type) {
	case SignedRoll:
		return x.Maker
	case Fraud:
		return x.A.Maker
	}
	return signed.(Bulletin).Maker
}

func privateOf(t *rapid.T) []byte {
	_, private := maker(byte(rapid.IntRange(1, 4).Draw(t, "key")))
	return private
}

// TestRecordsAreShort: of two chains that are sent at once, new slots and earlier ones, only the
// first of each carries a hash.
func TestRecordsAreShort(t *testing.T) {
	chain := []Bulletin{listed(10, Hash{4})}
	for s := box.Slot(11); s < 20; s++ {
		chain = append(chain, listed(s, chain[len(chain)-1].Hash()))
	}
	links := NewLinks()
	for i, c := range []struct{ at, want int }{{5, 106}, {6, 74}, {0, 106}, {1, 74}, {7, 74},
		{2, 74}, {3, 74}, {4, 74}, {8, 74}, {8, 106}, {0, 106}} {
		if got := len(AppendBulletin(nil, links, 0, chain[c.at])); got != c.want {
			t.Errorf("record %d: %d bytes, want %d", i, got, c.want)
		}
	}
	late := AppendBulletin(AppendBulletin(nil, NewLinks(), 0, chain[0]), NewLinks(), 0, chain[1])
	records, err := NewParser(16).Feed(late)
	if err != nil || len(records) != 2 || records[0].following || records[1].following {
		t.Fatalf("%+v, %v", records, err)
	}
	records[1].following = true
	if _, ok := records[1].Bulletin(testNetwork, chain[0].Maker, NewLinks()); ok {
		t.Error("a record that follows nothing was put together")
	}
}

// TestBrokenStream: nothing is taken behind what does not parse, until the next connection.
func TestBrokenStream(t *testing.T) {
	good := AppendBulletin(nil, NewLinks(), 0, listed(3, Hash{}, box.Entry{1}, box.Entry{2}))
	roll := AppendRoll(nil, 0, Roll{Entries: []RollEntry{{At: 1}}}.Sign(privateKey(1)))
	changed := func(raw []byte, at int, value byte) []byte {
		raw = bytes.Clone(raw)
		raw[at] = value
		return raw
	}
	for name, bad := range map[string][]byte{
		"no token":                 append([]byte{4, 0, 0, 100}, make([]byte, 100)...),
		"half a token":             append([]byte{4, 0, 0, 148}, make([]byte, 148)...),
		"too many tokens":          {4, 0, 0x20, 0x84},
		"another type":             {6, 0, 0, 100},
		"a proof of nothing":       append([]byte{5, 0, 0, 8}, make([]byte, 8)...),
		"longer than two bodies":   {5, 1, 0x88, 0x33},
		"too short":                changed(good, 3, 69),
		"too short for a hash":     append([]byte{2, 0, 0, 74}, make([]byte, 74)...),
		"longer than two entries":  {1, 0, 1, 200},
		"longer than two in a row": {3, 0, 12, 0},
		"entries descend":          changed(good, 42, 9),
		"half an entry":            append(changed(good, 3, good[3]+1), 0),
		"a slot of no roll":        changed(roll, 4+2+4+32+5, 240),
	} {
		p := NewParser(2)
		records, err := p.Feed(append(bytes.Clone(good), bad...))
		if !errors.Is(err, ErrStream) || len(records) != 1 {
			t.Errorf("%s: %d records, %v", name, len(records), err)
		}
		if records, err := p.Feed(good); !errors.Is(err, ErrStream) || len(records) != 0 {
			t.Errorf("after %s: %d records, %v", name, len(records), err)
		}
	}
	if r, err := NewParser(2).Feed(append(bytes.Clone(good), roll...)); err != nil || len(r) != 2 ||
		r[0].Slot() != 3 || r[0].Number() != 0 || r[1].Slot() != 0 || !r[1].IsRoll {
		t.Errorf("control: %+v, %v", r, err)
	}
}

func privateKey(n byte) []byte { _, private := maker(n); return private }

// TestTokens: an answer comes out of the stream among the rest, whatever it says.
func TestTokens(t *testing.T) {
	for _, n := range []int{1, 32, protocol.MostTokens} {
		want := Tokens{Day: 7, Holder: directory.NodeID{8},
			Answer: bytes.Repeat([]byte{9}, n*protocol.TokenElement+protocol.TokenProof)}
		links := NewLinks()
		stream := AppendBulletin(nil, links, 0, listed(3, Hash{}))
		stream = append(AppendTokens(stream, want), 0, 0)
		stream = AppendBulletin(stream, links, 0, listed(4, Hash{}))
		records, err := NewParser(2).Feed(stream)
		if err != nil || len(records) != 3 || !reflect.DeepEqual(*records[1].Tokens, want) ||
			records[0].Tokens != nil || records[2].Tokens != nil {
			t.Errorf("%d tokens: %+v, %v", n, records, err)
		}
	}
}

// TestSizesOfRecords: what the budget of a network and the simulator count is what is sent.
func TestSizesOfRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBody(t)
		signed := b.Sign(privateOf(t))
		links := NewLinks()
		AppendBulletin(nil, links, 3, signed)
		following := b
		following.Slot, following.Previous = b.Slot+1, b.Hash()
		raw := AppendBulletin(nil, links, 3, following.Sign(privateOf(t)))
		want := protocol.BulletinBytes(1, len(b.Entries))
		if _, carries := CarriesRoll(following.Slot); carries {
			want += len(following.Roll)
		}
		if len(raw) != want {
			t.Fatalf("%d entries take %d bytes, want %d", len(b.Entries), len(raw), want)
		}
		roll := drawRoll(t)
		raw = AppendRoll(nil, 3, roll.Sign(privateOf(t)))
		if want := protocol.RollBytes(1, protocol.RollSlots, len(roll.Entries)); len(raw) != want {
			t.Fatalf("%d of a roll take %d bytes, want %d", len(roll.Entries), len(raw), want)
		}
	})
}
