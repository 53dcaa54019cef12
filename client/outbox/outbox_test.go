package outbox

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/person"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

var (
	genesis = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	noon    = genesis.Add(36 * time.Hour) // day 1
	network = boxstream.Network{
		Format:   box.Format{Plaintext: box.RecordHeaderSize + 64},
		Calendar: box.Calendar{Genesis: genesis, Retention: 3},
		Listing:  3 * time.Minute,
	}
	pace = Pace{Hold: 20 * time.Second, Listing: 2 * time.Minute, Again: time.Minute}
)

// home is an outbox with what is around it: a store, a sender that keeps what it is given, and an
// author of streams.
type home struct {
	t *testing.T
	*Outbox
	person   *person.Person
	store    *store.Store
	writer   boxstream.Writer
	epoch    int
	requests []sender.Request
	handed   []uint64
	full     bool
}

func unloaded(t *testing.T, s *store.Store) *home {
	h := &home{t: t, store: s, person: person.New(s), epoch: 1}
	s.Free = func(string) (uint64, error) {
		if h.full {
			return 0, nil
		}
		return 1 << 40, nil
	}
	var err error
	h.Outbox, err = New(h.person, Config{
		Store: s, Network: network, Random: rand.NewChaCha8([32]byte{5}), Pace: pace,
	})
	h.check(err)
	h.Serve("me", h)
	h.writer, err = boxstream.NewWriter(rand.NewChaCha8([32]byte{1}))
	h.check(err)
	return h
}

func newHome(t *testing.T, s *store.Store, now time.Time) *home {
	h := unloaded(t, s)
	h.check(h.person.Load())
	h.check(h.person.Begin(now, h))
	return h
}

func (h *home) Enqueue(_ time.Time, r sender.Request) error {
	h.requests = append(h.requests, r)
	return nil
}

func (h *home) Cancel(token uint64) bool {
	h.requests = slices.DeleteFunc(
		h.requests,
		func(r sender.Request) bool { return r.Token == token },
	)
	return slices.Contains(h.handed, token)
}

func (h *home) Handed() []uint64 { return h.handed }

func (h *home) name() string { return fmt.Sprint("mine/", h.epoch) }

func (h *home) Stream(*store.Tx) (string, boxstream.Writer, error) {
	return h.name(), h.writer, nil
}

func (h *home) Renew(
	_ *store.Tx, _ time.Time, day box.Day, waited [][]byte,
) (string, []boxstream.Sealed, error) {
	h.epoch++
	w, err := boxstream.NewWriter(rand.NewChaCha8([32]byte{byte(h.epoch)}))
	h.check(err)
	h.writer = w
	sealed, err := h.writer.SealBytes(network, day, waited...)
	return h.name(), sealed, err
}

func (h *home) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// seal makes the next n boxes of the author's stream.
func (h *home) seal(n int) []boxstream.Sealed {
	var records []box.Record
	for i := range n {
		records = append(
			records, box.Record{Kind: 1, Parts: 1, Content: fmt.Append(nil, "box ", i)},
		)
	}
	sealed, err := h.writer.Seal(network, network.Today(noon), records...)
	h.check(err)
	return sealed
}

func (h *home) put(d Draft) {
	h.t.Helper()
	h.check(h.store.Update(func(tx *store.Tx) error { return h.Put(tx, noon, d) }))
	h.check(h.person.Supply(noon))
}

// queue has n boxes wait under a name.
func (h *home) queue(name string, n int) {
	h.t.Helper()
	h.put(Draft{Name: name, Author: "me", Stream: h.name(), Boxes: h.seal(n)})
}

// answer says what became of the oldest request in the sender.
func (h *home) answer(now time.Time, reply box.Reply) sender.Request {
	h.t.Helper()
	r := h.requests[0]
	h.requests = h.requests[1:]
	h.check(h.person.Answered(now, sender.Event{
		Kind: sender.Answered, Token: r.Token, Op: r.Op, Day: r.Day, ID: r.Box.ID, Reply: reply,
	}))
	return r
}

var (
	stored  = box.Reply{Status: box.StatusStored}
	refused = box.Reply{Status: box.StatusFull}
)

// list has a holder of two list a box.
func (h *home) list(now time.Time, holder byte, id box.ID) {
	h.t.Helper()
	for _, w := range slices.Clone(h.person.Wanted(box.EntryOf(id))) {
		l := person.Listing{Maker: directory.NodeID{holder}, Holders: 2}
		h.check(h.person.Listed(now, w, l))
	}
}

// keep has both holders list the oldest box that waits.
func (h *home) keep(now time.Time) {
	h.t.Helper()
	id := h.waiting[0].id
	h.list(now, 1, id)
	h.list(now, 2, id)
}

