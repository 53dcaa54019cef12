package daystore_test

// Each test here is of a bug that was there once, with a line of its history.

import (
	"bytes"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/daystore"
	"murmuration/internal/long"
)

// History: Badger panicked for a table with one flipped byte, and took the provider with it.
//
// TestFlippedTables is the same for every sixtieth byte of Badger's tables, which have the names of
// the boxes, the queue and the lists; for every twentieth with `just long`.
func TestFlippedTables(t *testing.T) {
	const boxes = 12
	step := 60
	if long.Form() {
		step = 20
	}
	dir := newDir(t)
	s := openBadger(t, dir, daystore.SmallFiles(daystore.Options{}))
	populate(t, s, boxes)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tables, err := filepath.Glob(dir + "/day-00001/badger/*.sst")
	if err != nil || len(tables) == 0 {
		t.Fatalf("no tables: %v", err)
	}
	for _, table := range tables {
		content, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		for at := 7; at < len(content); at += step {
			name := strings.TrimPrefix(table, dir)
			if got := silent(t, copyDir(t, dir, name, at, 1<<(at%8)), boxes); got != 0 {
				t.Errorf("%s, byte %d of %d: %d boxes or entries silently gone", name, at,
					len(content), got)
			}
		}
	}
}

// History: The page that Badger wrote to a full disk ended the process with SIGBUS.
//
// TestFullDisk: below a quarter of the reserve nothing is written at all, whatever is asked for,
// since Badger's next page would end the process; what is there is read; and the operator is told
// once. The control has room.
func TestFullDisk(t *testing.T) {
	var free atomic.Uint64
	var log bytes.Buffer
	dir := newDir(t)
	opts := daystore.SmallFiles(daystore.Options{
		Reserve: 100, Free: func(string) (uint64, error) { return free.Load(), nil },
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if _, err := daystore.Open(dir, opts); err == nil ||
		!strings.Contains(err.Error(), "\n  make room: at least 1 MiB must be free to start") {
		t.Errorf("opening on a full disk: %v", err)
	}
	free.Store(100)
	log.Reset()
	s := openBadger(t, dir, opts)
	mustWrite(t, s, 1, boxtest.Box(1, 'a', 2048), box.Holder{1})
	daystore.Rest(t, dir, 1)
	before := tree(t, dir)
	free.Store(24)
	refusesAll(t, s)
	if !maps.Equal(before, tree(t, dir)) {
		t.Error("something was written to a full disk")
	}
	free.Store(100)
	mustWrite(t, s, 1, boxtest.Box(1, 'a', 0))
	if maps.Equal(before, tree(t, dir)) {
		t.Error("control: nothing was written to a disk with room")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if said := log.String(); strings.Count(said, "the disk is full") != 1 ||
		strings.Count(said, "there is room") != 1 {
		t.Errorf("the operator reads\n%s", said)
	}
}

// History: A process was killed while it opened a store, and the store never opened again: Badger
// had created a log and not begun it.
//
// TestKilledWhileALogIsMade: logs and tables in memory may be empty files, the newest, which was
// not begun, and older ones, which Badger empties before it deletes them; what was kept is there.
func TestKilledWhileALogIsMade(t *testing.T) {
	dir, opts := newDir(t), daystore.SmallFiles(daystore.Options{})
	s := openBadger(t, dir, opts)
	b := boxtest.Box(1, 'a', 2048)
	mustWrite(t, s, 1, b, box.Holder{1})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"000000.vlog", "000999.vlog", "00000.mem",
		"00999.mem"} {
		path := filepath.Join(dir, "day-00001", "badger", name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		s := openBadger(t, dir, opts)
		if got, status, err := s.Read(1, b.ID); err != nil || !got.Equal(b) {
			t.Errorf("%s: %v, %v", name, status, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	logs, err := filepath.Glob(filepath.Join(dir, "day-00001", "badger", "*.vlog"))
	if err != nil || len(logs) < 2 {
		t.Fatalf("logs: %q, %v", logs, err)
	}
	if err := os.Truncate(logs[0], 0); err != nil {
		t.Fatal(err)
	}
	if s, err := daystore.Open(dir, opts); err == nil {
		_, _, err = s.Read(1, b.ID)
		if _ = s.Close(); err == nil {
			t.Error("the control: a box whose log was emptied is read")
		}
	}
}
