package daystore

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4/table"

	"murmuration/internal/durable"
)

// checkTables reads every table of a Badger, before Badger does: for some damage it panics in a
// goroutine of its own, which ends the process, and for the rest it goes on without the table, as
// if the boxes in it had never been written.
func checkTables(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := CheckTable(name, &table.Options{}); err != nil {
			return fmt.Errorf("checking table %s: %w", name, err)
		}
	}
	return nil
}

// CheckTable reads one table file of a Badger and verifies every checksum in it. It fails with
// durable.ErrCorrupt for a file of any other content, and never panics.
func CheckTable(name string, o *table.Options) (err error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: it cannot be read", durable.ErrCorrupt)
		}
	}()
	id, _ := table.ParseFileID(name) // indices are cached by it
	t, err := table.OpenInMemoryTable(data, id, o)
	if err == nil {
		err = t.VerifyChecksum()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", durable.ErrCorrupt, err)
	}
	return nil
}