func (h *home) state(name string) Entry {
	h.t.Helper()
	for _, e := range h.Entries() {
		if e.Name == name {
			return e
		}
	}
	h.t.Fatalf("the outbox has no %s", name)
	return Entry{}
}

// TestFewBoxesOfAStreamAreOnTheirWay: another one when a holder says that it has one of them, or
// lists it, and not only when it is kept; those that wait are in their order.
func TestFewBoxesOfAStreamAreOnTheirWay(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", together+3)
	if len(h.requests) != together || h.Waiting() != together+3 {
		t.Fatalf("%d requests at once", len(h.requests))
	}
	for i, r := range h.requests {
		if r.Box.ID != h.waiting[i].id {
			t.Fatalf("box %d is not the next one", i)
		}
	}
	h.answer(noon, refused)
	if len(h.requests) != together-1 {
		t.Errorf("behind one that was refused: %d requests", len(h.requests))
	}
	h.answer(noon, stored)
	if len(h.requests) != together-1 || h.Waiting() != together+3 {
		t.Errorf("with the second stored, %d requests", len(h.requests))
	}
	h.list(noon, 1, h.requests[0].Box.ID)
	if len(h.requests) != together || h.Waiting() != together+3 {
		t.Errorf("with the third listed once, %d requests", len(h.requests))
	}
	h.list(noon, 1, h.requests[0].Box.ID) // the same holder, twice
	h.list(noon, 2, h.requests[0].Box.ID)
	if len(h.requests) != together-1 || h.Waiting() != together+2 {
		t.Errorf("with the third kept, %d requests", len(h.requests))
	}
}

func TestStatesAreHonest(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 2)
	see := func(when string, want Entry) {
		t.Helper()
		e := h.state("a")
		want.Number, want.Name, want.Boxes, want.Queued = e.Number, "a", 2, noon
		want.What = "post"
		if e != want {
			t.Errorf("%s: %+v", when, e)
		}
	}
	see("queued", Entry{State: Queued, Ahead: 2})
	h.handed = []uint64{h.requests[0].Token}
	see("one of two in a packet", Entry{State: Handed, Ahead: 2, Handed: 1})
	h.handed = nil
	h.answer(noon, stored)
	see("one stored", Entry{State: Handed, Ahead: 1, Handed: 1, Stored: 1})
	h.answer(noon, stored)
	see("both stored", Entry{State: Stored, Handed: 2, Stored: 2})
	if e := newHome(t, h.store, noon).state("a"); e.State != Queued {
		t.Errorf("what holders have said outlasts the program: %+v", e)
	}
	h.keep(noon)
	see("one kept", Entry{State: Stored, Handed: 2, Stored: 2, Kept: 1})
	h.keep(noon.Add(time.Minute))
	see("both kept", Entry{
		State: Kept, Handed: 2, Stored: 2, Kept: 2, Done: noon.Add(time.Minute)})
	if e := newHome(t, h.store, noon).state("a"); e.State != Kept || e.Kept != 2 {
		t.Errorf("after a restart: %+v", e)
	}
}

// TestNobodyWaitsForWhatIsStored: boxes that a holder has may wait for days until another one,
// which is away, lists them; what is queued behind them does not, and they are not expected any
// more.
func TestNobodyWaitsForWhatIsStored(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 3)
	h.queue("b", 2)
	see := func(a, b, all int) {
		t.Helper()
		if h.state("a").Ahead != a || h.state("b").Ahead != b || h.Ahead() != all ||
			h.Waiting() != 5 {
			t.Errorf("%d boxes up to the last of a, %d of b, %d of %d", h.state("a").Ahead,
				h.state("b").Ahead, h.Ahead(), h.Waiting())
		}
	}
	see(3, 5, 5)
	h.answer(noon, stored)
	see(2, 4, 4)
	h.answer(noon, refused)
	see(2, 4, 4)
	h.answer(noon, stored)
	h.answer(noon.Add(time.Hour), stored)
	see(1, 2, 2)
}

