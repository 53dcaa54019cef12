package durable_test

// Each test here is of a bug that was there once, with a line of its history.

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"murmuration/internal/durable"
	"murmuration/internal/durable/durabletest"
)

// History: A full disk ended the node, and its log could not be used any more.
//
// TestLogWaitsForSpace: a write that did not fit is made again when there is space, with what came
// since.
func TestLogWaitsForSpace(t *testing.T) {
	f := durabletest.New(nil)
	l, _, err := openOn(f)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, l, 2)
	f.Fail = &os.PathError{Op: "write", Err: syscall.ENOSPC}
	for n := range 2 {
		if err := l.Append(record(uint32(2 + n))); err != nil {
			t.Fatal(err)
		}
		if err := l.Sync(); !errors.Is(err, durable.ErrNoSpace) {
			t.Fatalf("Sync on a full disk: %v", err)
		}
	}
	f.Fail = nil
	if err := l.Sync(); err != nil || l.Len() != 4 {
		t.Fatalf("with space again: %v, %d records", err, l.Len())
	}
	if _, got, err := openOn(f.Cut(nil)); err != nil || got != 4 {
		t.Errorf("%d records are on the disk, %v", got, err)
	}
}
