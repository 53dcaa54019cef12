package durable

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMissingDirectory: nothing makes the directory that it needs.
func TestMissingDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "f")
	_, logErr := OpenLog(path, 20, nil)
	_, markErr := OpenMark(path)
	for what, err := range map[string]error{"WriteFile": WriteFile(path, nil, 0o600),
		"OpenLog": logErr, "OpenMark": markErr, "CreateMark": CreateMark(path),
		"SyncDir": SyncDir(filepath.Dir(path))} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestDirectoryIsNoFile: it is not read, and not erased though it is empty.
func TestDirectoryIsNoFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(dir, 100); err == nil {
		t.Error("a directory was read")
	}
	if err := Erase(dir); err == nil {
		t.Error("a directory was erased")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("the directory is gone: %v", err)
	}
}

// TestFileMode is that which was asked for, also where a file was replaced.
func TestFileMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o400} {
		if err := WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("mode is %v, %v, want %v", info.Mode(), err, mode)
		}
	}
}

// TestFullLog: a log that has as many records as it can count takes no more.
func TestFullLog(t *testing.T) {
	l := &Log{size: 1, count: math.MaxUint32 - 1}
	if err := l.Append([]byte{1}); err != nil {
		t.Errorf("the last record: %v", err)
	}
	if err := l.Append([]byte{1}); !errors.Is(err, errLogFull) {
		t.Errorf("one more: %v", err)
	}
}

// TestBrokenInvariants are bugs of the caller, and said loudly.
func TestBrokenInvariants(t *testing.T) {
	for said, call := range map[string]func(){
		"record size":  func() { OpenLogFile(nil, "", 0, 0, nil) },
		"out of range": func() { OpenLogFile(nil, "", 0, maxRecordSize+1, nil) },
		"wrong size":   func() { (&Log{size: 2}).Append([]byte{1}) },
		"only grows":   func() { (&Mark{value: 7}).Set(7) },
	} {
		func() {
			defer func() {
				if got, _ := recover().(string); !strings.Contains(got, said) {
					t.Errorf("%s: %q", said, got)
				}
			}()
			call()
		}()
	}
}