// TestWritesAreRepeatedUntilKept, at one holder after the other, with the same bytes and what is
// left of the hold, and more and more seldom; after "stored" not before it can be listed.
func TestWritesAreRepeatedUntilKept(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 1)
	first, now := h.requests[0], noon
	if first.Hold == 0 || first.Hold > 120 || first.Try != 0 {
		t.Errorf("the first try is %+v", first)
	}
	last := time.Duration(0)
	for i := range 8 {
		reply, least := refused, pace.Again<<min(i, 4)
		if i == 0 || i > 5 {
			reply, least = stored, pace.Again<<min(i, 4)+pace.Listing
		}
		r := h.answer(now, reply)
		if r.Try != i || !r.Box.Equal(first.Box) || i > 0 && r.Hold != 0 {
			t.Errorf("try %d is %+v", i, r)
		}
		began := now
		for len(h.requests) == 0 {
			now = now.Add(10 * time.Second)
			h.check(h.person.Supply(now))
		}
		last = now.Sub(began)
		if last < least || last > 2*least+time.Minute+10*time.Second {
			t.Errorf("after try %d it is repeated after %v", i, last)
		}
	}
	h.keep(now)
	if h.Waiting() != 0 || len(h.requests) != 0 {
		t.Errorf("kept, and written again: %+v", h.requests)
	}
}

// History: A slow box was written again before its answer's own delays were over.
//
// TestSlowBoxesAreRepeatedLater than quick ones, by what they travel longer.
func TestSlowBoxesAreRepeatedLater(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.cfg.Pace.Slow = 10 * time.Minute
	for slow, least := range map[bool]time.Duration{false: pace.Again, true: 11 * time.Minute} {
		for tries := range 6 {
			low := least << max(tries-1, 0)
			for range 100 {
				d := h.pause(&waiting{slow: slow, tries: tries})
				if d < low || d > 2*low {
					t.Fatalf("slow %v, after %d tries: %v", slow, tries, d)
				}
			}
		}
	}
}

// TestHoldsAreDrawn: exponential, of the mean that the network says, and never above three times
// it.
func TestHoldsAreDrawn(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	sum, most := 0, 0
	const n = 4000
	for range n {
		hold := int(h.hold(&waiting{}, noon))
		sum, most = sum+hold, max(most, hold)
	}
	// The mean of an exponential that is cut at 3 means: 1 - 3/(e³-1) = 0.843, in half seconds.
	if mean := float64(sum) / n; mean < 31 || mean > 36 || most > 120 || most < 110 {
		t.Errorf("a mean of %.1f half seconds, at most %d", mean, most)
	}
}

// TestSealedAgain: a box that was not stored while its day was open has the same record at the same
// index under today, and nothing but the outbox is needed for that.
func TestSealedAgain(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 1)
	old := h.requests[0]
	h.handed = []uint64{old.Token}
	later := noon.Add(24 * time.Hour)
	h.check(h.person.Turn(noon.Add(14*time.Hour - time.Minute))) // the grace of the day after
	if len(h.requests) != 1 || h.requests[0].Token != old.Token {
		t.Errorf("taken back while its day was open: %+v", h.requests)
	}
	h.check(h.person.Turn(later))
	h.check(h.person.Supply(later))
	r := h.requests[0]
	if len(h.requests) != 1 || r.Day != old.Day+1 || r.Box.ID == old.Box.ID ||
		r.Box.Verify() != nil {
		t.Fatalf("sealed again: %+v", h.requests)
	}
	h.check(h.person.Answered(later, sender.Event{ // too late: it is about bytes of yesterday
		Kind: sender.Answered, Token: old.Token, Day: old.Day, Reply: stored,
	}))
	if h.state("a").Stored != 0 {
		t.Error("an answer about yesterday's bytes counts for today's")
	}
	again := newHome(t, h.store, later) // after a restart the new bytes are sent, not newer ones
	if got := again.requests[0]; !got.Box.Equal(r.Box) || got.Day != r.Day {
		t.Errorf("after a restart: %+v", again.requests)
	}
}

// TestStoredBoxWaitsForItsListing, which may come after the grace; and then it is sealed again.
func TestStoredBoxWaitsForItsListing(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 1)
	id := h.answer(noon, stored).Box.ID
	for i, c := range []struct {
		at    time.Duration
		again bool
	}{{14*time.Hour + 2*time.Minute, false}, {14*time.Hour + 4*time.Minute, true}} {
		h.requests = nil
		h.check(h.person.Turn(noon.Add(c.at)))
		h.check(h.person.Supply(noon.Add(c.at)))
		if h.waiting[0].id == id == c.again {
			t.Errorf("step %d: sealed again %v", i, !c.again)
		}
	}
	h.list(noon, 1, id) // and yesterday's listings count as well
	h.list(noon, 2, id)
	if h.state("a").State != Kept {
		t.Errorf("%+v", h.state("a"))
	}
}

