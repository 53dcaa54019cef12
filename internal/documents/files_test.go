package documents

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/directory/follow"
)

// TestFiles: a directory is made, with all above it; what cannot be read, made or removed is an
// error that names it; what is gone already is none.
func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	files, err := OpenFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := files.Keep("3"+suffix, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if records, err := files.Load(); err != nil || len(records) != 1 ||
		records[0].Path != filepath.Join(dir, "3"+suffix) || string(records[0].Raw) != "x" {
		t.Errorf("loaded %v, %v", records, err)
	}
	for range 2 {
		if err := files.Forget("3" + suffix); err != nil {
			t.Errorf("forgetting: %v", err)
		}
	}
	if _, err := OpenFiles(filepath.Join(dir, "file", "below")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "findings"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFiles(filepath.Join(dir, "findings", "below")); err == nil {
		t.Error("a directory below a file")
	}
	full := filepath.Join(dir, "4"+suffix)
	if err := os.MkdirAll(filepath.Join(full, "below"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := files.Load(); err == nil || !strings.Contains(err.Error(), full) {
		t.Errorf("a directory in a document's place: %v", err)
	}
	if err := files.Forget("4" + suffix); err == nil {
		t.Error("what cannot be removed is said to be gone")
	}
}

// TestBytesAreMadeOnce: whoever asks for a document gets it in many pieces.
func TestBytesAreMadeOnce(t *testing.T) {
	w := newNetwork(t)
	s := w.open(t.TempDir(), nil)
	if err := s.Add(w.at(0), w.signed(0, nil)); err != nil {
		t.Fatal(err)
	}
	if a, b := s.Bytes(0), s.Bytes(0); len(a) == 0 || &a[0] != &b[0] {
		t.Error("the bytes were made twice")
	}
}

// TestOnlyNewDocumentsAreWritten: one that is on the disk is not written again.
func TestOnlyNewDocumentsAreWritten(t *testing.T) {
	w, store := newNetwork(t), &memory{records: map[string][]byte{}}
	s, _, err := w.on(store)
	if err != nil {
		t.Fatal(err)
	}
	unsaved := func() bool { return s.records.unsaved(s.follower.Chain()) }
	if err := s.Add(w.at(0), w.signed(0, nil)); err != nil || unsaved() {
		t.Fatalf("something is left to save: %v", err)
	}
	store.refuse = "0" + suffix // would be noticed
	if err := s.Add(w.at(1), w.signed(1, nil)); err != nil || unsaved() {
		t.Errorf("the next one: %v", err)
	}
}

// two is a source that gives a document, and after it another one for the same epoch.
type two struct {
	*library
	second *directory.Document
}

func (s two) Fetch(ctx context.Context, from directory.Authority, e directory.Epoch) (
	*directory.Document, error) {
	if e == s.second.Epoch && s.w.genesis.Schedule().EndOf(e-1, directory.PhaseSign).
		Before(time.Now()) {
		return s.second, nil
	}
	return s.library.Fetch(ctx, from, e)
}

// TestFetchedIsKeptAndFound: what an entry gives is put on disk at once, and what contradicts the
// documents at hand is a finding.
func TestFetchedIsKeptAndFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, store := newNetwork(t), &memory{records: map[string][]byte{}}
		astray := w.signed(8, func(d *directory.Document) { d.Previous[0] ^= 1 })
		s, err := Open(Config{Genesis: w.genesis, Store: store, Source: two{&library{w: w}, astray},
			Follow: Client(w.genesis)})
		if err != nil {
			t.Fatal(err)
		}
		err = w.run(s, w.at(7).Add(time.Minute), func(u *user) {
			if told := u.heard(); told != "expire, use 7" || store.names() != "7.document" {
				t.Errorf("at the start: %s; kept: %s", told, store.names())
			}
			<-time.After(time.Until(w.at(8)))
			u.heard()
			found := s.Findings()
			if len(found) != 1 || !errors.Is(found[0].Proof, directory.ErrBrokenChain) {
				t.Errorf("found: %v", found)
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestClockErrors say what begins later than the clock says.
func TestClockErrors(t *testing.T) {
	for kind, want := range map[follow.Kind]string{follow.BeforeStart: "the network begins at 2026",
		follow.ClockBehind: "the network's document begins at 2026"} {
		err := &ClockError{Trouble: follow.Trouble{Kind: kind, At: began},
			Now: began.Add(-time.Hour)}
		if got := err.Error(); !strings.HasPrefix(got, want) ||
			!strings.Contains(got, "clock says 2025-12-31 23:00:00 UTC") {
			t.Errorf("%s: %q", kind, got)
		}
	}
}

// TestExpiryIsTold as what it is: nothing yet, or nothing any more.
func TestExpiryIsTold(t *testing.T) {
	for had, want := range map[bool]string{false: "in force yet", true: "in force any more"} {
		synctest.Test(t, func(t *testing.T) {
			w := newNetwork(t)
			s, log, err := w.on(&memory{records: map[string][]byte{}})
			if err != nil {
				t.Fatal(err)
			}
			if had {
				if err := s.Add(w.at(0), w.signed(0, nil)); err != nil {
					t.Fatal(err)
				}
			}
			err = w.run(s, w.at(5), func(u *user) { u.heard() })
			if err != nil || strings.Count(log.String(), want) != 1 ||
				strings.Count(log.String(), "in force") != 1 {
				t.Errorf("a document before: %t: %v; %s", had, err, log)
			}
		})
	}
}
