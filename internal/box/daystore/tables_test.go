package daystore

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"murmuration/internal/durable"
)

// TestZeroedTableIsRefused: Badger panics for such a table in a goroutine of its own, which ended
// the process.
func TestZeroedTableIsRefused(t *testing.T) {
	dir := t.TempDir()
	opts := badger.DefaultOptions(dir).WithLogger(nil).WithCompression(options.None)
	db, err := openBadger(opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(func(txn *badger.Txn) error {
		return txn.Set([]byte("name"),
			[]byte("value"))
	}), db.Close()); err != nil {
		t.Fatal(err)
	}
	if db, err = openBadger(opts); err != nil { // the control
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	tables, _ := filepath.Glob(filepath.Join(dir, "*.sst"))
	if len(tables) == 0 {
		t.Fatal("there is no table")
	}
	if err := os.WriteFile(tables[0], make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openBadger(opts); !errors.Is(err, durable.ErrCorrupt) {
		t.Fatalf("a zeroed table: %v", err)
	}
}
