package bulletin

import (
	"bytes"
	"testing"

	"murmuration/internal/box"
)

// fuzzForm feeds a decoder: no panic, and what is taken is written again the same.
func fuzzForm(f *testing.F, sample []byte, again func([]byte) ([]byte, error)) {
	f.Add(sample)
	f.Add(sample[:len(sample)/2])
	f.Fuzz(func(t *testing.T, raw []byte) {
		if back, err := again(raw); err == nil && !bytes.Equal(back, raw) {
			t.Fatalf("%x is written as %x", raw, back)
		}
	})
}

func FuzzBulletin(f *testing.F) {
	f.Add(listed(248, Hash{5}, box.Entry{1}).Marshal())
	fuzzForm(f, listed(3, Hash{}, box.Entry{1}, box.Entry{1}).Marshal(),
		func(raw []byte) ([]byte, error) {
			b, err := Parse(raw)
			_ = b.Verify(testNetwork, 10)
			return b.Marshal(), err
		})
}

func FuzzRoll(f *testing.F) {
	r := Roll{Entries: []RollEntry{{At: 239}}}.Sign(privateKey(1))
	fuzzForm(f, r.Marshal(), func(raw []byte) ([]byte, error) {
		r, err := ParseSignedRoll(raw)
		_ = r.Verify(testNetwork, 10)
		return r.Marshal(), err
	})
}

func FuzzFraud(f *testing.F) {
	sample := NewFraud(listed(3, Hash{}), listed(3, Hash{1})).Marshal()
	fuzzForm(f, sample, func(raw []byte) ([]byte, error) {
		fraud, err := ParseFraud(raw)
		_ = fraud.Verify(testNetwork)
		return fraud.Marshal(), err
	})
}

func FuzzHashList(f *testing.F) {
	fuzzForm(f, HashList([]Hash{{1}, {}}), func(raw []byte) ([]byte, error) {
		list, err := ParseHashList(raw)
		return HashList(list), err
	})
}

func FuzzHead(f *testing.F) {
	sample := NewHead(7, []Hash{{1}, {}}).Marshal()
	fuzzForm(f, sample[:], func(raw []byte) ([]byte, error) {
		if len(raw) != HeadSize {
			return raw, nil
		}
		h := ParseHead([HeadSize]byte(raw))
		h.Fits(make([]Hash, 100))
		back := h.Marshal()
		return back[:], nil
	})
}

// FuzzStream: cut anywhere, a stream gives the same records, and no more than one is kept.
func FuzzStream(f *testing.F) {
	links := NewLinks()
	sample := AppendBulletin(nil, links, 1, listed(3, Hash{1}, box.Entry{1}))
	sample = AppendBulletin(sample, links, 1, listed(4, listed(3, Hash{1}, box.Entry{1}).Hash()))
	sample = AppendRoll(append(sample, 0, 0), 2, Roll{Number: 1}.Sign(privateKey(1)))
	f.Add(AppendTokens(bytes.Clone(sample), Tokens{Answer: make([]byte, 96)}), 30)
	sample = AppendFraud(sample, NewFraud(listed(3, Hash{}), listed(3, Hash{1})))
	f.Add(sample, 17)
	f.Add([]byte{3, 1, 2, 3, 4}, 1)
	f.Fuzz(func(t *testing.T, raw []byte, step int) {
		step = min(max(step, 1), 1<<16)
		one, two := NewParser(3), NewParser(3)
		want, _ := one.Feed(raw)
		var got []Record
		for at := 0; at < len(raw); at += step {
			records, _ := two.Feed(raw[at:min(at+step, len(raw))])
			got = append(got, records...)
			if len(two.rest) > max(two.limit(recordRoll), two.limit(recordTokens))+recordHead {
				t.Fatalf("%d bytes are kept", len(two.rest))
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d records, by pieces %d", len(want), len(got))
		}
		links := NewLinks()
		for i, r := range got {
			if r.Maker != want[i].Maker || r.Slot() != want[i].Slot() {
				t.Fatalf("%+v, want %+v", r, want[i])
			}
			if (r.Tokens == nil) != (want[i].Tokens == nil) {
				t.Fatalf("%+v, want %+v", r, want[i])
			}
			_, _ = r.Bulletin(testNetwork, [32]byte{}, links)
			_ = r.Roll(testNetwork, [32]byte{})
			if r.Fraud != nil {
				_ = r.Fraud.Verify(testNetwork)
			}
		}
	})
}
