package daystore_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/daystore"
)

// TestAcknowledgedIsSynced looks at the memory maps through which Badger writes: once a box is
// acknowledged the kernel has no page of them left to write. The control does not fsync, and has.
// TestPowerCut is the long form.
func TestAcknowledgedIsSynced(t *testing.T) {
	for _, c := range []struct {
		name string
		opts daystore.Options
		want bool
	}{{"fsync", daystore.Options{}, true},
		{"control, without fsync", daystore.NoSync(daystore.Options{}), false}} {
		dir := onDisk(t)
		s := openBadger(t, dir, c.opts)
		for n := range uint64(10) {
			mustWrite(t, s, 1, boxtest.Box(n, 'a', 2048), box.Holder{1})
			if kb := dirty(t, dir); (kb == 0) != c.want {
				t.Fatalf("%s: box %d is acknowledged, and %d KiB are not on the disk", c.name, n,
					kb)
			}
		}
	}
}

// onDisk is an empty store in a directory that is not in memory.
func onDisk(t *testing.T) string {
	t.Helper()
	const tmpfs, ramfs = 0x01021994, 0x858458f6
	for _, parent := range []string{t.TempDir(), "/var/tmp", "."} {
		var s syscall.Statfs_t
		if syscall.Statfs(parent, &s) != nil || s.Type == tmpfs || s.Type == ramfs {
			continue
		}
		dir, err := os.MkdirTemp(parent, "murmur-test-")
		if err != nil {
			continue
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		if err := daystore.Create(dir); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	t.Skip("every directory here is in memory, where nothing is ever synced: set TMPDIR to one " +
		"on a disk")
	return ""
}

// dirty is the kilobytes of Badger's logs below dir that are mapped by this process and not yet on
// the disk.
func dirty(t *testing.T, dir string) (kb int) {
	t.Helper()
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ours := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		w := strings.Fields(lines.Text())
		file := w[len(w)-1]
		switch {
		case !strings.HasSuffix(w[0], ":"):
			ours = strings.HasPrefix(file, dir) &&
				(strings.HasSuffix(file, ".vlog") || strings.HasSuffix(file, ".mem"))
		case ours && (w[0] == "Shared_Dirty:" || w[0] == "Private_Dirty:"):
			n, err := strconv.Atoi(w[1])
			if err != nil {
				t.Fatal(err)
			}
			kb += n
		}
	}
	return kb
}
