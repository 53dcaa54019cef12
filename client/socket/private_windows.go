package socket

import (
	"fmt"
	"os"
)

var shortTemp = os.TempDir()

// makePrivate makes the directory; a home on Windows inherits the access rights of its user's
// profile.
func makePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the socket's directory: %w", err)
	}
	return nil
}
