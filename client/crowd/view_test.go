package crowd

import (
	"bytes"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"murmuration/client/board"
	"murmuration/internal/box"
)

// days of a client that follows so many boxes of each hour: a night off, a crash, a liar.
func (w *town) days(seed byte, follows int) *house {
	h := w.client(seed)
	for i, p := range w.pairs {
		if i%50 < follows {
			h.follow(p, uint64(i%50))
		}
	}
	h.run(6 * time.Hour)
	h.off(7 * time.Hour)
	h.run(4 * time.Hour)
	h.begin(seed) // a crash
	h.run(time.Hour)
	w.lies[w.makers[1]] = true
	h.run(3 * time.Hour)
	w.lies[w.makers[1]] = false
	h.run(3 * time.Hour)
	return h
}

func fetches(log []asked) map[key]int {
	all := map[key]int{}
	for _, a := range log {
		if a.Op == box.OpFetch {
			all[key{a.Holder, a.Key}]++
		}
	}
	return all
}

// TestHoldersSeeNothingWhereAllIsFetched: at q = 1 clients that follow nothing, one feed and
// nineteen ask the same of the same holders at the same times, over a night, a crash and a liar.
func TestHoldersSeeNothingWhereAllIsFetched(t *testing.T) {
	w := newTown(t, 5)
	w.fill(0.01, box.Slot(23*time.Hour/every))
	none := w.days(1, 0)
	if q := none.chance(w.rate, 0); q != 1 {
		t.Fatalf("q is %v", q)
	}
	for _, follows := range []int{1, 19} {
		h := w.days(1, follows)
		if !reflect.DeepEqual(h.log, none.log) {
			t.Errorf("who follows %d feeds asks otherwise", follows)
		}
		if read, all := len(h.found), len(h.wants); read != all {
			t.Errorf("who follows %d feeds read %d of %d boxes", follows, read, all)
		}
	}
	if n := len(none.found); n != 0 {
		t.Errorf("who follows nothing read %d", n)
	}
	// The control: where nothing is fetched but what is read, the reader stands out.
	w.par.FetchLoad, w.par.CatchUp = 0, time.Nanosecond
	w.rate = 1
	none, one := w.days(1, 0), w.days(1, 1)
	if reflect.DeepEqual(none.log, one.log) {
		t.Error("the control: a client that fetches only what it reads is not told apart")
	}
	seen := fetches(one.log)
	for _, p := range w.pairs[:50] {
		_, read := one.wants[p.Entry]
		asked := 0
		for _, l := range []board.Listing{p.First, p.Second} {
			asked += seen[key{l.Maker, box.FetchKey{Slot: l.Slot, Entry: p.Entry}}]
		}
		if read && asked == 0 {
			t.Error("the control: a followed box was not asked for")
		}
	}
}

// asksFor are when boxes were first asked for, after their listing was read, and how often.
func asksFor(h *house, of func(board.Pair) bool) (delays []float64, asked, boxes int) {
	first := map[box.Entry]time.Time{}
	for _, a := range h.log {
		if _, ok := first[a.Key.Entry]; !ok && a.Op == box.OpFetch {
			first[a.Key.Entry] = a.At
		}
	}
	for _, p := range h.here() {
		if !of(p) {
			continue
		}
		boxes++
		if at, ok := first[p.Entry]; ok {
			asked++
			delays = append(delays, at.Sub(start.Add(time.Duration(p.Slot+1)*every)).Seconds())
		}
	}
	return delays, asked, boxes
}

