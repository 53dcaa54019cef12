package des

import (
	"math/bits"
	"slices"

	"murmuration/sim/stat"
)

// forks are bulletins that the two holders of a box sign for one client alone, whose first provider
// passes them on: everybody else hears of the box later. From then on the bulletins of these two
// makers are others for the client than for all others, which shows in what providers attest.
type forks struct {
	e     *engine
	rng   *stat.Rand
	alone map[int32]int32 // of a box, the client that it was shown to
	all   []fork
	open  map[int32][]int32 // of a client, its forks
}

// fork is two makers who sign other bulletins for one client.
type fork struct {
	makers  [2]int32
	slot    int32  // from which on they do
	began   int64  // when the client had the first
	said    uint64 // providers who attested the true one
	against uint64 // of these, those of whom the client heard
	posts   int    // that it was shown
	suspect int64  // when enough were against it
	proven  int64  // when the client had two bodies of one slot
}

// As in docs/bulletin.md, section 8.
const (
	attestsAfter = 2 // slots
	enough       = 3 // providers whose heads do not fit, or all others
	perEpoch     = 2 // questions
)

func (f *forks) init(e *engine) {
	f.e = e
	if e.cfg.Bulletins.Fork > 0 {
		f.rng = e.random("des forks")
		f.alone, f.open = map[int32]int32{}, map[int32][]int32{}
	}
}

// divert shows a box that is about to be listed to one client, and puts off its listing for all
// others. It reports whether it does.
func (f *forks) divert(id int32) bool {
	b := &f.e.boxes.all[id]
	if f.alone == nil || b.forked || b.post == none || b.part > 0 {
		return false
	}
	b.forked = true
	c := f.e.readers.victim(b)
	if c == none {
		return false
	}
	b.listed--
	b.slot = int32(f.e.now/f.e.board.every) - 1
	f.alone[id] = c
	f.e.later(int64(f.e.cfg.Bulletins.Fork), event{Ref: id, Kind: listed})
	f.e.later(f.e.board.spread(), event{Src: c, Ref: id, Kind: forked})
	return true
}

// shownTo is the client that a box was shown to before all others.
func (f *forks) shownTo(id int32) (c int32, ok bool) {
	c, ok = f.alone[id]
	return c, ok
}

// show tells a client of a box, if it still believes the makers: it cannot know that nobody else
// was told.
func (f *forks) show(c, id int32) {
	e := f.e
	b := &e.boxes.all[id]
	at, ok := f.find(c, b.holders)
	if !ok {
		delete(f.alone, id) // it hears of it with all others
		return
	}
	f.all[at].posts++
	e.seen.kept(id, c, e.now)
	size := int32(e.cfg.Groups.Size)
	reads := b.author/size == c/size
	if reads || e.readers.rng.Float64() < e.board.load(e.readers.work(&e.readers.states[c])) {
		e.fetches.live(c, id, reads)
	}
}

// find is a client's fork by two makers, a new one if there is none; ok is false if one of them
// was found out.
func (f *forks) find(c int32, makers [2]int32) (at int32, ok bool) {
	at = none
	for _, i := range f.open[c] {
		one := &f.all[i]
		same := slices.Contains(makers[:], one.makers[0]) &&
			slices.Contains(makers[:], one.makers[1])
		if same {
			at = i
		}
		if one.proven > 0 && (slices.Contains(makers[:], one.makers[0]) ||
			slices.Contains(makers[:], one.makers[1])) {
			return none, false
		}
	}
	if at == none {
		at = int32(len(f.all))
		slot := int32(f.e.now/f.e.board.every) - 1
		f.all = append(f.all, fork{makers: makers, slot: slot, began: f.e.now})
		f.open[c] = append(f.open[c], at)
	}
	return at, true
}

// attest is a provider that answers: with what it has of the newest slot that ended some slots ago.
func (f *forks) attest(ev *event) {
	if f.open == nil || ev.Class != reply || ev.Hop != f.e.cfg.exitHop() {
		return
	}
	provider := int32(ev.Node)
	if f.e.without(HeadsRule) || provider == f.e.cfg.home(ev.Src) {
		return
	}
	newest := int32(f.e.now/f.e.board.every) - 1 - attestsAfter
	for _, i := range f.open[ev.Src] {
		one := &f.all[i]
		if newest >= one.slot && !slices.Contains(one.makers[:], provider) {
			one.said |= 1 << (provider % 64)
		}
	}
}

// heard is an answer that reaches its client. When enough do not fit, it asks: first for the hashes
// of all bodies of a slot, then for the body that is another.
func (f *forks) heard(ev *event) {
	if f.open == nil {
		return
	}
	for _, i := range f.open[ev.Src] {
		one := &f.all[i]
		one.against |= one.said & (1 << (ev.Dst % 64))
		if one.suspect == 0 && bits.OnesCount64(one.against) >= f.enough() {
			one.suspect = f.e.now
			at := f.question(f.question(f.e.now))
			f.e.later(at-f.e.now, event{Src: ev.Src, Ref: i, Kind: proven})
		}
	}
}

func (f *forks) enough() int { return min(enough, f.e.cfg.Providers-1) }

// question is when the answer comes to the next of the questions that a client asks at random times
// of each epoch.
func (f *forks) question(from int64) int64 {
	epoch := int64(f.e.cfg.Bulletins.Epoch)
	trip := int64(2*(f.e.cfg.Layers+1)+1)*int64(f.e.cfg.MeanHop) + f.e.cfg.margin()/5
	for start := from / epoch * epoch; ; start += epoch {
		next := int64(never)
		for range perEpoch {
			if at := start + int64(f.rng.Float64()*float64(epoch)); at >= from {
				next = min(next, at)
			}
		}
		if next != never {
			return next + trip
		}
	}
}

func (f *forks) prove(ev event) { f.all[ev.Ref].proven = f.e.now }

// metrics say after how many slots forks were suspected and proven, what share of them was, and how
// many posts each showed. Late ones are left out: they had no time to be found.
func (f *forks) metrics() (out []stat.Metric) {
	if f.open == nil {
		return nil
	}
	var shown, suspected, proof []float64
	for i := range f.all {
		one := &f.all[i]
		if one.began < f.e.start || one.began+4*int64(f.e.cfg.Bulletins.Epoch) > f.e.end {
			continue
		}
		shown = append(shown, float64(one.posts))
		slots := func(t int64) float64 { return float64(t-one.began) / float64(f.e.board.every) }
		if one.suspect > 0 {
			suspected = append(suspected, slots(one.suspect))
		}
		if one.proven > 0 {
			proof = append(proof, slots(one.proven))
		}
	}
	if len(shown) == 0 {
		return nil
	}
	out = append(out, stat.Proportion("forks_proven", len(proof), len(shown)),
		stat.Mean("posts_per_fork", "posts", shown))
	if len(suspected) > 1 {
		out = append(out, stat.Mean("fork_suspected", "slots", suspected),
			stat.Mean("fork_proven", "slots", proof))
	}
	return out
}