// TestUnknownBoxChangesItsDayAtMidnight, within half an hour: nobody has heard of it yet, and a box
// of yesterday that comes first an hour later would stand out.
func TestUnknownBoxChangesItsDayAtMidnight(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 1)
	h.requests = nil
	turn := 12*time.Hour + h.waiting[0].turn
	if turn < 12*time.Hour || turn >= 12*time.Hour+30*time.Minute {
		t.Fatalf("it changes %v after noon", turn)
	}
	for _, c := range []struct {
		at  time.Duration
		day box.Day
	}{{12*time.Hour - time.Second, 1}, {turn - time.Second, 1}, {turn, 2}} {
		h.check(h.person.Turn(noon.Add(c.at)))
		h.check(h.person.Supply(noon.Add(c.at)))
		if got := h.waiting[0].sealing.day; got != c.day {
			t.Errorf("%v after noon it is of day %d", c.at, got)
		}
	}
}

func TestNobodyTookItForTooLong(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 2)
	h.check(h.person.Turn(noon.Add(72 * time.Hour)))
	if h.Waiting() != 2 {
		t.Error("given up on the last day")
	}
	h.check(h.person.Turn(noon.Add(72*time.Hour + time.Minute)))
	if e := h.state("a"); e.State != Expired || e.Reason == "" || h.Waiting() != 0 ||
		len(h.requests) != 0 {
		t.Errorf("%+v, %d wait", e, h.Waiting())
	}
}

// TestOldEntriesAreForgotten keeps the newest of what is done, and all that waits.
func TestOldEntriesAreForgotten(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	for i := range keptEntries + 2 {
		h.queue(fmt.Sprint("done ", i), 1)
		h.keep(noon.Add(time.Duration(i) * time.Second))
	}
	h.queue("waits", 1)
	h.check(h.person.Turn(noon.Add(time.Hour)))
	for _, h := range []*home{h, newHome(t, h.store, noon)} {
		all := h.Entries()
		if len(all) != keptEntries+1 || all[1].Name != fmt.Sprint("done ", keptEntries+1) ||
			h.state("waits").State != Queued {
			t.Errorf("%d entries, the newest %+v", len(all), all[0])
		}
	}
}

// TestFullOutboxAndFullDisk: what does not fit is refused whole; what cannot be noted is not done.
func TestFullOutboxAndFullDisk(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	many := h.seal(1)
	for range maxBoxes {
		many = append(many, many[0])
	}
	err := h.store.Update(func(tx *store.Tx) error {
		err := h.Put(tx, noon, Draft{Name: "many", Author: "me", Boxes: many})
		return err
	})
	if !errors.Is(err, ErrFull) || len(h.Entries()) != 0 {
		t.Errorf("%d boxes: %v", maxBoxes+1, err)
	}
	h.queue("a", 1)
	h.full = true
	h.keep(noon)
	if e := h.state("a"); e.State == Kept || h.Waiting() != 1 {
		t.Errorf("noted on a full disk: %+v", e)
	}
	h.full = false
	h.keep(noon)
	if e := h.state("a"); e.State != Kept || h.Waiting() != 0 {
		t.Errorf("%+v", e)
	}
}

// TestHiddenEntries are written as others are, and are shown nowhere; nothing of them stays but
// what is needed to write them again.
func TestHiddenEntries(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.put(Draft{
		Name: "x", Author: "me", Stream: "mine/1", Hidden: true, Slow: true, Boxes: h.seal(1),
	})
	if len(h.Entries()) != 0 || len(h.requests) != 1 || !h.requests[0].Slow || h.Waiting() != 1 {
		t.Errorf("%+v, %+v", h.Entries(), h.requests)
	}
	h.keep(noon)
	again := newHome(t, h.store, noon)
	if len(h.entries) != 0 || len(again.entries) != 0 || again.Waiting() != 0 {
		t.Errorf("%+v stay", again.entries)
	}
}

// TestDraftsOfOneTransaction wait as if each had come alone, or none of them.
func TestDraftsOfOneTransaction(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	put := func(fail error) error {
		return h.store.Update(func(tx *store.Tx) error {
			var errs []error
			for _, name := range []string{"one", "two"} {
				errs = append(errs, h.Put(tx, noon, Draft{
					Name: name, Says: name + " …", Author: "me", Stream: h.name(), Boxes: h.seal(2),
				}))
			}
			return errors.Join(append(errs, fail)...)
		})
	}
	if put(errors.New("no")) == nil || h.Waiting() != 0 || len(h.Entries()) != 0 {
		t.Errorf("after a failure %d boxes wait", h.Waiting())
	}
	h.check(put(nil))
	all := h.Entries()
	if h.Waiting() != 4 || len(all) != 2 || all[0].Number != 3 || all[0].Says != "two …" {
		t.Errorf("%d boxes wait, entries %+v", h.Waiting(), all)
	}
}
