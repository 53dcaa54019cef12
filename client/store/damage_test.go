package store

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"murmuration/internal/counted"
	"murmuration/internal/long"
)

// damagedRecords is how many records are in a home that is damaged.
const damagedRecords = 12

// filesOf is every file of a home that has something in it, but for the lock, with its content.
func filesOf(t *testing.T, dir string) (names []string, files map[string][]byte) {
	t.Helper()
	files = map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(path, "lock") {
			return err
		}
		raw, err := os.ReadFile(path)
		name := strings.TrimPrefix(path, dir)
		if files[name] = raw; strings.Trim(string(raw), "\x00") != "" {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names, files
}

// copied is a copy of a home, in which a file may have another content.
func copied(t *testing.T, files map[string][]byte, name string, content []byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	for path, raw := range files {
		if path == name {
			raw = content
		}
		if err := os.MkdirAll(filepath.Dir(dir+path), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, dir+path, raw)
	}
	return dir
}

// silent counts the records that are missing or wrong in a home that opens and reads without error.
func silent(t *testing.T, dir string) (wrong int) {
	t.Helper()
	s, err := Open(dir, nil)
	if err != nil {
		return 0
	}
	defer s.Close()
	seen, broken := 0, false
	err = s.View(func(tx *Tx) error {
		for i := range damagedRecords {
			var r record
			if err := tx.Get("a", strconv.Itoa(i), &r); err != nil {
				broken = broken || !errors.Is(err, ErrNotFound)
				wrong++
			} else if r.N != i {
				wrong++
			}
		}
		return Each(tx, "a", func(string, record) error { seen++; return nil })
	})
	if err != nil || broken {
		return 0
	}
	return wrong + damagedRecords - seen
}

// TestFlippedBytes: a flipped byte in any file of a home, of one that was closed and of one that
// was killed, is an error, or changes nothing.
func TestFlippedBytes(t *testing.T) {
	flips := long.Count(t, "MURMUR_DAMAGE", 1, 2) // just damage
	dir := create(t, "")
	s := reopen(t, dir, "")
	for i := range damagedRecords {
		put(t, s, "a", strconv.Itoa(i), record{strings.Repeat("text ", 40), i})
	}
	_, killed := filesOf(t, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, closed := filesOf(t, dir)
	rng := rand.New(rand.NewPCG(6, 6))
	for what, files := range map[string]map[string][]byte{"killed": killed, "closed": closed} {
		if got := silent(t, copied(t, files, "", nil)); got != 0 {
			t.Fatalf("%s: control: %d records of the whole copy are wrong", what, got)
		}
		names, _ := filesOf(t, copied(t, files, "", nil))
		for range flips {
			name := names[rng.IntN(len(names))]
			content := append([]byte(nil), files[name]...)
			at := rng.IntN(len(strings.TrimRight(string(content), "\x00")))
			content[at] ^= 1 << rng.IntN(8)
			if got := silent(t, copied(t, files, name, content)); got != 0 {
				t.Errorf("%s: %s, byte %d of %d: %d records are wrong, and nobody says so", what,
					name, at, len(content), got)
			}
		}
		counted.Say(t, "damage", "home that was %s: %d bytes flipped, none in silence", what, flips)
	}
}
