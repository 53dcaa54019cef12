package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
)

func TestWriteFileReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, content := range []string{"old", "new and longer", ""} {
		if err := WriteFile(path, []byte(content), 0o640); err != nil {
			t.Fatal(err)
		}
		got, err := ReadFile(path, 100)
		if err != nil || string(got) != content {
			t.Fatalf("read %q, %v, want %q", got, err, content)
		}
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	if len(entries) != 1 {
		t.Fatalf("%d files are left, want 1", len(entries))
	}
}

// traced are the real steps, with a fail point at one of them.
func traced(failAt string, trace *[]string) steps {
	step := func(name string) error {
		*trace = append(*trace, name)
		if name == failAt {
			return errors.New("fail point")
		}
		return nil
	}
	s := system
	s.write = func(f *os.File, data []byte) error {
		return errors.Join(step("write"),
			system.write(f, data))
	}
	s.sync = func(f *os.File) error { return errors.Join(step("sync"), system.sync(f)) }
	s.rename = func(from, to string) error {
		if err := step("rename"); err != nil {
			return err
		}
		return system.rename(from, to)
	}
	s.syncDir = func(dir string) error { return step("syncDir") }
	return s
}

// TestWriteFileOrder fails when a sync is taken away or moved.
func TestWriteFileOrder(t *testing.T) {
	var trace []string
	path := filepath.Join(t.TempDir(), "f")
	if err := traced("", &trace).replace(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if want := []string{"write", "sync", "rename", "syncDir"}; !slices.Equal(trace, want) {
		t.Fatalf("steps are %v, want %v", trace, want)
	}
}

func TestWriteFileFailsWhole(t *testing.T) {
	for failAt, want := range map[string]string{"write": "old", "sync": "old", "rename": "old",
		"syncDir": "new"} {
		path := filepath.Join(t.TempDir(), "f")
		if err := WriteFile(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		var trace []string
		if err := traced(failAt, &trace).replace(path, []byte("new"), 0o600); err == nil {
			t.Errorf("%s: no error", failAt)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s: content is %q, %v, want %q", failAt, got, err, want)
		}
		if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
			t.Errorf("%s: %d files are left, want 1", failAt, len(entries))
		}
	}
}

func TestFullDiskIsNamed(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "f", Err: syscall.ENOSPC}
	if err := orNoSpace(full); !errors.Is(err, ErrNoSpace) {
		t.Errorf("a full disk is told as %v", err)
	}
	if err := orNoSpace(fs.ErrPermission); errors.Is(err, ErrNoSpace) ||
		!errors.Is(err, fs.ErrPermission) {
		t.Errorf("control: another error became %v", err)
	}
}

func TestReadFileCap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, make([]byte, 100), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path, 99); !errors.Is(err, ErrTooLarge) {
		t.Errorf("100 bytes under a cap of 99: %v", err)
	}
	if got, err := ReadFile(path, 100); err != nil || len(got) != 100 {
		t.Errorf("100 bytes under a cap of 100: %d, %v", len(got), err)
	}
	if _, err := ReadFile(path+"x", 99); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestErase(t *testing.T) {
	dir := t.TempDir()
	path, second := filepath.Join(dir, "f"), filepath.Join(dir, "hard link")
	if err := os.WriteFile(path, []byte(strings.Repeat("secret", 20000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, second); err != nil {
		t.Fatal("the test needs a temporary directory with hard links:", err)
	}
	if err := Erase(path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the file is still there")
	}
	left, err := os.ReadFile(second)
	if err != nil || bytes.Count(left, zero) < len(left) || len(left) != 120000 {
		t.Error("the content is still there")
	}
	if err := Erase(path); err != nil {
		t.Errorf("erasing what is not there: %v", err)
	}
}

// TestLock also runs as the second process, which must be refused.
func TestLock(t *testing.T) {
	if path := os.Getenv("DURABLE_LOCK"); path != "" {
		_, err := Acquire(path)
		fmt.Println("second:", err)
		return
	}
	path := filepath.Join(t.TempDir(), "lock")
	l, err := Acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := second(t, path), fmt.Sprintf("second: %s is held by process %d\n", path,
		os.Getpid()); !strings.Contains(got, want) {
		t.Errorf("second process says %q, want %q", got, want)
	}
	_, err = Acquire(path)
	if locked := (*Locked)(nil); !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("same process, second time: %v", err)
	}
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := second(t, path); !strings.Contains(got, "second: <nil>") {
		t.Errorf("after Close the second process says %q", got)
	}
}

func second(t *testing.T, path string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestLock$", "-test.count=1")
	cmd.Env = append(os.Environ(), "DURABLE_LOCK="+path)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("second process: %v\n%s", err, out)
	}
	return string(out)
}

func TestFree(t *testing.T) {
	free, err := Free(t.TempDir())
	if err != nil || free == 0 {
		t.Errorf("Free is %d, %v", free, err)
	}
	if _, err := Free(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a directory that is not there has free space")
	}
}

// TestCopy: all of it or nothing.
func TestCopy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	long := bytes.Repeat([]byte("long "), 100_000)
	if err := Copy(path, bytes.NewReader(long), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := io.MultiReader(strings.NewReader("other"), iotest.ErrReader(io.ErrUnexpectedEOF))
	if err := Copy(path, broken, 0o600); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("what could not be read: %v", err)
	}
	got, err := os.ReadFile(path)
	left, _ := os.ReadDir(filepath.Dir(path))
	if err != nil || !bytes.Equal(got, long) || len(left) != 1 {
		t.Errorf("%d bytes, %d files, %v", len(got), len(left), err)
	}
}
