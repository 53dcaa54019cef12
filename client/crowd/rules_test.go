package crowd

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"murmuration/client/board"
	"murmuration/client/person"
	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

var (
	_ Board          = (*board.Board)(nil)
	_ Wants          = (*person.Person)(nil)
	_ sender.Fetches = (*Crowd)(nil)
)

func TestCoins(t *testing.T) {
	var us, ds []float64
	for i := range 4000 {
		u, d := coin([32]byte{1}, box.Slot(i/2), box.Entry{byte(i % 2)})
		us, ds = append(us, u), append(ds, d)
		if again, _ := coin([32]byte{1}, box.Slot(i/2), box.Entry{byte(i % 2)}); again != u {
			t.Fatal("a coin changed")
		}
	}
	var even []float64
	for i := range 4000 {
		even = append(even, (float64(i)+0.5)/4000)
	}
	for name, x := range map[string][]float64{"u": us, "d": ds} {
		if k := distance(slices.Clone(x), even); k > 1.95*margin(x, even) {
			t.Errorf("%s is not uniform: %.3f", name, k)
		}
	}
	a, _ := coin([32]byte{1}, 7, box.Entry{1})
	for i, other := range []func() (float64, float64){
		func() (float64, float64) { return coin([32]byte{2}, 7, box.Entry{1}) },
		func() (float64, float64) { return coin([32]byte{1}, 8, box.Entry{1}) },
		func() (float64, float64) { return coin([32]byte{1}, 7, box.Entry{0, 1}) },
	} {
		if b, _ := other(); a == b {
			t.Errorf("coin %d is that of another key, slot or entry", i)
		}
	}
}

// TestChance: with 0.125 work slots a second.
func TestChance(t *testing.T) {
	for _, row := range []struct {
		rate   float64
		recent float64
		reads  int // in the last period, of an hour
		want   float64
	}{
		{0, 0, 0, 1}, {0.125 * Whole, 0, 0, 1}, {0.125 * Whole, 0, 300, 1}, {0.1, 0, 0, 0.625},
		{1, 0, 0, 0.0625}, {1, 0, 90, 0.05}, {1, 0, 1000, 0},
		// Recent slots count in a flood: from what there are no slots for, and twice as many.
		{0, 0.125, 0, 1}, {0.125 * Whole, 0.125, 0, 1}, {0, 0.2, 0, 0.3125}, {0, 1, 0, 0.0625},
		{0.1, 0.05, 0, 0.625}, {0.1, 0.2, 0, 0.625}, {0.1, 0.25, 0, 0.25}, {1, 0.2, 0, 0.0625},
		{0.125 * Whole, 0.15, 0, 1}, {0.125 * Whole, 0.16, 0, 0.0625 / 0.16},
		{0, 1, 90, 0.05}, {1, 2, 0, 0.0625}, {1, 2.5, 0, 0.025},
	} {
		c := newTown(t, 3).client(1)
		c.reads.last = row.reads
		if q := c.chance(row.rate, row.recent); math.Abs(q-row.want) > 1e-9 {
			t.Errorf("%v and %v listed a second, %d read: q is %v, want %v", row.rate, row.recent,
				row.reads, q, row.want)
		}
	}
}

// TestReadsAreCounted in the period before this one, and forgotten after a pause.
func TestReadsAreCounted(t *testing.T) {
	r := reads{now: 5}
	for _, row := range []struct {
		slot box.Slot
		last int
	}{{239, 0}, {240, 5}, {479, 5}, {480, 5}, {960, 0}} {
		if r.turn(row.slot); r.last != row.last {
			t.Errorf("in slot %d it is %d of the last period", row.slot, r.last)
		}
		r.now = 5
	}
}

// waiting is a client with so many live fetches that are due, of which some are read, by index.
func waiting(t *testing.T, rate float64, n int, read ...int) *house {
	w := newTown(t, 3)
	w.rate = rate
	h := w.client(1)
	for i := range n {
		f := &fetch{pair: w.post(1), due: h.now.Add(time.Duration(i) * time.Second)}
		f.read = slices.Contains(read, i)
		f.followed = f.read
		h.live.push(f)
	}
	h.now = h.now.Add(time.Minute)
	h.seen = h.now
	return h
}

