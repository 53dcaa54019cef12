package documents

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/directory/follow"
	"murmuration/internal/directory/query"
	"murmuration/internal/link"
)

// library is an entry that signs each document in time.
type library struct {
	w     *network
	asked atomic.Int64
}

func (l *library) have(e directory.Epoch) bool {
	return e < 1<<32 && !time.Now().Before(l.w.genesis.Schedule().EndOf(e-1, directory.PhaseSign))
}

func (l *library) Fetch(_ context.Context, _ directory.Authority,
	e directory.Epoch) (*directory.Document, error) {
	l.asked.Add(1)
	if !l.have(e) {
		return nil, directory.ErrNoDocument
	}
	return l.w.signed(e, nil), nil
}

// TestEpochsAreFollowed for a day: one document an epoch, each in force in its own.
func TestEpochsAreFollowed(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		from := &library{w: w}
		files, _ := OpenFiles(dir)
		s, err := Open(Config{Genesis: w.genesis, Store: files, Source: from,
			Follow: Client(w.genesis)})
		if err != nil {
			t.Fatal(err)
		}
		err = w.run(s, w.at(7).Add(time.Minute), func(u *user) {
			if told := u.heard(); told != "expire, use 7" {
				t.Errorf("at the start: %s", told)
			}
			for e := directory.Epoch(8); e < 31; e++ {
				<-time.After(time.Until(w.at(e)))
				if told := u.heard(); s.Current().Epoch != e ||
					strings.Count(told, "prepare") != 1 || strings.Count(told, "use") != 1 {
					t.Errorf("epoch %d: %s", e, told)
				}
			}
		})
		if err != nil || from.asked.Load() != 24 || s.Trouble().Kind != follow.NoTrouble {
			t.Errorf("%d questions, %v, %v", from.asked.Load(), s.Trouble(), err)
		}
	})
}

// TestUserEndsRun: what cannot be used ends the node, not the document alone.
func TestUserEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		s := w.open(t.TempDir(), nil)
		if err := s.Add(w.at(0), w.signed(0, nil)); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Until(w.at(0)))
		trouble := errors.New("no such key")
		if err := s.Run(t.Context(), &user{fails: trouble}); !errors.Is(err, trouble) {
			t.Errorf("Run ended with %v", err)
		}
	})
}

// TestWrongClocks are said at once, with both times.
func TestWrongClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		s := w.open(t.TempDir(), nil)
		var wrong *ClockError
		err := s.Run(t.Context(), &user{})
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "begins at 2026-01-01") ||
			!strings.Contains(err.Error(), "clock says 2000") {
			t.Errorf("before the network began: %v", err)
		}
		<-time.After(time.Until(w.at(3)))
		if err := s.Add(w.at(3), w.signed(6, nil)); err != nil {
			t.Fatal(err)
		}
		err = s.Run(t.Context(), &user{})
		if !errors.As(err, &wrong) ||
			!strings.Contains(err.Error(), "begins at 2026-01-01 06:00") ||
			!strings.Contains(err.Error(), "clock says 2026-01-01 03:00") {
			t.Errorf("three hours behind: %v", err)
		}
	})
}

// TestSignedAheadIsNoWrongClock: where the clocks of others are not ahead, who has a document whose
// time has not come goes on, and uses the one that says that it is void, after a restart, too. The
// control, TestWrongClocks, ends.
func TestSignedAheadIsNoWrongClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, dir := newNetwork(t), t.TempDir()
		open := func() *Set {
			s := w.open(dir, nil)
			s.cfg.Behind = func(time.Time) bool { return false }
			return s
		}
		s, ahead := open(), w.signed(6, nil)
		if err := s.Add(w.at(3), ahead); err != nil {
			t.Fatal(err)
		}
		next := w.signed(3, func(d *directory.Document) {
			d.Void = []directory.Voided{{Epoch: 6, Digest: ahead.Digest()}}
		})
		if err := w.run(s, w.at(3), func(u *user) {
			told := u.heard()
			if err := s.Add(w.at(3), next); err != nil {
				t.Error(err)
			}
			if then := u.heard(); told != "expire" || then != "use 3" {
				t.Errorf("told %q, then %q", told, then)
			}
		}); err != nil {
			t.Error(err)
		}
		again := open()
		if err := w.run(again, w.at(4), func(u *user) {
			if told := u.heard(); told != "use 3" || len(again.Held()) != 1 {
				t.Errorf("after a restart: %q, %d documents", told, len(again.Held()))
			}
		}); err != nil {
			t.Error(err)
		}
	})
}

