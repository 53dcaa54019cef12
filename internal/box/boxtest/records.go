package boxtest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"murmuration/internal/box"
)

func key(kind uint8, number uint32, maker byte) box.RecordKey {
	return box.RecordKey{Kind: kind, Number: number, Maker: box.Holder{0: maker, 31: 1}}
}

func wantKeep(t *testing.T, s Store, day box.Day, k box.RecordKey, raw string, want error) {
	t.Helper()
	if err := s.Keep(day, k, []byte(raw)); !errors.Is(err, want) || (err == nil) != (want == nil) {
		t.Fatalf("keeping %q as record %d: %v, want %v", raw, k.Number, err, want)
	}
}

// wantKept wants exactly these records of a kind, each under its key, too.
func wantKept(t *testing.T, s Store, kind uint8, from uint32, want ...box.RecordKey) {
	t.Helper()
	var got []box.RecordKey
	err := s.EachKept(kind, from, func(k box.RecordKey, raw []byte) error {
		got = append(got, k)
		if string(raw) != "kept" {
			t.Errorf("record %d is %q", k.Number, raw)
		}
		return nil
	})
	for i := range got { // makers come in any order
		if i > 0 && got[i-1].Number == got[i].Number && got[i-1].Maker[0] > got[i].Maker[0] {
			got[i-1], got[i] = got[i], got[i-1]
		}
	}
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("kept from %d on are %v, %v, want %v", from, numbers(got), err, numbers(want))
	}
	for _, k := range want {
		if raw, ok, err := s.Kept(k); err != nil || !ok || string(raw) != "kept" {
			t.Fatalf("record %d is %q, %v, %v", k.Number, raw, ok, err)
		}
	}
}

func numbers(keys []box.RecordKey) (n []string) {
	for _, k := range keys {
		n = append(n, fmt.Sprintf("%d of %d", k.Number, k.Maker[0]))
	}
	return n
}

func records(t *testing.T, s Store, _ func(bool)) {
	wantKept(t, s, 1, 0)
	one, two, later, big := key(1, 5, 2), key(1, 5, 1), key(1, 300, 1), key(1, 1<<31, 7)
	wantKeep(t, s, 3, big, "kept", nil)
	wantKeep(t, s, 3, one, "kept", nil)
	wantKeep(t, s, 4, later, "kept", nil)
	wantKeep(t, s, 3, two, "kept", nil)
	wantKeep(t, s, 3, key(2, 5, 1), "kept", nil)
	wantKeep(t, s, 3, one, "kept", nil)
	wantKeep(t, s, 3, one, "keep", box.ErrKept)
	wantKept(t, s, 1, 0, two, one, big, later)
	wantKept(t, s, 1, 5, two, one, big, later)
	wantKept(t, s, 1, 6, big, later)
	wantKept(t, s, 1, 301, big)
	wantKept(t, s, 2, 0, key(2, 5, 1))
	wantKept(t, s, 3, 0)
	for _, k := range []box.RecordKey{key(1, 5, 3), key(1, 6, 1), key(3, 5, 1)} {
		if _, ok, err := s.Kept(k); ok || err != nil {
			t.Errorf("a record that was never kept: %v, %v", ok, err)
		}
	}
}

// recordsOneByOne: who is called ends it.
func recordsOneByOne(t *testing.T, s Store, _ func(bool)) {
	for n := range uint32(4) {
		wantKeep(t, s, box.Day(n%2), key(1, n, 1), "kept", nil)
	}
	enough, called := errors.New("enough"), 0
	err := s.EachKept(1, 0, func(box.RecordKey, []byte) error {
		if called++; called == 3 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || called != 3 {
		t.Errorf("called %d times, %v", called, err)
	}
}