// TestOldestBecomesLate, when 32 wait: of all, where all is fetched; else of what nobody reads.
func TestOldestBecomesLate(t *testing.T) {
	for _, row := range []struct {
		rate float64
		n    int
		read []int
		late []int
	}{
		{0, 31, nil, nil}, {0, 32, nil, []int{0}}, {0, 34, []int{0, 1}, []int{0, 1, 2}},
		{1, 32, []int{0, 1}, []int{2}}, {1, 34, upTo(8), []int{8, 9, 10}},
		{1, 34, upTo(33), []int{33}}, {1, 34, upTo(34), nil},
	} {
		h := waiting(t, row.rate, row.n, row.read...)
		all := slices.Clone(h.live)
		h.Live(h.now)
		var late []int
		for i, f := range all {
			if f.class != live {
				late = append(late, i)
			}
		}
		if !slices.Equal(late, row.late) || len(h.late) != len(late) ||
			len(h.live) != row.n-len(late) {
			t.Errorf("%d wait, read are %v: late are %v, want %v", row.n, row.read, late, row.late)
		}
	}
	// What is not due does not wait.
	h := waiting(t, 0, 40)
	if h.Live(start.Add(30 * time.Second)); len(h.late) != 0 {
		t.Error("late before it was due")
	}
}

func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// TestServedInOrder of their times, one a slot.
func TestServedInOrder(t *testing.T) {
	h := waiting(t, 0, 7)
	for i := range 7 {
		if !h.Live(h.now) {
			t.Fatalf("nothing is live after %d", i)
		}
		f, ok := h.Take(h.now, true)
		again, _ := h.Take(h.now, true)
		if !ok || f.Key.Entry != again.Key.Entry || f.Key.Entry != h.town.pairs[i].Entry {
			t.Fatalf("fetch %d: %v, then %v", i, f, again)
		}
		h.Sent(f.Token, h.now, h.now.Add(time.Hour)) // of an offer that was replaced
		if len(h.live) != 7-i {
			t.Fatal("a fetch that was taken anew counts as sent")
		}
		h.Sent(again.Token, h.now, h.now.Add(time.Hour))
	}
	if h.Live(h.now) {
		t.Error("there is more")
	}
}

func ids(all ...directory.NodeID) []directory.NodeID { return all }

// TestWhoIsAsked: of two listers any, later the other one; no silent one, and the own provider only
// when nobody else is left.
func TestWhoIsAsked(t *testing.T) {
	w := newTown(t, 3)
	own, one, two := w.makers[0], w.makers[1], w.makers[2]
	pair := func(a, b directory.NodeID) board.Pair {
		p := board.Pair{First: board.Listing{Maker: a, Slot: 1}}
		if b != (directory.NodeID{}) {
			p.Second = board.Listing{Maker: b, Slot: 2}
		}
		return p
	}
	nobody := directory.NodeID{}
	for name, row := range map[string]struct {
		pair   board.Pair
		silent []directory.NodeID
		last   *directory.NodeID
		want   []directory.NodeID
	}{
		"any":               {pair(one, two), nil, nil, ids(one, two)},
		"the other":         {pair(one, two), nil, &one, ids(two)},
		"not the own":       {pair(own, two), nil, nil, ids(two)},
		"not the own again": {pair(own, two), nil, &two, ids(two)},
		"not a silent":      {pair(one, two), ids(one), nil, ids(two)},
		"own if it must be": {pair(own, two), ids(two), nil, ids(own)},
		"a single":          {pair(one, nobody), nil, nil, ids(one)},
		"the own single":    {pair(own, nobody), nil, nil, ids(own)},
		"nobody":            {pair(one, two), ids(one, two), nil, nil},
	} {
		h := w.client(1)
		w.silent = map[directory.NodeID]bool{}
		for _, s := range row.silent {
			w.silent[s] = true
		}
		asked := map[directory.NodeID]int{}
		for range 400 {
			f := &fetch{pair: row.pair}
			if row.last != nil {
				f.last = &board.Listing{Maker: *row.last, Slot: 1}
				if row.last == &two || *row.last == two {
					f.last.Slot = 2
				}
			}
			if l := h.lister(f); l != nil {
				asked[l.Maker]++
			}
		}
		for _, id := range row.want {
			if want := 400 / len(row.want); asked[id] < want-50 {
				t.Errorf("%s: %v is asked %d times", name, id[:1], asked[id])
			}
		}
		if len(asked) != len(row.want) {
			t.Errorf("%s: %d are asked", name, len(asked))
		}
	}
}

