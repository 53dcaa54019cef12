package node

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestAdviceFitsTheFault: an identity that cannot be used is told with what helps, and with nothing
// that would throw a good one away.
func TestAdviceFitsTheFault(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, identityFile)
	good := func() {
		if err := writeSecret(path, [seedSize]byte{1}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, says, not string
		spoil           func() error
	}{
		{"open to others", "chmod 600", "backup", func() error { return os.Chmod(path, 0o644) }},
		{"open to a group", "chmod 600", "backup", func() error { return os.Chmod(path, 0o640) }},
		{"damaged", "restore it from a backup", "chmod", func() error {
			return os.WriteFile(path, make([]byte, secretSize), 0o600)
		}},
		{"short", "restore it from a backup", "chmod", func() error {
			return os.Truncate(path, 3)
		}},
		{"gone", "restore it from a backup", "chmod", func() error { return os.Remove(path) }},
	} {
		if runtime.GOOS == "windows" && strings.HasPrefix(c.name, "open") {
			continue
		}
		good()
		if err := c.spoil(); err != nil {
			t.Fatal(err)
		}
		_, err := readSecret(path)
		if err == nil {
			t.Errorf("%s: it was read", c.name)
			continue
		}
		if advice := mendSecret(err); !strings.Contains(advice, c.says) ||
			strings.Contains(advice, c.not) {
			t.Errorf("%s: %v: %s", c.name, err, advice)
		}
	}
	if advice := mendSecret(os.ErrPermission); strings.Contains(advice, "backup") ||
		!strings.Contains(advice, "chown") {
		t.Errorf("another user's: %s", advice)
	}
	os.Remove(path)
	good()
	if _, err := readSecret(path); err != nil {
		t.Errorf("control: %v", err)
	}
}
