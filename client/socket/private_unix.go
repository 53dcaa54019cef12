//go:build unix

package socket

import (
	"fmt"
	"os"
	"syscall"
)

const shortTemp = "/tmp"

// makePrivate makes the directory, and refuses one that is not this user's or that others can
// enter.
func makePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the socket's directory: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("checking the socket's directory: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if ok && int(owner.Uid) != os.Getuid() || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf(
			"the socket's directory %s is not yours alone (mode %v): others could take its place",
			dir, info.Mode(),
		)
	}
	return nil
}