// fate sends what is due at each slot, every 10 seconds, and answers by a rule.
func (h *house) fate(until time.Duration, answer func(sender.Fetch) (box.Reply, bool)) []asked {
	var sent []asked
	for end := h.now.Add(until); h.now.Before(end); h.now = h.now.Add(10 * time.Second) {
		f, ok := h.Take(h.now, h.Live(h.now))
		if !ok {
			continue
		}
		h.Sent(f.Token, h.now, h.now.Add(time.Minute))
		if r, ok := answer(f); ok {
			h.Answered(sender.Event{Token: f.Token, Holder: f.Holder, Reply: r})
		}
		if f.Op == box.OpFetch && f.Key.Entry == h.town.pairs[0].Entry {
			sent = append(sent, asked{h.now, f})
		}
	}
	return sent
}

// History: After six late tries nobody asked again, though the box stayed for two weeks.
//
// TestRetries: what is not given is asked for once more soon, at the other lister, then late, ever
// more seldom, for as long as the box may still be there; whether its holders say nothing, or that
// they do not have it, or give something else, and whether or not anybody here reads it.
func TestRetries(t *testing.T) {
	answers := map[string]func(sender.Fetch) (box.Reply, bool){
		"silence": func(f sender.Fetch) (box.Reply, bool) { return box.Reply{}, false },
		"not found": func(f sender.Fetch) (box.Reply, bool) {
			return box.Request{Op: f.Op, Fetch: f.Key, Ask: f.Ask}.Refusal(box.StatusNotFound), true
		},
		"another": func(f sender.Fetch) (box.Reply, bool) {
			return box.Reply{Status: box.StatusFound, Box: box.Box{ID: box.ID{9}}}, true
		},
	}
	for name, answer := range answers {
		var logs [2][]asked
		retention := 0
		for i := range logs {
			w := newTown(t, 3)
			retention = w.par.RetentionDays
			h := w.client(1)
			h.Begin(directory.NodeID{99})
			p := w.post(1)
			if i == 1 {
				h.follow(p, 1)
			}
			h.now = start.Add(2 * every)
			h.read = 0 // decoys know nothing
			h.Listed(h.now, p)
			good := func(f sender.Fetch) (box.Reply, bool) {
				if f.Op == box.OpBulletin { // decoys, so that the network seems to work
					return box.Reply{Status: box.StatusBulletin, Ask: f.Ask}, true
				}
				return answer(f)
			}
			logs[i] = h.fate(400*time.Hour, good)
			if h.stats.GivenUp != 1 || h.Stats().Late+h.Stats().Waiting != 0 {
				t.Errorf("%s: %+v", name, h.Stats())
			}
		}
		if !reflect.DeepEqual(logs[0], logs[1]) {
			t.Errorf("%s: who reads it asks otherwise", name)
		}
		log := logs[0]
		kept := time.Duration(retention+1) * 24 * time.Hour
		if last := log[len(log)-1].At.Sub(start); len(log) < 9 || last < kept/2 || last > kept {
			t.Fatalf("%s: asked %d times, the last time after %v", name, len(log), last)
		}
		if d := log[1].At.Sub(log[0].At); d < time.Minute || d > 90*time.Second {
			t.Errorf("%s: the second try comes after %v", name, d)
		}
		for i := range log[1:] {
			if log[i].Holder == log[i+1].Holder {
				t.Errorf("%s: tries %d and %d ask one holder", name, i+1, i+2)
			}
		}
		if d := log[7].At.Sub(log[1].At); d < 10*time.Hour {
			t.Errorf("%s: six more tries within %v", name, d)
		}
	}
}

