package cover

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/outbox"
	"murmuration/client/person"
	"murmuration/client/person/persontest"
	"murmuration/client/store"
	"murmuration/internal/box"
)

var (
	genesis = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	noon    = genesis.Add(36 * time.Hour) // day 1
	network = boxstream.Network{
		Format:   box.Format{Plaintext: box.RecordHeaderSize + 64},
		Calendar: box.Calendar{Genesis: genesis, Retention: 14},
		Listing:  3 * time.Minute,
	}
)

// home is somebody who writes nothing but cover.
type home struct {
	t *testing.T
	*Cover
	outbox *counted
	person *person.Person
	store  *store.Store
	sender *persontest.Sender
	full   bool
	now    time.Time
}

// counted is an outbox that counts what it is given.
type counted struct {
	*outbox.Outbox
	runs   []outbox.Draft
	forget bool // what it is given goes nowhere
}

func (c *counted) Put(tx *store.Tx, now time.Time, d outbox.Draft) error {
	c.runs = append(c.runs, d)
	if c.forget {
		return nil
	}
	return c.Outbox.Put(tx, now, d)
}

func newHome(t *testing.T, holders *persontest.Holders, s *store.Store, perDay int) *home {
	h := &home{t: t, store: s, person: person.New(s), sender: holders.Sender()}
	s.Free = func(string) (uint64, error) {
		if h.full {
			return 0, nil
		}
		return 1 << 40, nil
	}
	o, err := outbox.New(h.person, outbox.Config{
		Store: s, Network: network, Random: rand.NewChaCha8([32]byte{1}),
		Pace: outbox.Pace{Hold: time.Second, Listing: 2 * time.Minute, Again: time.Minute},
	})
	h.check(err)
	h.outbox = &counted{Outbox: o}
	h.Cover, err = New(h.person, Config{
		Store: s, Network: network, Random: rand.NewChaCha8([32]byte{2}), Outbox: h.outbox,
		PerDay: perDay,
	})
	h.check(err)
	h.check(errors.Join(h.person.Load(), h.person.Begin(noon, h.sender)))
	return h
}

func (h *home) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// live lets days pass, a turn a minute.
func (h *home) live(from time.Time, d time.Duration) {
	h.t.Helper()
	for h.now = from; h.now.Before(from.Add(d)); h.now = h.now.Add(time.Minute) {
		h.check(h.sender.Step(h.now, h.person))
	}
}

func (h *home) boxes() (n int) {
	for _, r := range h.outbox.runs {
		n += len(r.Boxes)
	}
	return n
}

// TestCoverIsWrittenAllTheTime: so many boxes a day, in runs of the lengths of posts, half of them
// slow; they are stored and kept as posts are, and the person sees nothing of it.
func TestCoverIsWrittenAllTheTime(t *testing.T) {
	holders := persontest.NewHolders(network.Calendar)
	h := newHome(t, holders, store.Memory(), 240)
	h.live(noon, 72*time.Hour)
	slow, lengths, stored := 0, map[int]int{}, 0
	for _, r := range h.outbox.runs {
		lengths[len(r.Boxes)]++
		if r.Slow {
			slow++
		}
		for _, b := range r.Boxes {
			if holders.Has(b.ID) {
				stored++
			}
		}
	}
	runs := len(h.outbox.runs)
	if n := h.boxes(); n < 560 || n > 900 || stored < n-40 { // 720, of runs that differ much
		t.Errorf("%d boxes in three days, %d are stored", n, stored)
	}
	if lengths[1] < runs/3 || lengths[2] < runs/8 || lengths[4] < runs/20 || len(lengths) != 5 ||
		lengths[9] == 0 || lengths[17] == 0 || slow < runs/3 || slow > 2*runs/3 {
		t.Errorf("%d runs of lengths %v, %d of them slow", runs, lengths, slow)
	}
	if e := h.outbox.Entries(); len(e) != 0 || len(h.person.Notices()) != 0 ||
		h.outbox.Waiting() > 40 {
		t.Errorf("the person sees %+v, %d wait", e, h.outbox.Waiting())
	}
}

// TestPostsTakeThePlaceOfCover: as many boxes are left out, at most a day's, over a restart.
func TestPostsTakeThePlaceOfCover(t *testing.T) {
	wrote := func(boxes int) int {
		holders := persontest.NewHolders(network.Calendar)
		h := newHome(t, holders, store.Memory(), 240)
		for range boxes / 10 {
			h.check(h.store.Update(func(tx *store.Tx) error { return h.Wrote(tx, 10) }))
		}
		h = newHome(t, holders, h.store, 240)
		h.live(noon, 48*time.Hour)
		return h.boxes()
	}
	none, some, many := wrote(0), wrote(100), wrote(2000)
	if left := none - some; left < 100-17 || left > 100+17 {
		t.Errorf("in the place of 100 boxes %d are left out", left)
	}
	if left := none - many; left < 240-17 || left > 240+17 {
		t.Errorf("in the place of 2,000 boxes %d are left out", left)
	}
}

