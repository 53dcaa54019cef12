// Package boxtest has the conformance suite that every box store passes.
package boxtest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"sync"
	"testing"

	"murmuration/internal/box"
)

// Store is what the suite asks of a store.
type Store interface {
	box.Store
	box.Queue
	box.Lister
	box.Archive
	io.Closer
}

// Maker opens an empty store, and fills its disk to the watermark when asked to.
type Maker func(t *testing.T) (store Store, fill func(full bool))

// Box returns box number n of a fixed sequence, signed by its own key, with a ciphertext of size
// bytes that begins with a mark; with size 0 it is the tombstone of the same id.
func Box(n uint64, mark byte, size int) box.Box {
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], n)
	key := ed25519.NewKeyFromSeed(seed[:])
	var ciphertext []byte
	if size > 0 {
		ciphertext = append(bytes.Repeat([]byte{mark}, size-8), seed[:8]...)
	}
	return box.Box{
		ID:         box.ID(key[32:]),
		Signature:  box.Signature(ed25519.Sign(key, ciphertext)),
		Ciphertext: ciphertext,
	}
}

// size is the ciphertext size of the suite's boxes: above Badger's value threshold.
const size = 2048

var peers = []box.Holder{{1}, {2}}

type test func(t *testing.T, s Store, fill func(bool))