// TestNothingIsRetriedSoonInBadTimes: when more than a quarter of all requests are lost.
func TestNothingIsRetriedSoonInBadTimes(t *testing.T) {
	for lost, soon := range map[int]bool{0: true, 8: true, 9: false, 32: false} {
		w := newTown(t, 3)
		h := w.client(1)
		for i := range recent {
			h.answers.add(i >= lost)
		}
		f := &fetch{pair: w.post(1), tries: 1}
		answered := &try{fetch: f, answered: true}
		if h.expire(answered, start); (f.class == live) != soon {
			t.Errorf("%d of 32 lost: class %d", lost, f.class)
		}
	}
}

// TestAnswerThatComesAfterAll ends what is retried already.
func TestAnswerThatComesAfterAll(t *testing.T) {
	w := newTown(t, 3)
	h := w.client(1)
	p := w.post(1)
	h.follow(p, 1)
	h.now = start.Add(2 * every)
	h.Listed(h.now, p)
	h.now = h.now.Add(time.Hour)
	f, _ := h.Take(h.now, h.Live(h.now))
	h.Sent(f.Token, h.now, h.now.Add(time.Minute))
	h.now = h.now.Add(time.Minute)
	if !h.Live(h.now) {
		t.Fatal("it is not retried")
	}
	e := sender.Event{Kind: sender.Fetched, Token: f.Token, Holder: f.Holder, Reply: w.asks(f)}
	if a := h.Answered(e); len(a.Found) != 1 || a.Found[0].Box.ID != w.box(p).ID {
		t.Errorf("found %+v", a.Found)
	}
	if h.Live(h.now) {
		t.Error("it is asked for again")
	}
	if a := h.Answered(e); len(a.Found) != 0 {
		t.Error("it was found twice")
	}
}

// TestWithheldIsLate, as is what a stream has above its share and nobody's coin chose.
func TestWithheldIsLate(t *testing.T) {
	w := newTown(t, 3)
	h := w.client(1)
	h.now = start.Add(2 * every)
	p := w.post(1)
	p.Withheld = true
	if h.Listed(h.now, p); len(h.live) != 0 || len(h.late) != 1 {
		t.Errorf("withheld: %d live, %d late", len(h.live), len(h.late))
	}
	w.rate, h.net.StreamPerDay, h.late = 1e6, 3, nil // q is nearly 0
	for i := range 5 {
		q := w.post(1)
		h.follow(q, 7)
		other := w.post(1)
		h.follow(other, uint64(10+i))
		h.Listed(h.now, q)
		h.Listed(h.now, other)
		h.Listed(h.now, w.post(1))
	}
	if len(h.live) != 8 || len(h.late) != 2 {
		t.Errorf("of a busy stream and five others: %d live, %d late", len(h.live), len(h.late))
	}
	w.rate, h.live, h.late = 0, nil, nil // q = 1
	q := w.post(1)
	h.follow(q, 7)
	if h.Listed(h.now, q); len(h.live) != 1 || len(h.late) != 0 {
		t.Errorf("where all is fetched: %d live, %d late", len(h.live), len(h.late))
	}
}

// TestFalseListingsAreNobodysBoxes: what others than its holders list is of the crowd alone.
func TestFalseListingsAreNobodysBoxes(t *testing.T) {
	w := newTown(t, 4)
	h := w.client(1)
	p := w.post(1)
	h.follow(p, 1)
	if len(h.readers(p)) != 1 {
		t.Fatal("the control: it is not read")
	}
	var others []directory.NodeID
	for _, id := range w.makers {
		if id != p.First.Maker && id != p.Second.Maker {
			others = append(others, id)
		}
	}
	for name, q := range map[string]board.Pair{
		"the first":  {Entry: p.Entry, First: board.Listing{Maker: others[0]}, Second: p.Second},
		"the second": {Entry: p.Entry, First: p.First, Second: board.Listing{Maker: others[0]}},
		"a single":   {Entry: p.Entry, First: p.First},
	} {
		if len(h.readers(q)) != 0 {
			t.Errorf("%s is no holder, and it is read", name)
		}
	}
	w.silent[p.Second.Maker] = true
	if len(h.readers(board.Pair{Entry: p.Entry, First: p.First})) != 1 {
		t.Error("with the other holder silent it is not read")
	}
	if n := len(h.Heard(p.Entry, p.First)); n != 1 {
		t.Errorf("its listing is heard by %d", n)
	}
	if n := len(h.Heard(p.Entry, board.Listing{Maker: others[0]})); n != 0 {
		t.Errorf("a false listing is heard by %d", n)
	}
}

