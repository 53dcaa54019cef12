package durable_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"murmuration/internal/durable"
	"murmuration/internal/durable/durabletest"
)

// ailing is a file whose next fsyncs and writes fail.
type ailing struct {
	*durabletest.File
	sync, write []error
}

func (a *ailing) Sync() error {
	if len(a.sync) > 0 {
		err := a.sync[0]
		a.sync = a.sync[1:]
		return err
	}
	return a.File.Sync()
}

func (a *ailing) WriteAt(b []byte, at int64) (int, error) {
	if len(a.write) > 0 {
		err := a.write[0]
		a.write = a.write[1:]
		n, _ := a.File.WriteAt(b[:len(b)/2], at)
		return n, err
	}
	return a.File.WriteAt(b, at)
}

// TestShow replaces a file, and leaves nothing beside it.
func TestShow(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state")
	for _, text := range []string{"one", "another"} {
		if err := durable.Show(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%q, %v", got, err)
		}
	}
	if all, _ := os.ReadDir(dir); len(all) != 1 {
		t.Errorf("there are %v", all)
	}
	if durable.Show(filepath.Join(dir, "none", "state"), nil, 0o600) == nil {
		t.Error("control: a directory was made")
	}
}

// TestPassingErrors: a log goes on after an error that passes, with all that was collected, once;
// an error of another kind ends it.
func TestPassingErrors(t *testing.T) {
	for _, c := range []struct {
		name        string
		sync, write []error
		passes      bool
	}{
		{"fsync EIO", []error{syscall.EIO, syscall.EIO}, nil, true},
		{"write EIO", nil, []error{&os.PathError{Op: "write", Err: syscall.EIO}}, true},
		{"full", nil, []error{syscall.ENOSPC}, true},
		{"files", nil, []error{syscall.EMFILE, syscall.ENFILE}, true},
		{"closed", []error{os.ErrClosed}, nil, false},
		{"short", nil, []error{io.ErrShortWrite}, false},
	} {
		f := &ailing{File: filled(t, 2)}
		l, err := durable.OpenLogFile(f, "test", f.Size(), recordSize,
			func([]byte) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		f.sync, f.write = c.sync, c.write
		if err := l.Append(record(2), record(3)); err != nil {
			t.Fatal(err)
		}
		for range len(c.sync) + len(c.write) {
			if err = l.Sync(); err == nil || durable.Passing(err) != c.passes {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if appended := l.Append(record(4)) == nil; appended != c.passes {
			t.Errorf("%s: more is taken: %v", c.name, appended)
		}
		if err := l.Sync(); (err == nil) != c.passes {
			t.Errorf("%s: in the end: %v", c.name, err)
		}
		if _, n, err := openOn(f.File); c.passes && (err != nil || n != 5) {
			t.Errorf("%s: %d records, %v", c.name, n, err)
		}
	}
	if durable.Passing(nil) || durable.Passing(errors.New("no space")) {
		t.Error("control: everything passes")
	}
	said := map[string]bool{}
	for _, err := range []error{durable.ErrNoSpace, syscall.EIO, syscall.EMFILE, syscall.EAGAIN} {
		said[durable.Trouble(fmt.Errorf("at work: %w", err))] = true
	}
	if len(said) != 4 {
		t.Errorf("four troubles are said in %d ways", len(said))
	}
}
