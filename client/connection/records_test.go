package connection

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"murmuration/client/store"
	"murmuration/internal/documents"
)

// TestRecordsOfAnySize: a document may be longer than a record of the store, and than a
// transaction.
func TestRecordsOfAnySize(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Create(dir, nil); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	records, random := sealed{s}, rand.NewChaCha8([32]byte{1})
	want := map[string][]byte{}
	for i, size := range []int{0, 1, pieceSize, pieceSize + 1, 4 << 20} {
		raw := make([]byte, size)
		random.Read(raw)
		name := fmt.Sprint(i, ".document")
		if err := records.Keep(name, raw); err != nil {
			t.Fatal(err)
		}
		want[name] = raw
	}
	want["3.document"] = []byte("a shorter one")
	if err := records.Keep("3.document", want["3.document"]); err != nil {
		t.Fatal(err)
	}
	if err := records.Forget("1.document"); err != nil {
		t.Fatal(err)
	}
	if err := records.Forget("never"); err != nil {
		t.Error(err)
	}
	delete(want, "1.document")
	check(t, records, want)
	// A client that is killed while it replaces a record leaves new pieces under an old head.
	err = s.Update(func(tx *store.Tx) error {
		return tx.Put("pieces", pieceName("4.document", 1),
			[]byte("new"))
	})
	if err != nil {
		t.Fatal(err)
	}
	delete(want, "4.document")
	check(t, records, want)
}

func check(t *testing.T, records documents.Store, want map[string][]byte) {
	t.Helper()
	all, err := records.Load()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range all {
		names = append(names, r.Name)
		if !bytes.Equal(r.Raw, want[r.Name]) {
			t.Errorf("%s has %d bytes, want %d", r.Name, len(r.Raw), len(want[r.Name]))
		}
	}
	if len(names) != len(want) || !slices.IsSorted(names) {
		t.Errorf("there are %v", names)
	}
}
