package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// RemoveEmpty removes of a directory the files of some extension (".vlog") that have no byte: what
// a process that was killed had created and not yet begun, or had emptied and not yet deleted, as
// Badger does with logs. Neither held anything; whoever reads what was in a log that damage emptied
// gets an error. A directory that is not there has none.
func RemoveEmpty(dir, extension string) error {
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for empty files: %w", err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || filepath.Ext(e.Name()) != extension {
			continue
		}
		info, bad := e.Info()
		if bad == nil && info.Size() == 0 {
			bad = os.Remove(filepath.Join(dir, e.Name()))
		}
		if bad != nil {
			err = errors.Join(err, fmt.Errorf("removing an empty file: %w", bad))
		}
	}
	return err
}
