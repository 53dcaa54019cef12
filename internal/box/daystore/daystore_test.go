package daystore_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/daystore"
	"murmuration/internal/durable"
)

func TestReopen(t *testing.T) {
	dir := newDir(t)
	peer := box.Holder{1}
	for round := range uint64(3) {
		s := openBadger(t, dir, daystore.Options{})
		for n := range 10 * round {
			want, status := boxtest.Box(n, 'a', 2048), box.StatusFound
			if n%10 == 3 {
				want, status = boxtest.Box(n, 'a', 0), box.StatusTombstoned
			}
			if got, st, err := s.Read(box.Day(n%2), want.ID); err != nil || st != status ||
				!got.Equal(want) {
				t.Fatalf("round %d, box %d: %v, %v", round, n, st, err)
			}
		}
		if waiting, err := s.Pending(peer, box.Queued{}, 99); err != nil ||
			len(waiting) != int(2*round) {
			t.Fatalf("round %d: %d entries wait, %v", round, len(waiting), err)
		}
		for n := 10 * round; n < 10*round+10; n++ {
			mustWrite(t, s, box.Day(n%2), boxtest.Box(n, 'a', 2048))
		}
		mustWrite(t, s, 1, boxtest.Box(10*round+3, 'a', 0), peer, box.Holder{2})
		mustWrite(t, s, 0, boxtest.Box(10*round+3, 'a', 0), peer)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func mustWrite(t testing.TB, s box.Store, day box.Day, b box.Box, replicas ...box.Holder) {
	t.Helper()
	if o, err := s.Write(day, b, box.Token{}, replicas...); err != nil ||
		o.Status != box.StatusStored {
		t.Fatalf("Write is %v, %v", o.Status, err)
	}
}

func TestOneProcess(t *testing.T) {
	dir := newDir(t)
	s := openBadger(t, dir, daystore.Options{})
	_, err := daystore.Open(dir, daystore.Options{})
	if locked := (*durable.Locked)(nil); !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("second store on one directory: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	openBadger(t, dir, daystore.Options{})
}

func TestNoGoroutineIsLeft(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s := openBadger(t, newDir(t), daystore.Options{})
	mustWrite(t, s, 1, boxtest.Box(1, 'a', 2048))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// Badger's dependency glog flushes for as long as the process lives.
	goleak.VerifyNone(t, before,
		goleak.IgnoreAnyFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

// tree is every file below dir with its content, but for the lock.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == "lock" {
			return err
		}
		content, err := os.ReadFile(path)
		files[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestForeignDirectories(t *testing.T) {
	for name, prepare := range map[string]func(dir string) error{
		"empty": func(dir string) error { return nil },
		"notes": func(dir string) error {
			return os.WriteFile(dir+"/notes", []byte("mine"),
				0o600)
		},
		"other version": func(dir string) error {
			return os.WriteFile(dir+"/FORMAT",
				[]byte("box store 9\n"), 0o600)
		},
		"foreign day": func(dir string) error {
			return errors.Join(daystore.Create(dir), os.Mkdir(dir+"/day-mine", 0o700),
				os.WriteFile(dir+"/day-mine/x", nil, 0o600))
		},
		"day without key": func(dir string) error {
			return errors.Join(daystore.Create(dir), os.Mkdir(dir+"/day-00001", 0o700),
				os.WriteFile(dir+"/day-00001/x", nil, 0o600))
		},
		"day with a foreign key": func(dir string) error {
			return errors.Join(daystore.Create(dir), os.Mkdir(dir+"/day-00001", 0o700),
				os.WriteFile(dir+"/day-00001/key", []byte("k"), 0o600))
		},
	} {
		dir := t.TempDir()
		if err := prepare(dir); err != nil {
			t.Fatal(err)
		}
		before := tree(t, dir)
		_, err := daystore.Open(dir, daystore.Options{})
		if err == nil || !strings.Contains(err.Error(), "\n  ") {
			t.Errorf("%s: error is %v, want one that says what to do", name, err)
		}
		if after := tree(t, dir); len(after) != len(before) {
			t.Errorf("%s: files were changed", name)
		}
		if len(before) > 0 && daystore.Create(dir) == nil {
			t.Errorf("%s: Create took it", name)
		}
	}
	if err := daystore.Create(filepath.Join(t.TempDir(), "new")); err != nil {
		t.Errorf("control: %v", err)
	}
}

// TestDropDestroys: the key goes, the directory goes, what a crash left goes, and over ten
// retention periods the disk stays flat.
func TestDropDestroys(t *testing.T) {
	dir := newDir(t)
	s := openBadger(t, dir, daystore.Options{})
	// to the first day's, to see what becomes of its bytes
	link := filepath.Join(t.TempDir(), "key")
	for day := range box.Day(20) {
		mustWrite(t, s, day, boxtest.Box(1, 'a', 2048))
		if day == 0 {
			if err := os.Link(dir+"/day-00000/key", link); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Drop(max(day, 2) - 2); err != nil {
			t.Fatal(err)
		}
		if days, _ := filepath.Glob(dir + "/day-*"); len(days) > 3 {
			t.Fatalf("%d directories on day %d", len(days), day)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(link)
	if err != nil || len(key) == 0 || len(bytes.Trim(key, "\x00")) > 0 {
		t.Errorf("the first day's key was not overwritten: %q, %v", key, err)
	}
	// A crash between the steps of Drop and of a day's creation.
	if err := errors.Join(os.Rename(dir+"/day-00017", dir+"/day-00017.dropped"),
		os.Mkdir(dir+"/day-00020.new", 0o700)); err != nil {
		t.Fatal(err)
	}
	s = openBadger(t, dir, daystore.Options{})
	if days, _ := filepath.Glob(dir + "/day-*"); len(days) != 2 {
		t.Errorf("%d directories after the crash", len(days))
	}
	if _, st, err := s.Read(17, boxtest.Box(1, 'a', 2048).ID); err != nil ||
		st != box.StatusNotFound {
		t.Errorf("a box of a dropped day: %v, %v", st, err)
	}
}