// TestCatchUp: what was missed is fetched when all of it is here, what is read always, as much of
// the rest as fits, at any time of the window, and before what is late.
func TestCatchUp(t *testing.T) {
	w := newTown(t, 3)
	w.rate = 1e6
	for _, row := range []struct {
		missed, read int
		caught       float64
		window       time.Duration
	}{
		{100, 10, 100, 2 * time.Hour}, {1000, 15, 315, 2 * time.Hour}, {315, 0, 315, 2 * time.Hour},
		{700, 630, 630, 4 * time.Hour},
	} {
		h := w.client(1)
		h.state.Mark, h.now = 0, start.Add(10*time.Hour)
		h.seen = h.now
		h.behind = true
		for i := range row.missed {
			p := w.post(box.Slot(10 + i))
			p.Missed = true
			if i < row.read {
				h.follow(p, 1)
			}
			h.Listed(h.now, p)
		}
		if h.Live(h.now); len(h.catch) != 0 {
			t.Error("it begins before all is here")
		}
		h.behind = false
		h.Live(h.now)
		got, read, half := 0.0, 0, 0
		for _, f := range h.catch {
			got++
			if f.read {
				read++
			}
			d := f.due.Sub(h.now)
			if d < 0 || d > row.window {
				t.Fatalf("at %v of %v", d, row.window)
			}
			if d < row.window/2 {
				half++
			}
		}
		if read != row.read || math.Abs(got-row.caught) > 5*math.Sqrt(row.caught) ||
			float64(half) < got/2-4*math.Sqrt(got) || float64(half) > got/2+4*math.Sqrt(got) {
			t.Errorf("of %d (%d read): %v are caught (%d read), %d in the first half", row.missed,
				row.read, got, read, half)
		}
		if len(h.live) != 0 || h.mark() != 10 {
			t.Errorf("%d live, the mark is %d", len(h.live), h.mark())
		}
		h.late.push(&fetch{pair: w.post(1), class: late, due: start})
		h.now = h.now.Add(row.window)
		h.seen = h.now
		f, _ := h.Take(h.now, h.Live(h.now))
		if f.Key.Entry != h.catch[0].pair.Entry && f.Op == box.OpFetch {
			t.Error("late ones go before")
		}
	}
}

// History: New slots come before old ones. The mark followed them, so that after each break what
// was listed in it counted as old: its readers alone asked for it, late.
//
// TestMarkWaitsForOldSlots: as long as old slots are to come, what they list is for everybody.
func TestMarkWaitsForOldSlots(t *testing.T) {
	fetched := func(behind bool) (live, late, caught int) {
		w := newTown(t, 3)
		h := w.client(1)
		h.state.Mark, h.now, h.beginning = 10, start.Add(20*every), false
		h.seen = h.now
		h.behind = behind
		h.Listed(h.now, w.post(19)) // a new one comes first
		if err := h.Keep(); err != nil {
			t.Fatal(err)
		}
		for slot := box.Slot(10); slot < 16; slot++ {
			for i := range 2 {
				p := w.post(slot)
				if i == 0 {
					h.follow(p, 1)
				}
				p.Missed = slot < 12
				h.Listed(h.now, p)
			}
		}
		h.behind = false
		h.Live(h.now)
		return len(h.live), len(h.late), len(h.catch)
	}
	if live, late, caught := fetched(true); live != 9 || late != 0 || caught != 4 {
		t.Errorf("%d live, %d late, %d to be caught up with", live, late, caught)
	}
	if live, late, caught := fetched(false); live != 1 || late != 6 || caught != 0 {
		t.Errorf("the control: %d live, %d late, %d to be caught up with", live, late, caught)
	}
}

