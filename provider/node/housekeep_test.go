package node

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/directory"
	"murmuration/internal/node"
	"murmuration/internal/replay"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
	"murmuration/mix"
	"murmuration/provider"
)

// TestClockAloneDestroysNothing: days go by the clock, but none that the last network document
// lists, and none without a document.
func TestClockAloneDestroysNothing(t *testing.T) {
	const today = 30
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	noon := start.Add(today*24*time.Hour + 12*time.Hour)
	s := &inForce{service: &provider.Service{Calendar: box.Calendar{Genesis: start, Retention: 14}}}
	if got := s.oldest(noon); got != 0 {
		t.Errorf("without a document the oldest day is %d", got)
	}
	doc := &directory.Document{}
	for day := uint16(today - 14); day <= today+1; day++ {
		doc.Storing = append(doc.Storing, directory.StoringSet{Day: day})
	}
	s.document.Store(doc)
	for ahead, want := range map[time.Duration]box.Day{0: today - 14, -48 * time.Hour: today - 16,
		1000 * time.Hour: today - 14} {
		if got := s.oldest(noon.Add(ahead)); got != want {
			t.Errorf("with a clock that is %s ahead the oldest day is %d, want %d", ahead, got,
				want)
		}
	}
}

// TestHousekeeping: a day is dropped when its retention is over and not before, and replies that
// nobody fetches are counted and gone.
func TestHousekeeping(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		// a bubble begins in the year 2000, a network may not
		<-time.After(26 * 365 * 24 * time.Hour)
		start := time.Now() // midnight
		store := box.NewMemStore(0)
		s := newNode(t, dir, start, store)
		s.edge = provider.NewEdge(provider.Limits{Replies: 1, Spools: 1, PerSpool: 9,
			SpooledTotal: 9, SpoolAge: time.Hour, SpoolIdle: time.Hour})
		s.inForce.document.Store(&directory.Document{Storing: []directory.StoringSet{{Day: 9}}})
		b := boxtest.Box(1, 'a', 2048)
		if _, err := store.Write(0, b, box.Token{}); err != nil {
			t.Fatal(err)
		}
		spoolOne(t, s.edge, start)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.housekeep(ctx) }() // ends with ctx
		for _, c := range []struct {
			after   time.Duration
			status  box.Status
			expired uint64
		}{{59 * time.Minute, box.StatusFound, 0}, {62 * time.Minute, box.StatusFound,
			1}, {71 * time.Hour, box.StatusFound, 1}, {73 * time.Hour, box.StatusNotFound, 1}} {
			<-time.After(c.after - time.Since(start))
			synctest.Wait()
			if _, status, err := store.Read(0, b.ID); err != nil || status != c.status {
				t.Errorf("after %s the box is %s, %v", c.after, status, err)
			}
			if n := s.Dropped(provider.SpoolExpired); n != c.expired {
				t.Errorf("after %s %d replies are counted as expired, want %d", c.after, n,
					c.expired)
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// spoolOne has one reply wait for a client of an edge.
func spoolOne(t *testing.T, e *provider.Edge, now time.Time) {
	t.Helper()
	e.Attach(now, provider.SpoolKey{}, "")
	e.Relay().SetRules(mix.Rules{Next: map[directory.NodeID]struct{}{}})
	e.Relay().OpenEpoch(0, now, now.Add(time.Hour), replay.NewSet(1, replay.Secret{}))
	if _, reason := e.Receive(now,
		transit.Arrival{Hop: sphinx.Result{Kind: sphinx.Reply}}); reason != transit.Accepted {
		t.Fatal(reason)
	}
	e.Persisted(1)
	if _, drops := e.Due(now, nil, nil); len(drops) > 0 {
		t.Fatal(drops)
	}
}

// newNode is a provider that does not run, of a network that began at start, which keeps boxes for
// two days.
func newNode(t *testing.T, dir string, start time.Time, store Store) *Node {
	t.Helper()
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	par.RetentionDays = 2
	var others []directory.Authority
	for i := range byte(3) {
		others = append(others, directory.Authority{Name: string('a' + rune(i)),
			ID: directory.NewIdentity([32]byte{i}).ID(), Addr: fmt.Sprint("here:", i+1)})
	}
	genesis, err := directory.NewGenesis("housekeeping", start, par, others[:1:1], others)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := node.CreateHome(dir, genesis, [32]byte{9}); err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Config: node.Config{Home: dir, Listen: "here:9"}, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
