package boxstream

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/internal/box"
)

var testNetwork = Network{
	Format: box.Format{Plaintext: box.RecordHeaderSize + 32}, Calendar: testCalendar,
}

func newTestWriter(t *testing.T) Writer {
	w, err := NewWriter(rand.NewChaCha8([32]byte{4}))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestReaderFollowsWriter over sealings and days, from where the link was given out.
func TestReaderFollowsWriter(t *testing.T) {
	w := newTestWriter(t)
	now := onDay(3, 12*time.Hour)
	seal := func(day box.Day, text string) Sealed {
		all, err := w.Seal(testNetwork, day, box.Record{Kind: 1, Parts: 1, Content: []byte(text)})
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		return all[0]
	}
	early := seal(2, "before the link")
	start, err := w.Start()
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(start, 3, now)
	if err != nil {
		t.Fatal(err)
	}
	if r.ID(testNetwork, 2) == early.ID {
		t.Error("the reader looks for what was there before the link")
	}
	for i, text := range []string{"one", "two", "ends in zeros\x00\x00", ""} {
		day := box.Day(3 + i/2)
		s := seal(day, text)
		if r.ID(testNetwork, day) != s.ID || r.ID(testNetwork, day+1) == s.ID {
			t.Fatalf("box %d: the reader looks for another one", i)
		}
		r = Reader{Cap: r.Cap, Checked: r.Checked, Since: r.Since} // as it comes from a store
		if err := r.Load(); err != nil {
			t.Fatal(err)
		}
		plain, err := r.Open(testNetwork, day, s.Box())
		if err != nil {
			t.Fatal(err)
		}
		if record, err := box.ParseRecord(testNetwork.Format, plain); err != nil ||
			string(record.Content) != text {
			t.Errorf("box %d says %q, %v", i, record.Content, err)
		}
		r = r.Found(day, now)
	}
	if r.Checked != 4 {
		t.Errorf("the days before %d are looked through", r.Checked)
	}
}

// TestSealedAgain: the same record at the same index, which another day's reader finds.
func TestSealedAgain(t *testing.T) {
	w := newTestWriter(t)
	start, err := w.Start()
	if err != nil {
		t.Fatal(err)
	}
	all, err := w.Seal(testNetwork, 3, box.Record{Kind: 1, Parts: 1, Content: []byte("hello")})
	if err != nil {
		t.Fatal(err)
	}
	again, err := all[0].Again(testNetwork, 5)
	if err != nil || again.Day != 5 || again.ID == all[0].ID || again.Box().Verify() != nil {
		t.Fatalf("%+v, %v", again, err)
	}
	same, err := again.Again(testNetwork, 3)
	if err != nil || !same.Box().Equal(all[0].Box()) {
		t.Errorf("sealed back for its first day, it is another box: %v", err)
	}
	r, err := NewReader(start, 3, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	first, err1 := r.Open(testNetwork, 3, all[0].Box())
	second, err2 := r.Open(testNetwork, 5, again.Box())
	if err := errors.Join(err1, err2); err != nil || !bytes.Equal(first, second) {
		t.Errorf("the two say different things, %v", err)
	}
	if all, err := w.Seal(testNetwork, 5, box.Record{Kind: 1, Parts: 1}); err != nil ||
		all[0].ID == again.ID {
		t.Errorf("the next box stands at the same index, %v", err)
	}
}

func TestReadersOfOneStream(t *testing.T) {
	w := newTestWriter(t)
	read := func(w Writer) Reader {
		start, err := w.Start()
		if err != nil {
			t.Fatal(err)
		}
		r, err := NewReader(start, 0, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	other, err := NewWriter(rand.NewChaCha8([32]byte{5}))
	if err != nil {
		t.Fatal(err)
	}
	r := read(w)
	if !r.Same(r.Found(0, time.Time{})) || r.Same(read(other)) {
		t.Error("readers of one stream are told apart, or those of two are not")
	}
	if (&Reader{Cap: []byte("no capability")}).Load() == nil {
		t.Error("a reader was made of anything")
	}
}
