package daystore_test

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/daystore"
	"murmuration/internal/counted"
	"murmuration/internal/long"
)

// copyDir copies a store without its lock, and flips bits of one byte of one file.
func copyDir(t *testing.T, from, flip string, at int, mask byte) string {
	t.Helper()
	to := t.TempDir()
	for path, content := range tree(t, from) {
		name := strings.TrimPrefix(path, from)
		b := []byte(content)
		if name == flip {
			b[at] ^= mask
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(to+name), 0o700),
			os.WriteFile(to+name, b, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// bigRecord lies in Badger's value log, not in its tables.
var bigRecord = bytes.Repeat([]byte("record"), 200)

// populate fills day 1 with boxes, of which half are listed, and with records.
func populate(t *testing.T, s *daystore.Store, n uint64) {
	t.Helper()
	var listed []box.Listing
	for i := range n {
		b := boxtest.Box(i, 'a', 2048)
		mustWrite(t, s, 1, b, box.Holder{1})
		if i < n/2 {
			listed = append(listed, box.Listing{Day: 1, ID: b.ID})
		}
	}
	if err := errors.Join(s.Publish(1, 7, []byte("body"), listed),
		s.Keep(1, box.RecordKey{Kind: 1, Number: 1}, bigRecord),
		s.Keep(1, box.RecordKey{Kind: 1, Number: 2}, []byte("small"))); err != nil {
		t.Fatal(err)
	}
}

// silentLists counts what of populate is missing or wrong without an error.
func silentLists(s *daystore.Store, n uint64) (missing int) {
	if left, err := s.Unlisted(); err == nil && (len(left) != int(n-n/2) ||
		s.Waiting() != len(left)) {
		missing++
	}
	if slot, body, ok, err := s.Published(); err == nil && (!ok || slot != 7 ||
		string(body) != "body") {
		missing++
	}
	for i := range n / 2 {
		want := boxtest.Box(i, 'a', 2048)
		_, got, st, err := s.Listed(7, box.EntryOf(want.ID), 0)
		if err == nil && (st != box.StatusFound || !got.Equal(want)) {
			missing++
		}
	}
	records := [][]byte{bigRecord, []byte("small")}
	for i, want := range records {
		raw, ok, err := s.Kept(box.RecordKey{Kind: 1, Number: uint32(i + 1)})
		if err == nil && (!ok || !bytes.Equal(raw, want)) {
			missing++
		}
	}
	seen := 0
	err := s.EachKept(1, 0, func(k box.RecordKey, raw []byte) error {
		if seen++; k.Number != uint32(seen) || !bytes.Equal(raw, records[seen-1]) {
			missing++
		}
		return nil
	})
	if err == nil && seen != len(records) {
		missing++
	}
	return missing
}

// silent opens a damaged store and counts the boxes, bulletins and records that are missing or
// wrong, and what is missing in the queue and among what is to be listed, without an error or a
// warning.
func silent(t *testing.T, dir string, n uint64) (missing int) {
	t.Helper()
	var said bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&said, nil))
	s, err := daystore.Open(dir, daystore.SmallFiles(daystore.Options{Logger: logger}))
	if err != nil {
		return 0
	}
	for i := range n {
		want := boxtest.Box(i, 'a', 2048)
		if got, st, err := s.Read(1, want.ID); err == nil &&
			(st != box.StatusFound || !got.Equal(want)) {
			missing++
		}
	}
	if waiting, err := s.Pending(box.Holder{1}, box.Queued{}, int(n)); err == nil {
		missing += int(n) - len(waiting)
	}
	missing += silentLists(s, n)
	_ = s.Close()
	if said.Len() > 0 {
		return 0
	}
	return missing
}

// TestFlippedBytes: a flipped byte in any file, of a store that was closed and of
// one that was killed, is detected or changes nothing. The control does without the mark.
func TestFlippedBytes(t *testing.T) {
	const boxes, seed = 12, 1
	flips := long.Count(t, "MURMUR_DAMAGE", 1, 6) // just damage
	dir := newDir(t)
	s := openBadger(t, dir, daystore.SmallFiles(daystore.Options{}))
	populate(t, s, boxes)
	daystore.Rest(t, dir, 1)
	killed := copyDir(t, dir, "", 0, 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	for name, from := range map[string]string{"closed": dir, "killed": killed} {
		if got := silent(t, copyDir(t, from, "", 0, 0), boxes); got != 0 {
			t.Fatalf("%s: control: %d boxes of the whole copy are missing", name, got)
		}
		for range flips {
			path, at := pick(t, rng, from)
			mask := byte(1) << rng.IntN(8)
			if got := silent(t, copyDir(t, from, path, at, mask), boxes); got != 0 {
				t.Errorf("%s: %s, byte %d, mask %#x: %d boxes silently gone", name, path, at, mask,
					got)
			}
		}
		counted.Say(t, "damage", "box store that was %s: %d bytes flipped, none in silence", name,
			flips)
	}
}

// pick chooses a byte that is in use: not zero.
func pick(t *testing.T, rng *rand.Rand, dir string) (path string, at int) {
	t.Helper()
	files := tree(t, dir)
	names := make([]string, 0, len(files))
	for name, content := range files {
		if strings.Trim(content, "\x00") != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	name := names[rng.IntN(len(names))]
	for content := files[name]; ; {
		if at = rng.IntN(len(strings.TrimRight(content, "\x00"))); content[at] != 0 {
			return strings.TrimPrefix(name, dir), at
		}
	}
}

// TestLostTail cuts the write-ahead log off, as Badger does by itself at a bad byte.
func TestLostTail(t *testing.T) {
	dir := newDir(t)
	s := openBadger(t, dir, daystore.SmallFiles(daystore.Options{}))
	for i := range uint64(5) {
		mustWrite(t, s, 1, boxtest.Box(i, 'a', 2048))
	}
	daystore.Rest(t, dir, 1)
	lost := copyDir(t, dir, "", 0, 0)
	logs, _ := filepath.Glob(lost + "/day-00001/badger/*.mem")
	if len(logs) != 1 {
		t.Fatalf("%d write-ahead logs", len(logs))
	}
	content, err := os.ReadFile(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	clear(content[len(bytes.TrimRight(content, "\x00"))-10:])
	if err := os.WriteFile(logs[0], content, 0o600); err != nil {
		t.Fatal(err)
	}
	small := daystore.SmallFiles(daystore.Options{})
	if _, err := daystore.Open(lost, small); !errors.Is(err, daystore.ErrLost) {
		t.Errorf("the last commit is gone: %v", err)
	}
	if err := os.RemoveAll(lost + "/day-00001/badger"); err != nil {
		t.Fatal(err)
	}
	if _, err := daystore.Open(lost, small); !errors.Is(err, daystore.ErrLost) {
		t.Errorf("all is gone: %v", err)
	}
	if _, err := os.Stat(lost + "/day-00001/badger"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty database was made where one is missing: %v", err)
	}
}
