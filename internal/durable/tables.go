package durable

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
)

// CheckTables refuses a directory with a Badger table (*.sst) whose footer points out of the file or at
// nothing: cut short, zeroed by a power cut, or foreign. Badger 4 believes these lengths, in a goroutine
// of its own, and the panic ends the process. What the footer points at, Badger checks by itself.
// A directory that is not there has no tables.
func CheckTables(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := checkTable(name); err != nil {
			return fmt.Errorf("checking table %s: %w", name, err)
		}
	}
	return nil
}

// checkTable reads a table from its end: … ‖ index ‖ its length 4 ‖ checksum ‖ its length 4.
func checkTable(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	left := info.Size()
	for range 2 { // the checksum, then the index
		var length [4]byte
		if left < int64(len(length)) {
			return fmt.Errorf("%w: cut short", ErrCorrupt)
		}
		left -= int64(len(length))
		if _, err := f.ReadAt(length[:], left); err != nil {
			return err
		}
		n := int64(binary.BigEndian.Uint32(length[:]))
		if n == 0 || n > left {
			return fmt.Errorf("%w: its footer is none", ErrCorrupt)
		}
		left -= n
	}
	return nil
}
