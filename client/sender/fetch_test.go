package sender_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// shelf is fetches that are live, in order, and a supply of others.
type shelf struct {
	holder directory.NodeID
	live   []sender.Fetch
	empty  bool // there are no others
	slow   bool
	given  uint64
	sent   []uint64 // tokens
	times  []time.Time
	waits  []time.Duration
}

func (s *shelf) Live(time.Time) bool { return len(s.live) > 0 }

func (s *shelf) Take(_ time.Time, live bool) (sender.Fetch, bool) {
	if live {
		return s.live[0], true
	}
	s.given++
	return s.fetch(1_000_000 + s.given), !s.empty
}

func (s *shelf) Sent(token uint64, at, again time.Time) {
	s.sent, s.times = append(s.sent, token), append(s.times, at)
	s.waits = append(s.waits, again.Sub(at))
	if len(s.live) > 0 && s.live[0].Token == token {
		s.live = s.live[1:]
	}
}

func (s *shelf) fetch(token uint64) sender.Fetch {
	return sender.Fetch{Token: token, Op: box.OpFetch, Holder: s.holder, Slow: s.slow,
		Key: box.FetchKey{Slot: box.Slot(token)}}
}

// fetcher joins somebody at p1 who asks p2.
func (n *network) fetcher(seed byte) (*person, *shelf) {
	s := &shelf{holder: n.Node("p2").ID()}
	return n.joinWith(0, sender.Config{Seed: [32]byte{seed}, Fetches: s}), s
}

// TestTraceOfIdleAndBusyIsTheSame: whether or not there is anything to fetch or to write,
// and where there is nothing at all, too.
func TestTraceOfIdleAndBusyIsTheSame(t *testing.T) {
	t.Parallel()
	traced := func(seed byte, busy, empty, bare bool) *person {
		w := newNetwork(t, 1, testParameters())
		p, shelf := w.fetcher(seed)
		shelf.empty = empty
		if bare {
			p.SetBare()
		}
		if busy {
			a := w.newAuthor(5)
			for i := range 40 {
				r := write(uint64(i), a.seal(0, fmt.Sprint(i)))
				r.Slow = i%2 == 0
				if err := p.Enqueue(w.Now(), r); err != nil {
					t.Fatal(err)
				}
				shelf.live = append(shelf.live, shelf.fetch(uint64(i)))
			}
		}
		w.run(40 * time.Second)
		return p
	}
	for seed := range byte(2) {
		idle := traced(seed, false, false, false).trace
		busy := traced(seed, true, false, false).trace
		nothing := traced(seed, false, true, false).trace
		if len(idle) < 140 || !slices.Equal(idle, busy) || !slices.Equal(idle, nothing) {
			t.Fatalf("seed %d: traces of %d, %d and %d frames differ", seed, len(idle), len(busy),
				len(nothing))
		}
	}
	if slices.Equal(traced(1, false, false, true).trace, traced(1, true, false, true).trace) {
		t.Error("the control: with cover off the traces are the same")
	}
}

// TestPayloadAndLoopSlotsWork: each of them carries a fetch where nothing else is there; of a live
// fetch and a write that are both ready a coin takes one, and live fetches go before others.
func TestPayloadAndLoopSlotsWork(t *testing.T) {
	t.Parallel()
	par := testParameters()
	count := func(writes, live int) (work, fetched, others, slots int) {
		w := newNetwork(t, 1, par)
		w.carries = func(s sender.Sent) bool { return s.Stream == sender.Loop }
		p, shelf := w.fetcher(4)
		for i := range writes {
			r := sender.Request{Token: uint64(i), Op: box.OpDigest, Try: i}
			if err := p.Enqueue(w.Now(), r); err != nil {
				t.Fatal(err)
			}
		}
		for i := range live {
			shelf.live = append(shelf.live, shelf.fetch(uint64(i)))
		}
		w.run(5 * time.Minute)
		for _, s := range p.sent {
			if s.Work {
				work++
			}
			if s.Stream != sender.Drop {
				slots++
			}
		}
		fetched = live - len(shelf.live)
		return work, fetched, len(shelf.sent) - fetched, slots
	}
	if work, live, others, slots := count(0, 0); work+live != 0 || others != slots || slots < 350 {
		t.Errorf("idle: %d works, %d live, %d others in %d slots", work, live, others, slots)
	}
	if work, live, others, slots := count(0, 100); live != 100 || work != 0 ||
		live+others != slots {
		t.Errorf("fetching: %d works, %d live, %d others in %d slots", work, live, others, slots)
	}
	work, live, others, slots := count(1000, 1000)
	if math.Abs(float64(work-live)) > 5*math.Sqrt(float64(slots)) || others != 0 ||
		work+live != slots {
		t.Errorf("busy: %d works, %d live, %d others in %d slots", work, live, others, slots)
	}
}