// History: Who wrote one box at a time had a whole run left out for each, and wrote less than who
// wrote nothing.
//
// TestWhoWritesWritesNoLess: somebody who writes a box now and then, or many at a time, writes as
// many as who writes nothing.
func TestWhoWritesWritesNoLess(t *testing.T) {
	const perDay, days = 240, 10
	total := func(boxes, everyMinutes int) int {
		h := newHome(t, persontest.NewHolders(network.Calendar), store.Memory(), perDay)
		wrote := 0
		h.outbox.forget = true
		for minute := range days * 24 * 60 {
			if everyMinutes > 0 && minute%everyMinutes == 0 {
				wrote += boxes
				h.check(h.store.Update(func(tx *store.Tx) error { return h.Wrote(tx, boxes) }))
			}
			h.check(h.Turn(noon.Add(time.Duration(minute) * time.Minute)))
		}
		return wrote + h.boxes()
	}
	for name, n := range map[string]int{
		"nothing": total(0, 0), "one an hour": total(1, 60), "nine at a time": total(9, 8*60),
		"one in ten minutes": total(1, 10),
	} {
		if n < perDay*days*85/100 || n > perDay*days*115/100 {
			t.Errorf("who writes %s writes %d boxes in %d days", name, n, days)
		}
	}
}

// TestNoCoverWithoutAConnection, nor for what a computer slept through.
func TestNoCoverWithoutAConnection(t *testing.T) {
	h := newHome(t, persontest.NewHolders(network.Calendar), store.Memory(), 240)
	h.person.Online(false)
	h.live(noon, 24*time.Hour)
	if len(h.outbox.runs) != 0 {
		t.Errorf("%d runs without a connection", len(h.outbox.runs))
	}
	h.person.Online(true)
	h.check(h.person.Turn(noon))
	h.check(h.person.Turn(noon.Add(72 * time.Hour)))
	if len(h.outbox.runs) != 0 {
		t.Errorf("%d runs after a sleep", len(h.outbox.runs))
	}
	h.live(noon.Add(72*time.Hour), 24*time.Hour) // the control
	if len(h.outbox.runs) < 20 {
		t.Errorf("%d runs in a day", len(h.outbox.runs))
	}
	none := newHome(t, persontest.NewHolders(network.Calendar), store.Memory(), 0)
	none.live(noon, 24*time.Hour)
	if len(none.outbox.runs) != 0 {
		t.Errorf("%d runs where there are none", len(none.outbox.runs))
	}
}

// TestCoverWaitsForAnOutbox that holders do not empty, and for a disk that is full.
func TestCoverWaitsForAnOutbox(t *testing.T) {
	holders := persontest.NewHolders(network.Calendar)
	holders.Silent = 2
	h := newHome(t, holders, store.Memory(), 2400)
	h.live(noon, 20*time.Hour)
	if n := h.outbox.Waiting(); n > most+17 || n < most {
		t.Errorf("%d wait", n)
	}
	h = newHome(t, persontest.NewHolders(network.Calendar), store.Memory(), 2400)
	h.full = true
	h.live(noon, time.Hour)
	if n := h.outbox.Waiting(); n != 0 {
		t.Errorf("%d wait on a full disk", n)
	}
	h.full = false
	h.live(noon.Add(time.Hour), time.Hour)
	if h.boxes() == 0 {
		t.Error("none after it")
	}
}

// TestStreamOfCoverIsRenewed as that of posts is, when a copy of this home writes to it.
func TestStreamOfCoverIsRenewed(t *testing.T) {
	holders := persontest.NewHolders(network.Calendar)
	h := newHome(t, holders, store.Memory(), 240)
	h.live(noon, 2*time.Hour)
	var name string
	err := h.store.View(func(tx *store.Tx) (err error) { name, _, err = h.Stream(tx); return err })
	if h.check(err); name != "cover/1" {
		t.Errorf("it is %q", name)
	}
	err = h.store.Update(func(tx *store.Tx) error {
		name, sealed, err := h.Renew(tx, time.Time{}, 1, [][]byte{{1}, {2}})
		if name != "cover/2" || len(sealed) != 2 {
			t.Errorf("%q, %d sealed", name, len(sealed))
		}
		return err
	})
	h.check(err)
	err = h.store.View(func(tx *store.Tx) (err error) { name, _, err = h.Stream(tx); return err })
	if h.check(err); name != "cover/2" {
		t.Errorf("then it is %q", name)
	}
}

type noRandomness struct{}

var errDrawn = errors.New("no randomness")

func (noRandomness) Read([]byte) (int, error) { return 0, errDrawn }

func TestCoverNeedsRandomness(t *testing.T) {
	_, err := New(person.New(store.Memory()), Config{Random: noRandomness{}})
	if !errors.Is(err, errDrawn) {
		t.Errorf("%v", err)
	}
}
