package node

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestLinksFitTheFiles: however few files a process may have open, links leave room for what the
// node needs itself, and some are taken; with enough of them nothing is less.
func TestLinksFitTheFiles(t *testing.T) {
	want := quota{3024, mostHandshakes}
	for _, limit := range []uint64{1, 64, 256, 1024, 4096} {
		got := want.within(limit, ownFiles)
		if got.conns < 4 || got.handshakes < 1 {
			t.Errorf("%d files: %+v", limit, got)
		}
		if limit > 2*ownFiles && got.conns+got.handshakes+ownFiles > int(limit) {
			t.Errorf("%d files: %+v do not fit", limit, got)
		}
	}
	for _, limit := range []uint64{0, 1 << 20, 1 << 63} {
		if got := want.within(limit, ownFiles); got != want {
			t.Errorf("control: with %d files: %+v", limit, got)
		}
	}
}

// TestErasingIsTriedAgain: a key whose files cannot be erased is used no more, and its files go as
// soon as they can.
func TestErasingIsTriedAgain(t *testing.T) {
	dir := t.TempDir()
	k := openRing(t, dir, epoch0)
	public(t, k, 0)
	in := filepath.Join(k.path(0, ".tags"), "in the way")
	if err := errors.Join(os.Remove(k.path(0, ".tags")), os.MkdirAll(in, 0o700)); err != nil {
		t.Fatal(err)
	}
	over := epoch0.Add(time.Hour + 15*time.Minute)
	gone, err := k.expire(over)
	if err == nil || len(gone) != 1 || k.keys[0] != nil {
		t.Fatalf("control: expired %v, %v", gone, err)
	}
	if _, err := os.Stat(k.path(0, ".key")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the key waits for its tags: %v", err)
	}
	if err := errors.Join(os.RemoveAll(k.path(0, ".tags")),
		os.WriteFile(k.path(0, ".tags"), []byte("tags"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if gone, err := k.expire(over); err != nil || len(gone) != 0 || len(k.doomed) != 0 {
		t.Errorf("at the next try: %v, %v", gone, err)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 0 {
		t.Errorf("%v are left", files)
	}
}