// TestWritesLeaveAlone: boxes that wait together leave at exponential distances at the least, of a
// mean of one work slot.
func TestWritesLeaveAlone(t *testing.T) {
	t.Parallel()
	gaps := func(op box.Op) (mean float64) {
		w := newNetwork(t, 1, testParameters())
		w.carries = func(s sender.Sent) bool { return s.Stream == sender.Loop }
		p, _ := w.fetcher(4)
		b := w.newAuthor(5).seal(0, "x")
		for i := range 1000 {
			r := sender.Request{Token: uint64(i), Op: op, Try: i}
			if op == box.OpWrite {
				r.Box = b
			}
			if err := p.Enqueue(w.Now(), r); err != nil {
				t.Fatal(err)
			}
		}
		w.run(10 * time.Minute)
		var times []time.Time
		for i, s := range p.sent {
			if s.Work {
				times = append(times, p.times[i])
			}
		}
		return times[len(times)-1].Sub(times[0]).Seconds() / float64(len(times)-1)
	}
	// 1.5 slots a second: 2/3 s to wait and 2/3 s to the next slot.
	if mean := gaps(box.OpWrite); mean < 1.15 || mean > 1.5 {
		t.Errorf("writes leave every %.2f s", mean)
	}
	if mean := gaps(box.OpDigest); mean > 0.8 {
		t.Errorf("the control: what need not leave alone leaves every %.2f s", mean)
	}
}

// TestFetchesComeBack with what the holder says and for how long they may take; one that nobody can
// be asked for counts as sent.
func TestFetchesComeBack(t *testing.T) {
	t.Parallel()
	w := newNetwork(t, 1, testParameters())
	p, shelf := w.fetcher(4)
	lost := shelf.fetch(1)
	lost.Holder = directory.NodeID{99}
	mix := shelf.fetch(2)
	mix.Holder = w.Node("m1").ID()
	ask := sender.Fetch{Token: 4, Op: box.OpBulletin, Holder: shelf.holder,
		Ask: box.Question{Kind: 1, Maker: 77, Number: 3}}
	shelf.live = []sender.Fetch{lost, mix, shelf.fetch(3), ask}
	w.run(time.Minute)
	if len(shelf.live) != 0 || !slices.IsSorted(shelf.sent[:4]) {
		t.Fatalf("%d are still there, sent %v", len(shelf.live), shelf.sent[:4])
	}
	for token := range uint64(5) {
		e := find(p.events, func(e sender.Event) bool {
			return e.Kind == sender.Fetched && e.Token == token
		})
		if got := e != nil; got != (token == 3 || token == 4) {
			t.Errorf("fetch %d is answered: %v", token, got)
		}
		if e != nil && (e.Reply.Status != box.StatusNotFound || e.Holder != shelf.holder ||
			e.Sent.IsZero()) {
			t.Errorf("fetch %d: %v of %v", token, e.Reply.Status, e.Holder)
		}
	}
	for _, d := range shelf.waits {
		if d < 5*testParameters().DropEvery || d > time.Minute {
			t.Fatalf("an answer is waited for during %v", d)
		}
	}
	if share, n := p.Loops(); share != 1 || n == 0 {
		t.Errorf("%.2f of %d loops returned", share, n)
	}
}