// fullDisk takes nothing while it is full.
type fullDisk struct {
	Store
	full atomic.Bool
}

var errFull = errors.New("no space left")

func (f *fullDisk) Keep(name string, raw []byte) error {
	if f.full.Load() {
		return errFull
	}
	return f.Store.Keep(name, raw)
}

// TestFullDisk: a document that finds no room is used all the same, and kept when there is room.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		files, _ := OpenFiles(dir)
		disk := &fullDisk{Store: files}
		disk.full.Store(true)
		var log bytes.Buffer
		s, err := Open(Config{Genesis: w.genesis, Store: disk, Source: &library{w: w},
			Follow: Client(w.genesis),
			Log:    slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		err = w.run(s, w.at(2), func(u *user) {
			if told := u.heard(); told != "expire, use 2" {
				t.Errorf("on a full disk: %s", told)
			}
			if err := s.Add(w.at(2), w.signed(3, nil)); !errors.Is(err, errFull) ||
				s.Document(3) == nil {
				t.Errorf("adding one: %v", err)
			}
			<-time.After(10 * time.Minute)
			if records, _ := files.Load(); len(records) != 0 {
				t.Errorf("on a full disk are %d records", len(records))
			}
			disk.full.Store(false)
			<-time.After(2 * saveEvery)
			if records, _ := files.Load(); len(records) != 2 {
				t.Errorf("with room, on disk are %d records", len(records))
			}
		})
		if told := strings.Count(log.String(), "make room"); err != nil || told != 1 {
			t.Errorf("%v; that there is no room was told %d times", err, told)
		}
	})
}

// TestLinks fetches over links; the entry sees the key that the transport decides on.
func TestLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		<-time.After(time.Until(w.at(5)))
		fabric, entry := link.NewFabric(), w.genesis.Entries[0]
		seen := serve(t, w, fabric)
		keys := byte(20)
		from := Links(func() (link.Transport, error) {
			keys++
			return fabric.Transport(w.linkConfig(link.Seed{keys}))
		})
		doc, err := from.Fetch(t.Context(), entry, 5)
		if err != nil || doc.Digest() != w.signed(5, nil).Digest() {
			t.Errorf("fetched %v, %v", doc, err)
		}
		if _, err := from.Fetch(t.Context(), entry, 6); !errors.Is(err, directory.ErrNoDocument) ||
			!strings.Contains(err.Error(), "a1") {
			t.Errorf("one that is not there: %v", err)
		}
		entry.Addr = "127.0.0.1:1"
		if _, err := from.Fetch(t.Context(), entry, 5); !errors.Is(err, link.ErrUnreachable) {
			t.Errorf("an entry that is not there: %v", err)
		}
		if a, b := <-seen, <-seen; a == b {
			t.Error("one key asked twice")
		}
	})
}

func (w *network) linkConfig(seed link.Seed) link.Config {
	return link.Config{Network: w.genesis.ID(), Identity: seed,
		Admit: func(link.PublicKey, link.Kind) bool { return true },
		FrameSize: func(k link.Kind) int {
			if k == link.Directory {
				return query.FrameSize
			}
			return 0
		}}
}

// serve is the entry; it tells who asks.
func serve(t *testing.T, w *network, fabric *link.Fabric) <-chan link.PublicKey {
	t.Helper()
	transport, err := fabric.Transport(w.linkConfig(link.Seed{1}))
	if err != nil {
		t.Fatal(err)
	}
	l, err := transport.Listen(w.genesis.Entries[0].Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	seen := make(chan link.PublicKey, 8)
	go func() { // ends with the listener
		for {
			conn, err := l.Accept(context.Background())
			if err != nil {
				return
			}
			seen <- conn.Peer()
			go query.Serve(conn, served{&library{w: w}}) // ends with the connection
		}
	}()
	return seen
}

// served is a library as query.Serve wants it.
type served struct{ *library }

func (s served) Document(e directory.Epoch) ([]byte, bool) {
	if !s.have(e) {
		return nil, false
	}
	return s.w.signed(e, nil).Marshal(), true
}

func (s served) Latest() (directory.Epoch, []byte, bool) { return 0, nil, false }
func (s served) Submit([]byte) error                     { return directory.RefusedLater }