// Suite runs the conformance tests.
func Suite(t *testing.T, open Maker) {
	tests := map[string]test{
		"WriteThenRead":        writeThenRead,
		"WriteOnce":            writeOnce,
		"TombstoneWins":        tombstoneWins,
		"MergeKeepsTheSmaller": mergeKeepsTheSmaller,
		"DaysAreApart":         daysAreApart,
		"DropForgets":          dropForgets,
		"Full":                 full,
		"Queue":                queue,
		"QueueFollowsTheBox":   queueFollowsTheBox,
		"ManyWriters":          manyWriters,
		"OneWinner":            oneWinner,
		"Ownership":            ownership,
		"Closed":               closed,
	}
	maps.Copy(tests, listing)
	maps.Copy(tests, tokens)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, fill := open(t)
			test(t, s, fill)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func wantWrite(t *testing.T, s Store, day box.Day, b box.Box, want box.Status,
	replicas ...box.Holder) {
	t.Helper()
	if got, err := s.Write(day, b, box.Token{}, replicas...); err != nil || got.Status != want {
		t.Fatalf("Write is %v, %v, want %v", got.Status, err, want)
	}
}

func wantMerge(t *testing.T, s Store, day box.Day, b box.Box, want box.Status) {
	t.Helper()
	if got, err := s.Merge(day, b); err != nil || got.Status != want {
		t.Fatalf("Merge is %v, %v, want %v", got.Status, err, want)
	}
}

func wantBox(t *testing.T, s Store, day box.Day, want box.Box, status box.Status) {
	t.Helper()
	got, st, err := s.Read(day, want.ID)
	if err != nil || st != status || !got.Equal(want) {
		t.Fatalf("Read is %v, %v, want %v and the box", st, err, status)
	}
}

func wantNone(t *testing.T, s Store, day box.Day, id box.ID) {
	t.Helper()
	got, st, err := s.Read(day, id)
	if err != nil || st != box.StatusNotFound || !got.Equal(box.Box{}) {
		t.Fatalf("Read is %v, %v, want not found and nothing", st, err)
	}
}

func wantQueue(t *testing.T, s Store, peer box.Holder, n int, want ...box.Box) []box.Queued {
	t.Helper()
	got, err := s.Pending(peer, box.Queued{}, n)
	if err != nil || len(got) != len(want) {
		t.Fatalf("Pending has %d entries, %v, want %d", len(got), err, len(want))
	}
	for i := range want {
		if !got[i].Box.Equal(want[i]) {
			t.Fatalf("Pending has another box at %d", i)
		}
	}
	return got
}

func writeThenRead(t *testing.T, s Store, _ func(bool)) {
	wantNone(t, s, 3, Box(1, 'a', size).ID)
	for n := range uint64(20) {
		wantWrite(t, s, 3, Box(n, 'a', size), box.StatusStored)
	}
	for n := range uint64(20) {
		wantBox(t, s, 3, Box(n, 'a', size), box.StatusFound)
	}
	wantNone(t, s, 3, Box(20, 'a', size).ID)
}

func writeOnce(t *testing.T, s Store, _ func(bool)) {
	wantWrite(t, s, 3, Box(1, 'a', size), box.StatusStored)
	wantWrite(t, s, 3, Box(1, 'a', size), box.StatusStored)
	wantWrite(t, s, 3, Box(1, 'b', size), box.StatusConflict)
	wantBox(t, s, 3, Box(1, 'a', size), box.StatusFound)
}

func tombstoneWins(t *testing.T, s Store, _ func(bool)) {
	for n, order := range [][2]int{{size, 0}, {0, size}} {
		n := uint64(n)
		wantWrite(t, s, 3, Box(n, 'a', order[0]), box.StatusStored)
		want := box.StatusStored
		if order[1] > 0 {
			want = box.StatusTombstoned
		}
		wantWrite(t, s, 3, Box(n, 'a', order[1]), want)
		wantMerge(t, s, 3, Box(n, 'b', size), box.StatusTombstoned)
		wantWrite(t, s, 3, Box(n, 'a', 0), box.StatusStored)
		wantBox(t, s, 3, Box(n, 'a', 0), box.StatusTombstoned)
	}
	wantWrite(t, s, 4, Box(1, 'a', size), box.StatusStored)
	wantMerge(t, s, 4, Box(1, 'a', 0), box.StatusStored) // from another holder, too
	wantBox(t, s, 4, Box(1, 'a', 0), box.StatusTombstoned)
}

func mergeKeepsTheSmaller(t *testing.T, s Store, _ func(bool)) {
	for n := range uint64(8) {
		a, b := Box(n, 'a', size), Box(n, 'b', size)
		wantMerge(t, s, 3, a, box.StatusStored)
		wantMerge(t, s, 3, b, box.StatusConflict)
		wantMerge(t, s, 4, b, box.StatusStored)
		wantMerge(t, s, 4, a, box.StatusConflict)
		one, _, _ := s.Read(3, a.ID)
		two, _, _ := s.Read(4, a.ID)
		if !one.Equal(two) || !one.Equal(smaller(a, b)) {
			t.Fatal("two holders do not both keep the smaller box")
		}
	}
}

func smaller(a, b box.Box) box.Box {
	hash := func(x box.Box) [32]byte {
		return sha256.Sum256(append(x.Signature[:],
			x.Ciphertext...))
	}
	if x, y := hash(a), hash(b); bytes.Compare(x[:], y[:]) < 0 {
		return a
	}
	return b
}

func daysAreApart(t *testing.T, s Store, _ func(bool)) {
	wantWrite(t, s, 3, Box(1, 'a', size), box.StatusStored)
	wantNone(t, s, 4, Box(1, 'a', size).ID)
	wantWrite(t, s, 4, Box(1, 'b', size), box.StatusStored)
	wantBox(t, s, 3, Box(1, 'a', size), box.StatusFound)
}

func dropForgets(t *testing.T, s Store, _ func(bool)) {
	for day := range box.Day(5) {
		wantWrite(t, s, day, Box(1, 'a', size), box.StatusStored, peers[0])
	}
	if err := s.Drop(3); err != nil {
		t.Fatal(err)
	}
	wantNone(t, s, 2, Box(1, 'a', size).ID)
	wantBox(t, s, 3, Box(1, 'a', size), box.StatusFound)
	left := wantQueue(t, s, peers[0], 9, Box(1, 'a', size), Box(1, 'a', size))
	if _, err := s.Write(2, Box(2, 'a', size), box.Token{}); !errors.Is(err, box.ErrExpired) {
		t.Fatalf("writing to a dropped day: %v", err)
	}
	if err := s.Drop(1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(2, Box(2, 'a', size), box.Token{}); !errors.Is(err, box.ErrExpired) {
		t.Fatalf("dropping less brought a day back: %v", err)
	}
	if err := s.Drop(9); err != nil {
		t.Fatal(err)
	}
	if err := s.Done(peers[0], left...); err != nil {
		t.Fatalf("acknowledging what expired: %v", err)
	}
}

func full(t *testing.T, s Store, fill func(bool)) {
	wantWrite(t, s, 3, Box(1, 'a', size), box.StatusStored)
	fill(true)
	wantWrite(t, s, 3, Box(2, 'a', size), box.StatusFull, peers[0])
	wantQueue(t, s, peers[0], 9)
	wantWrite(t, s, 3, Box(1, 'a', size), box.StatusStored)
	wantWrite(t, s, 3, Box(1, 'b', size), box.StatusConflict)
	wantMerge(t, s, 3, Box(2, 'a', size), box.StatusFull)
	wantBox(t, s, 3, Box(1, 'a', size), box.StatusFound)
	wantWrite(t, s, 3, Box(1, 'a', 0), box.StatusStored)
	wantWrite(t, s, 3, Box(3, 'a', 0), box.StatusStored)
	wantNone(t, s, 3, Box(2, 'a', size).ID)
	fill(false)
	wantWrite(t, s, 3, Box(2, 'a', size), box.StatusStored)
}

func queue(t *testing.T, s Store, _ func(bool)) {
	wantWrite(t, s, 4, Box(1, 'a', size), box.StatusStored, peers...)
	wantWrite(t, s, 3, Box(2, 'a', size), box.StatusStored, peers[0])
	wantWrite(t, s, 3, Box(3, 'a', size), box.StatusStored, peers[0])
	wantWrite(t, s, 3, Box(3, 'a', size), box.StatusStored, peers...)
	wantWrite(t, s, 3, Box(3, 'b', size), box.StatusConflict, peers...)
	wantMerge(t, s, 3, Box(4, 'a', size), box.StatusStored)
	all := wantQueue(t, s, peers[0], 9, Box(2, 'a', size), Box(3, 'a', size), Box(1, 'a', size))
	wantQueue(t, s, peers[0], 2, Box(2, 'a', size), Box(3, 'a', size))
	for i, e := range all { // each continues where the one before was
		rest, err := s.Pending(peers[0], e, 9)
		if err != nil || len(rest) != len(all)-1-i || len(rest) > 0 &&
			!rest[0].Box.Equal(all[i+1].Box) {
			t.Fatalf("after entry %d come %d, %v", i, len(rest), err)
		}
	}
	wantQueue(t, s, peers[1], 9, Box(1, 'a', size))
	for range 2 {
		if err := s.Done(peers[0], all[0], all[2]); err != nil {
			t.Fatal(err)
		}
		wantQueue(t, s, peers[0], 9, Box(3, 'a', size))
		wantQueue(t, s, peers[1], 9, Box(1, 'a', size))
	}
}

func queueFollowsTheBox(t *testing.T, s Store, _ func(bool)) {
	wantWrite(t, s, 3, Box(1, 'a', size), box.StatusStored, peers[0])
	wantWrite(t, s, 3, Box(1, 'a', 0), box.StatusStored, peers[0])
	both := wantQueue(t, s, peers[0], 9, Box(1, 'a', 0), Box(1, 'a', 0))
	if err := s.Done(peers[0], both[0]); err != nil {
		t.Fatal(err)
	}
	wantQueue(t, s, peers[0], 9, Box(1, 'a', 0))
}

// manyWriters also reads what was acknowledged while others still write.
func manyWriters(t *testing.T, s Store, _ func(bool)) {
	const writers, each = 16, 12
	var wg sync.WaitGroup
	for w := range uint64(writers) {
		wg.Go(func() {
			for n := range uint64(each) {
				b := Box(w*each+n, 'a', size)
				day := box.Day(3 + n%2)
				if o, err := s.Write(day, b, box.Token{}, peers[0]); err != nil ||
					o.Status != box.StatusStored {
					t.Errorf("Write is %v, %v", o.Status, err)
				}
				if got, st, err := s.Read(day, b.ID); err != nil || st != box.StatusFound ||
					!got.Equal(b) {
					t.Errorf("Read is %v, %v", st, err)
				}
			}
		})
	}
	wg.Wait()
	waiting, err := s.Pending(peers[0], box.Queued{}, writers*each+1)
	if err != nil || len(waiting) != writers*each {
		t.Fatalf("Pending has %d entries, %v, want %d", len(waiting), err, writers*each)
	}
}

func oneWinner(t *testing.T, s Store, _ func(bool)) {
	var stored, conflicts [8]int
	var wg sync.WaitGroup
	for w := range byte(8) {
		wg.Go(func() {
			for n := range uint64(8) {
				switch o, err := s.Write(3, Box(n, 'a'+w, size), box.Token{}); {
				case err != nil:
					t.Errorf("Write: %v", err)
				case o.Status == box.StatusStored:
					stored[w]++
				case o.Status == box.StatusConflict:
					conflicts[w]++
				}
			}
		})
	}
	wg.Wait()
	sum := 0
	for w := range stored {
		sum += stored[w]
		if stored[w]+conflicts[w] != 8 {
			t.Fatalf("writer %d got other answers", w)
		}
	}
	if sum != 8 {
		t.Fatalf("%d contents were stored in 8 boxes", sum)
	}
}

// ownership: the store keeps no slice of its callers, nor they of it.
func ownership(t *testing.T, s Store, _ func(bool)) {
	b := Box(1, 'a', size)
	wantWrite(t, s, 3, b, box.StatusStored, peers[0])
	clear(b.Ciphertext)
	for range 2 {
		got, _, err := s.Read(3, b.ID)
		if err != nil || !got.Equal(Box(1, 'a', size)) {
			t.Fatal("the store shares bytes with its callers")
		}
		clear(got.Ciphertext)
		e := wantQueue(t, s, peers[0], 1, Box(1, 'a', size))
		clear(e[0].Box.Ciphertext)
	}
}

func closed(t *testing.T, s Store, _ func(bool)) {
	wantWrite(t, s, 3, Box(1, 'a', size), box.StatusStored)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, errRead := s.Read(3, Box(1, 'a', size).ID)
	_, errWrite := s.Write(3, Box(2, 'a', size), box.Token{})
	_, errMerge := s.Merge(3, Box(2, 'a', size))
	_, errPending := s.Pending(peers[0], box.Queued{}, 1)
	for _, err := range []error{errRead, errWrite, errMerge, errPending, s.Drop(4),
		s.Done(peers[0], box.Queued{Day: 3})} {
		if !errors.Is(err, box.ErrClosed) {
			t.Fatalf("after Close: %v", err)
		}
	}
}