// TestFetchThatDidNotLeaveIsTakenAgain, after a packet that was never sent.
func TestFetchThatDidNotLeaveIsTakenAgain(t *testing.T) {
	w := newNetwork(t, 1, testParameters())
	p, shelf := w.fetcher(4)
	shelf.live = []sender.Fetch{shelf.fetch(1)}
	p.Prepare()
	p.Connect(w.Now(), 0)
	if len(shelf.sent) != 0 || len(shelf.live) != 1 {
		t.Fatalf("sent %v", shelf.sent)
	}
	w.run(10 * time.Second)
	if len(shelf.live) != 0 {
		t.Error("it was not taken again")
	}
}

// TestFirstFrameSaysTheRoll, and no other one does.
func TestFirstFrameSaysTheRoll(t *testing.T) {
	w := newNetwork(t, 1, testParameters())
	p, _ := w.fetcher(4)
	for _, roll := range []uint32{0, 7, 0x01020304} {
		p.Connect(p.Next(), roll)
		for i := range 3 {
			sent, ok := p.Due(p.Next())
			want := []byte{byte(roll >> 24), byte(roll >> 16), byte(roll >> 8), byte(roll)}
			if i > 0 {
				want = make([]byte, 4)
			}
			if !ok || !slices.Equal(sent.Frame[8:12], want) {
				t.Errorf("roll %d, frame %d says %x", roll, i, sent.Frame[8:12])
			}
		}
	}
}

// TestSlowRequests travel longer, by twice the mean; none of them leaves too late in an epoch.
func TestSlowRequests(t *testing.T) {
	t.Parallel()
	par := testParameters()
	par.SlowDelay, par.EpochLength = 110*time.Second, 40*time.Minute
	par.Grace = par.EpochLength / 4
	delays := func(slow bool, from time.Duration) (mean float64, n int) {
		w := newNetwork(t, 1, par)
		w.carries = nothing
		p, shelf := w.fetcher(4)
		shelf.slow = slow
		w.until(genesis.Add(par.EpochLength + from))
		p.sent = nil
		w.run(4 * time.Minute)
		for _, s := range p.sent {
			if s.Stream != sender.Drop {
				mean += s.Delays.Seconds()
				n++
			}
		}
		return mean / float64(n), n
	}
	quick, _ := delays(false, time.Minute)
	slow, n := delays(true, time.Minute)
	late, _ := delays(true, par.EpochLength-par.SlowMargin())
	// Exp(110 s) below 440 s has a mean of 101.8 s.
	if d := slow - quick - 203.6; math.Abs(d) > 5*130/math.Sqrt(float64(n)) {
		t.Errorf("slow requests travel for %.1f s, quick ones for %.1f s", slow, quick)
	}
	if math.Abs(late-quick) > 0.5 {
		t.Errorf("late in the epoch they travel for %.1f s", late)
	}
}

// TestSlowWritesWaitForTheNextEpoch, or for its keys. Quick ones do not.
func TestSlowWritesWaitForTheNextEpoch(t *testing.T) {
	par := testParameters()
	par.SlowDelay, par.EpochLength = 110*time.Second, 40*time.Minute
	par.Grace = par.EpochLength / 4
	w := newNetwork(t, 1, par)
	w.carries = nothing
	p, _ := w.fetcher(4)
	next := genesis.Add(2 * par.EpochLength)
	w.until(next.Add(-par.SlowMargin()))
	a := w.newAuthor(5)
	for token := range uint64(2) {
		r := write(token, a.seal(0, "x"))
		r.Slow = token == 1
		if err := p.Enqueue(w.Now(), r); err != nil {
			t.Fatal(err)
		}
	}
	first := func(token uint64) time.Time {
		for i, s := range p.sent {
			if s.Work && s.Token == token {
				return p.times[i]
			}
		}
		return time.Time{}
	}
	w.until(next.Add(-par.Grace / 2))
	if first(0).IsZero() || !first(1).IsZero() {
		t.Errorf("before the epoch's end: quick %v, slow %v", first(0), first(1))
	}
	w.until(next.Add(time.Minute))
	if at := first(1); at.IsZero() || at.Before(next.Add(-par.Grace/2)) {
		t.Errorf("the slow one left at %v", at)
	}
}
