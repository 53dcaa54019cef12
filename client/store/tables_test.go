package store

import (
	"os"
	"strconv"
	"testing"
)

// fill makes a table of two thousand bytes or so: Close writes what the log holds into one.
func fill(t *testing.T, dir string) {
	t.Helper()
	s, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		if err := s.Update(func(tx *Tx) error {
			return tx.Put("a", strconv.Itoa(i), make([]byte, 100))
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