// TestNewcomersCatchUpWithNothing, but what they read is fetched as soon as all that was listed is
// here: before that its provider could choose what becomes known when.
func TestNewcomersCatchUpWithNothing(t *testing.T) {
	w := newTown(t, 3)
	h := w.client(1)
	h.now = start.Add(10 * time.Hour)
	h.cfg.Store = nil
	h.behind = true
	c := New(h.cfg)
	if err := c.Resume(h.now); err != nil {
		t.Fatal(err)
	}
	read, other := w.post(100), w.post(100)
	h.follow(read, 1)
	for _, p := range []board.Pair{read, other} {
		p.Missed = true
		c.Listed(h.now, p)
	}
	if c.Live(h.now); len(c.catch)+len(c.live) != 0 || len(c.late) != 1 {
		t.Errorf("%d are caught up with, %d live, %d late", len(c.catch), len(c.live), len(c.late))
	}
	c.Old(h.now, read)
	c.Learned(h.now, []board.Pair{read, other})
	if len(c.late) != 1 {
		t.Error("it is fetched twice")
	}
	h.behind = false
	if c.Live(h.now); len(c.late) != 0 || len(c.learned) != 1 || len(c.catch)+len(c.live) != 0 {
		t.Errorf("when all is here %d are late, %d come soon", len(c.late), len(c.learned))
	}
	late := w.post(100)
	h.follow(late, 2)
	if c.Listed(h.now, late); len(c.late) != 1 {
		t.Error("what is listed afterwards, before the mark, is not late")
	}
}

// TestWithoutARateAllWait, and what waited for long is not new any more.
func TestWithoutARateAllWait(t *testing.T) {
	w := newTown(t, 3)
	h := w.client(1)
	h.unrated = true
	h.now = start.Add(20 * every)
	for slot := range box.Slot(20) {
		p := w.post(slot)
		if slot%2 == 0 {
			h.follow(p, 1)
		}
		h.Listed(h.now, p)
	}
	if h.Live(h.now); len(h.live)+len(h.catch)+len(h.late) != 0 || h.mark() != 0 {
		t.Errorf("without a rate: %d live, %d missed, %d late", len(h.live), len(h.catch),
			len(h.late))
	}
	h.unrated = false
	if h.Live(h.now); len(h.live) != 8 || len(h.catch) != 12 {
		t.Errorf("%d live, %d missed", len(h.live), len(h.catch))
	}
}

// History: Who began to read a box within a minute or so after it had been fetched for the crowd
// never got it: its fetch was taken to be still under way, though its answer had come.
//
// TestReadAfterTheCrowdHadIt: what was fetched and given to nobody is fetched again for a reader
// who comes later, however soon; what is still under way is not.
func TestReadAfterTheCrowdHadIt(t *testing.T) {
	w := newTown(t, 3)
	w.fill(0.01, box.Slot(time.Hour/every))
	h := w.client(1)
	under := func(answered bool) *fetch {
		for range 4000 {
			h.run(h.slots.Next().Sub(h.now) + 1)
			for _, t := range h.open {
				f := t.fetch
				if f == nil || t.over || f.decoy || t.answered != answered ||
					h.wants[f.pair.Entry].Read {
					continue
				}
				return f
			}
		}
		t.Fatal("nothing is fetched")
		return nil
	}
	asked := under(false)
	h.follow(asked.pair, 1)
	before := len(h.late)
	h.Old(h.now, asked.pair)
	if len(h.late) != before {
		t.Error("what is under way is asked for again")
	}
	had := under(true)
	h.follow(had.pair, 2)
	before = len(h.late)
	if h.Old(h.now, had.pair); len(h.late) != before+1 {
		t.Error("what the crowd had is not asked for again")
	}
	h.run(2 * time.Hour)
	for _, f := range []*fetch{asked, had} {
		if n := h.found[w.box(f.pair).ID]; n != 1 {
			t.Errorf("a box came %d times", n)
		}
	}
}
