package documents

import (
	"os"
	"path/filepath"
	"testing"

	"murmuration/internal/counted"
	"murmuration/internal/long"
)

// TestFlippedBytes: a document on the disk of which a byte is flipped is named and refused.
func TestFlippedBytes(t *testing.T) {
	w := newNetwork(t)
	dir := t.TempDir()
	s := w.open(dir, nil)
	if err := s.Add(w.at(0), w.signed(0, nil)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "0"+suffix)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if digest := w.open(dir, nil).Bytes(0); string(digest) != string(raw) {
		t.Fatal("control: the whole document is not taken up")
	}
	flips, stride := 0, 61
	if long.Set("MURMUR_DAMAGE") { // just damage
		stride = 1
	}
	for at := 0; at < len(raw); at += stride {
		damaged := append([]byte(nil), raw...)
		damaged[at] ^= 1 << (at % 8)
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		files, err := OpenFiles(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Config{Genesis: w.genesis, Store: files,
			Follow: Node(w.genesis, 2)}); err == nil {
			t.Errorf("byte %d of %d is flipped, and nobody says so", at, len(raw))
		}
		flips++
	}
	counted.Say(t, "damage", "a document: %d bytes flipped, none in silence", flips)
}
