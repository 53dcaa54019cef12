package durable

import (
	"fmt"
	"os"
	"path/filepath"
)

// RemoveEmpty removes of a directory the file of some extension (".vlog") that stands last by its
// name, if it has no byte: what a process that was killed had created and not yet begun. An empty
// file before it is damage, and stays. A directory that is not there has none.
func RemoveEmpty(dir, extension string) error {
	entries, err := os.ReadDir(dir) // by name
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("looking for empty files: %w", err)
	}
	for i := len(entries) - 1; i >= 0; i-- {
		e := entries[i]
		if !e.Type().IsRegular() || filepath.Ext(e.Name()) != extension {
			continue
		}
		info, err := e.Info()
		if err == nil && info.Size() == 0 {
			err = os.Remove(filepath.Join(dir, e.Name()))
		}
		if err != nil {
			return fmt.Errorf("removing an empty file: %w", err)
		}
		return nil
	}
	return nil
}
