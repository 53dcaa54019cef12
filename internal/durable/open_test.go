package durable_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"murmuration/internal/durable"
	"murmuration/internal/durable/durabletest"
)

var errDisk = errors.New("input/output error")

// failing is a file of which some calls fail.
type failing struct {
	*durabletest.File
	at string
}

func (f failing) fail(name string) error {
	if f.at == name {
		return errDisk
	}
	return nil
}

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if err := f.fail("read"); err != nil && off >= durable.LogHeaderSize {
		return 0, err
	}
	if err := f.fail("read head"); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f failing) WriteAt(p []byte, off int64) (int, error) {
	if err := f.fail("write"); err != nil {
		return 0, err
	}
	return f.File.WriteAt(p, off)
}

func (f failing) Truncate(size int64) error {
	return errors.Join(f.fail("truncate"), f.File.Truncate(size))
}

func (f failing) Sync() error  { return errors.Join(f.fail("sync"), f.File.Sync()) }
func (f failing) Close() error { return f.fail("close") }

func open(f durable.File, length int64, load func([]byte) error) error {
	_, err := durable.OpenLogFile(f, "the log", length, recordSize, load)
	return err
}

func ignore([]byte) error { return nil }

// TestOpenFails at every call that an opening makes: of a new log, a whole one and a torn one.
func TestOpenFails(t *testing.T) {
	whole := filled(t, 3, 4).Bytes()
	torn := whole[:len(whole)-5]
	damaged := append([]byte(nil), whole...)
	damaged[len(damaged)-6*(recordSize+8)] ^= 1 // in the first group: what follows is read too
	for name, c := range map[string]struct {
		content []byte
		calls   string
	}{
		"new": {nil, "read head,write,sync"}, "begun": {whole[:7], "read head,write,sync"},
		"only zeros": {make([]byte, durable.LogHeaderSize), "read head,write,sync"},
		"whole":      {whole, "read head,read"},
		"torn":       {torn, "read head,read,truncate,sync"},
	} {
		for _, call := range []string{"read head", "read", "write", "truncate", "sync", "close"} {
			f := durabletest.New(c.content)
			err := open(failing{f, call}, f.Size(), ignore)
			want := strings.Contains(","+c.calls+",", ","+call+",")
			if errors.Is(err, errDisk) != want ||
				err != nil && !strings.Contains(err.Error(), "the log") {
				t.Errorf("%s log, failing %s: %v", name, call, err)
			}
		}
	}
	stop := errors.New("the reader has enough")
	if err := open(durabletest.New(whole), int64(len(whole)),
		func([]byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("a reader that fails: %v", err)
	}
	if err := open(durabletest.New(damaged), int64(len(damaged)),
		ignore); !errors.Is(err, durable.ErrCorrupt) {
		t.Errorf("damage in the middle: %v", err)
	}
}

// TestLength: no log is longer than its records can be counted.
func TestLength(t *testing.T) {
	f := filled(t, 1)
	for records, corrupt := range map[int64]bool{math.MaxUint32 - 1: false, math.MaxUint32: true,
		1 << 33: true} {
		err := open(f, durable.LogHeaderSize+records*(recordSize+8), ignore)
		if err == nil || errors.Is(err, durable.ErrCorrupt) != corrupt {
			t.Errorf("%d records: %v", records, err)
		}
	}
}

// TestBeginnings of a header, or zeros in its place, are what a power cut leaves of a new log.
func TestBeginnings(t *testing.T) {
	head := durabletest.New(nil)
	if err := open(head, 0, ignore); err != nil {
		t.Fatal(err)
	}
	for n := range durable.LogHeaderSize + 1 {
		for _, content := range [][]byte{head.Bytes()[:n], make([]byte, n)} {
			f := durabletest.New(content)
			if err := open(f, f.Size(), ignore); err != nil ||
				string(f.Cut(nil).Bytes()) != string(head.Bytes()) {
				t.Errorf("%x became %x, %v", content, f.Bytes(), err)
			}
		}
	}
}

// TestLogFileRefused: what OpenLog refuses is left as it is.
func TestLogFileRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := durable.OpenLog(path, recordSize, ignore); !errors.Is(err, durable.ErrForeign) {
		t.Errorf("a foreign file: %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "notes" {
		t.Errorf("it became %q, %v", got, err)
	}
}

// TestCloseFails: an error of the disk is told, with the file's name.
func TestCloseFails(t *testing.T) {
	f := durabletest.New(nil)
	l, err := durable.OpenLogFile(failing{f, "close"}, "the log", 0, recordSize, ignore)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); !errors.Is(err, errDisk) || !strings.Contains(err.Error(), "the log") {
		t.Errorf("a log: %v", err)
	}
	_, content := newMark(t)
	m, err := durable.OpenMarkFile(failing{durabletest.New(content), "close"}, "the mark")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); !errors.Is(err, errDisk) {
		t.Errorf("a mark: %v", err)
	}
}

// TestMarkFails: a value that is not on the disk is not said to be there, and can be set again.
func TestMarkFails(t *testing.T) {
	_, content := newMark(t)
	for _, call := range []string{"write", "sync"} {
		f := durabletest.New(content)
		m, err := durable.OpenMarkFile(failing{f, call}, "the mark")
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Set(5); !errors.Is(err, errDisk) || m.Value() != 0 ||
			!strings.Contains(err.Error(), "the mark") {
			t.Errorf("failing %s: %d, %v", call, m.Value(), err)
		}
	}
	if _, err := durable.OpenMarkFile(failing{durabletest.New(content), "read head"},
		"the mark"); !errors.Is(err, errDisk) {
		t.Errorf("failing to read: %v", err)
	}
	path := filepath.Join(t.TempDir(), "mark")
	if err := os.WriteFile(path, content[:4096+8], 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := durable.OpenMark(path)
	if err != nil {
		t.Fatalf("one whole slot: %v", err)
	}
	m.Close()
	if err := os.WriteFile(path, make([]byte, len(content)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := durable.OpenMark(path); !errors.Is(err, durable.ErrCorrupt) {
		t.Errorf("no whole slot: %v", err)
	}
}