// TestReadersAreInACrowd: at q < 1 each box is fetched by its readers and by q of all others, at
// times of one distribution.
func TestReadersAreInACrowd(t *testing.T) {
	w := newTown(t, 5)
	w.fill(0.4, box.Slot(4*time.Hour/every))
	var readers, others []float64
	fetched, boxes := 0, 0
	q := 0.0
	for seed := range byte(8) {
		h := w.client(seed)
		for i, p := range w.pairs {
			if i%40 == int(seed) {
				h.follow(p, 1)
			}
		}
		h.net.StreamPerDay = 10_000
		h.run(4 * time.Hour)
		q = h.chance(w.rate, 0)
		followed := func(p board.Pair) bool { return h.wants[p.Entry].Read }
		d, asked, of := asksFor(h, followed)
		readers = append(readers, d...)
		if asked < of-2 { // of the last moments
			t.Errorf("%d of %d followed boxes were asked for", asked, of)
		}
		d, asked, of = asksFor(h, func(p board.Pair) bool {
			u, _ := coin(h.state.Key, p.Slot, p.Entry)
			return !followed(p) && u < q
		})
		others = append(others, d...)
		if asked < of-16 {
			t.Errorf("%d of %d boxes of the crowd were asked for", asked, of)
		}
		for _, p := range h.here() {
			u, _ := coin(h.state.Key, p.Slot, p.Entry)
			boxes++
			if u < q {
				fetched++
			}
		}
	}
	share := float64(fetched) / float64(boxes)
	if q > 0.9 || math.Abs(share-q) > 5*math.Sqrt(q*(1-q)/float64(boxes)) {
		t.Errorf("%.3f of %d boxes are fetched, q is %.3f", share, boxes, q)
	}
	if d := distance(readers, others); d > 1.95*margin(readers, others) {
		t.Errorf("fetches of readers come at other times: %.3f of %.3f", d,
			margin(readers, others))
	}
	for i := range others { // the control
		others[i] += w.par.FetchDelay.Seconds() / 2
	}
	if d := distance(readers, others); d < 1.95*margin(readers, others) {
		t.Error("the control: times that differ are not told apart")
	}
}

// distance is that of Kolmogorov and Smirnov of two samples, margin its scale.
func distance(a, b []float64) (most float64) {
	slices.Sort(a)
	slices.Sort(b)
	for _, x := range append(slices.Clone(a), b...) {
		i, _ := slices.BinarySearch(a, x)
		j, _ := slices.BinarySearch(b, x)
		most = max(most, math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	return most
}

func margin(a, b []float64) float64 {
	return math.Sqrt(1/float64(len(a)) + 1/float64(len(b)))
}

// TestRestartThrowsNoCoins: who is started again asks again for what was listed since the mark, and
// the coins are those of before.
func TestRestartThrowsNoCoins(t *testing.T) {
	w := newTown(t, 5)
	w.fill(0.4, box.Slot(time.Hour/every))
	h := w.client(1)
	h.run(time.Hour)
	chosen := func(key byte, mark box.Slot) (all []box.Entry) {
		c := New(h.cfg)
		c.state, c.began = state{[32]byte(bytes.Repeat([]byte{key}, 32)), mark}, true
		if err := c.Resume(h.now); err != nil {
			t.Fatal(err)
		}
		for _, p := range c.missed { // an hour is more than young
			p.Missed = false
			c.Listed(h.now, p)
		}
		for _, f := range c.live {
			all = append(all, f.pair.Entry)
		}
		slices.SortFunc(all, func(a, b box.Entry) int { return slices.Compare(a[:], b[:]) })
		return all
	}
	mark, now := h.mark(), h.slot(h.now)
	if mark > now || mark+6*YoungSlots < now {
		t.Errorf("in slot %d the mark is %d", now, mark)
	}
	all := chosen(1, 0)
	since := chosen(1, mark)
	if len(all) == 0 || len(since) == 0 || len(since) >= len(all) {
		t.Errorf("%d boxes of an hour, %d since the mark", len(all), len(since))
	}
	for _, e := range since {
		if !slices.Contains(all, e) {
			t.Error("after a restart a box is asked for that was not before")
		}
	}
	if other := chosen(2, mark); slices.Equal(other, since) {
		t.Error("the control: two homes choose the same boxes")
	}
}
