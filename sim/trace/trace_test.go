package trace

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"
)

func file(t testing.TB, h Header, events []Event) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if err := w.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var small = Header{Parties: Parties{Nodes: 2, Clients: 3}, Start: 77}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var events []Event
		at := int64(0)
		for range rapid.IntRange(0, 40).Draw(r, "events") {
			at += rapid.Int64Range(0, 1<<40).Draw(r, "gap")
			events = append(events, Event{
				At: at, From: rapid.Int32Range(0, 4).Draw(r, "from"),
				To:   rapid.Int32Range(0, 4).Draw(r, "to"),
				Size: rapid.Int32Range(1, 1<<30).Draw(r, "size"),
			})
		}
		head, got, err := ReadAll(bytes.NewReader(file(t, small, events)), 0)
		if err != nil || head != small || len(got) != len(events) {
			t.Fatalf("read %d of %d events, header %v, %v", len(got), len(events), head, err)
		}
		for i := range got {
			if got[i] != events[i] {
				t.Fatalf("event %d: wrote %v, read %v", i, events[i], got[i])
			}
		}
	})
}

func TestEveryFlippedBitIsSeen(t *testing.T) {
	good := file(t, small,
		[]Event{{At: 5, From: 0, To: 2, Size: 9}, {At: 6, From: 2, To: 1, Size: 9}})
	if _, _, err := ReadAll(bytes.NewReader(good), 0); err != nil {
		t.Fatal(err) // the control
	}
	// The counts of parties and the start time are facts that nothing else in the
	// file repeats: a changed one may read well, and is seen in the header.
	for i := range len(good) * 8 {
		bad := bytes.Clone(good)
		bad[i/8] ^= 1 << (i % 8)
		head, _, err := ReadAll(bytes.NewReader(bad), 0)
		if err == nil && head == small {
			t.Errorf("bit %d of byte %d flipped unseen", i%8, i/8)
		}
	}
}

func TestTruncated(t *testing.T) {
	good := file(t, small, []Event{{At: 5, To: 2, Size: 9}, {At: 6, From: 2, To: 1, Size: 9}})
	for n := headerSize; n < len(good); n++ {
		_, got, err := ReadAll(bytes.NewReader(good[:n]), 0)
		if !errors.Is(err, errTruncated) {
			t.Fatalf("%d of %d bytes: %v", n, len(good), err)
		}
		if want := min((n-headerSize)/recordSize, 2); len(got) != want {
			t.Errorf("%d bytes hold %d events, read %d", n, want, len(got))
		}
	}
	if _, _, err := ReadAll(bytes.NewReader(append(good, 0)), 0); err == nil {
		t.Error("a byte after the trailer was accepted")
	}
}

func TestLimits(t *testing.T) {
	good := file(t, small, []Event{{At: 5, To: 2, Size: 9}, {At: 6, From: 2, To: 1, Size: 9}})
	if _, _, err := ReadAll(bytes.NewReader(good), 1); err == nil {
		t.Error("two events read under a limit of one")
	}
	if _, _, err := ReadAll(bytes.NewReader(good), 2); err != nil {
		t.Error(err)
	}
	b := Buffer{Parties: small.Parties, Limit: 1}
	if err := b.Add(Event{At: 1, Size: 1}); err != nil {
		t.Error(err)
	}
	if err := b.Add(Event{At: 1, Size: 1}); err == nil {
		t.Error("a buffer of one event took two")
	}
}

func TestRefused(t *testing.T) {
	cases := map[string]Event{
		"goes back in time": {At: 4, Size: 1}, "no such sender": {At: 9, From: 5, Size: 1},
		"negative receiver": {At: 9, To: -1, Size: 1}, "no size": {At: 9},
	}
	for name, e := range cases {
		var out bytes.Buffer
		w, _ := NewWriter(&out, small)
		b := Buffer{Parties: small.Parties}
		for _, s := range []Sink{w, &b} {
			if err := s.Add(Event{At: 5, Size: 1}); err != nil {
				t.Fatal(err)
			}
			if err := s.Add(e); err == nil {
				t.Errorf("%s: %T took it", name, s)
			}
		}
	}
	if _, err := NewWriter(io.Discard, Header{Parties: Parties{Nodes: -1}}); err == nil {
		t.Error("a negative number of nodes was accepted")
	}
}

func FuzzReader(f *testing.F) {
	f.Add(file(f, small, nil))
	f.Add(file(f, small, []Event{{At: 5, To: 2, Size: 9}}))
	f.Add([]byte("murtrace\x01\x00\x14\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		head, events, err := ReadAll(bytes.NewReader(in), 1<<12)
		if err != nil {
			return
		}
		if !bytes.Equal(file(t, head, events), in) {
			t.Fatal("a file that reads well has a second spelling")
		}
	})
}

func TestWindows(t *testing.T) {
	const s = 1_000_000_000
	p := Parties{Nodes: 1, Clients: 2}
	events := []Event{
		{At: 0, From: 1, To: 0, Size: 10}, {At: 1 * s, From: 0, To: 1, Size: 20},
		{At: 2 * s, From: 1, To: 0, Size: 10}, {At: 8 * s, From: 1, To: 0, Size: 10},
		{At: 9 * s, From: 2, To: 0, Size: 10}, {At: 17 * s, From: 2, To: 0, Size: 10},
	}
	w, err := Windows(p, events, 0, 17*s, 8*s)
	if err != nil || len(w) != 4 {
		t.Fatalf("%d windows, %v", len(w), err)
	}
	first := w[0].Features
	want := Vector{upCount: 2, downCount: 1, upBytes: 20, downBytes: 20, gapMean: 2, gapMin: 2,
		gapMax:     2,
		dispersion: 0.75, sliceMax: 1, balance: -1}
	if first != want {
		t.Errorf("features %v, want %v", first, want)
	}
	if w[3].Client != 1 || w[3].From != 8*s || w[3].Features[upCount] != 1 {
		t.Errorf("last window %+v", w[3])
	}
	if _, err := Windows(p, events, 0, s, 8*s); err == nil {
		t.Error("a window longer than the trace was accepted")
	}
}

func TestBusyIn(t *testing.T) {
	l := Labels{
		Busy: []Span{
			{Client: 1, From: 5, To: 8}, {Client: 1, From: 20, To: 30}, {Client: 4, From: 1, To: 2},
		},
	}
	for _, c := range []struct {
		client   int32
		from, to int64
		want     bool
	}{{1, 0, 5, false}, {1, 0, 6, true}, {1, 8, 20, false}, {1, 29, 99, true}, {0, 0, 99,
		false}, {4, 0, 99, true}, {5, 0, 99, false}} {
		if got := l.BusyIn(c.client, c.from, c.to); got != c.want {
			t.Errorf("client %d in [%d, %d): %v", c.client, c.from, c.to, got)
		}
	}
}
