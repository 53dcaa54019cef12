package des

import (
	"math"
	"time"

	"murmuration/internal/protocol"
	"murmuration/sim/stat"
)

// runs are the boxes that clients write, one after the other: posts with what belongs to them, and
// cover that looks the same.
type runs struct {
	e     *engine
	rng   *stat.Rand
	mean  float64 // ns between two runs of cover of all clients
	all   []writing
	free  []int32
	paid  []uint16 // boxes of cover that each client need not write any more
	today []daily
}

// writing is what is left to write of one run.
type writing struct {
	client, post int32
	left         uint8 // boxes, the one that is under way included
	part         uint8 // of the box that comes next
	slow         bool
	waited       bool // for the keys of the next epoch
}

// daily counts the boxes of one author in one day.
type daily struct{ day, boxes int32 }

const (
	meanRun  = 3.125 // boxes in a run of cover
	runSpace = 1     // mean work slots from one box's leaving until the next is ready
	holdUnit = 5e8   // ns, in which requests say holds
)

func (r *runs) init(e *engine) {
	r.e = e
	b := &e.cfg.Bulletins
	if b.Every == 0 {
		return
	}
	r.rng = e.random("des runs")
	r.paid, r.today = make([]uint16, e.cfg.Clients), make([]daily, e.cfg.Clients)
	if b.WritesPerDay > 0 {
		perDay := float64(b.WritesPerDay) / meanRun * float64(e.cfg.Clients)
		r.mean = 86400e9 / perDay
		r.awaitCover(event{Kind: coverDue})
	}
}

func (r *runs) awaitCover(ev event) { r.e.later(int64(r.rng.Exp()*r.mean)+1, ev) }

// hold draws for how long holders do not list a box.
func (r *runs) hold() int64 {
	x := r.rng.Exp()
	for x > protocol.HoldCap {
		x = r.rng.Exp()
	}
	d := int64(x * float64(r.e.cfg.Bulletins.Hold))
	return d - d%holdUnit
}

// cover begins a run of boxes that nobody follows, or leaves it out because its client has posted.
func (r *runs) cover(ev event) {
	r.awaitCover(ev)
	c := int32(r.rng.IntN(r.e.cfg.Clients))
	n := r.length()
	slow := r.e.cfg.Bulletins.SlowDelay > 0 && r.rng.Float64() < 0.5
	switch {
	case r.e.clients.offline.has(c):
	case r.paid[c] > 0:
		r.paid[c] -= min(r.paid[c], uint16(n))
	default:
		r.begin(writing{client: c, post: none, left: n, slow: slow})
	}
}

// length draws how many boxes a run of cover has.
func (r *runs) length() uint8 {
	x := r.rng.Float64()
	for _, one := range []struct {
		share float64
		boxes uint8
	}{{1. / 2, 1}, {1. / 4, 2}, {1. / 8, 4}, {1. / 16, 9}} {
		if x < one.share {
			return one.boxes
		}
		x -= one.share
	}
	return 17
}

// post writes a post, and its photo if it has one, in place of cover.
func (r *runs) post(i int32) {
	e := r.e
	b := &e.cfg.Bulletins
	p := &e.posts.all[i]
	e.boxes.labelReaders(p)
	boxes := 1
	if b.PhotoBoxes > 0 && r.rng.Float64() < b.PhotoShare {
		boxes += b.PhotoBoxes
		e.posts.expectParts(i, b.PhotoBoxes)
	}
	r.paid[p.author] = uint16(min(int(r.paid[p.author])+boxes, b.WritesPerDay))
	r.begin(writing{
		client: p.author, post: i, left: uint8(boxes), slow: r.rng.Float64() < b.SlowPosts,
	})
}

func (r *runs) begin(one writing) {
	if n := len(r.free); n > 0 {
		i := r.free[n-1]
		r.free, r.all[i] = r.free[:n-1], one
		r.write(i)
		return
	}
	r.all = append(r.all, one)
	r.write(int32(len(r.all) - 1))
}

// write puts the next box of a run into its author's outbox. A slow one waits for the next epoch
// if this one is about to end.
func (r *runs) write(i int32) {
	e, one := r.e, &r.all[i]
	if one.slow && !one.waited {
		if wait := r.quiet(); wait > 0 {
			one.waited = true
			e.later(wait, event{Ref: i, Kind: boxDue})
			return
		}
	}
	known := one.waited || one.part > 0 // else it is a surprise
	one.waited = false
	id := int32(len(e.boxes.all))
	b := box{
		author: one.client, index: id, post: one.post, stored: [2]int64{never, never},
		part: one.part, late: r.tooMany(one.client),
	}
	b.holders[0], b.holders[1] = e.boxes.holders(one.client, id)
	e.boxes.all = append(e.boxes.all, b)
	e.boxes.expect(id)
	e.seen.written(id)
	one.part++
	ref := e.requests.add(awaited{client: one.client, use: write, box: id, run: i, slow: one.slow})
	e.outboxes.put(one.client,
		item{
			dst: e.boxes.askedOf(one.client, id, false), ref: ref, class: request,
			known: known,
		})
}

// quiet is how long nothing slow may leave, because the keys would change on its way: until a slot
// draws the keys of the next epoch, as each does in the last half grace, the later the likelier.
func (r *runs) quiet() int64 {
	b := &r.e.cfg.Bulletins
	if b.Epoch == 0 {
		return 0
	}
	left := b.Epoch - time.Duration(r.e.now)%b.Epoch
	if left >= b.SlowQuiet {
		return 0
	}
	half := protocol.KeyGrace(b.Epoch) / 2
	since := max(0, half-left).Seconds() // begun
	slots := 2 * half.Seconds() / r.e.cfg.workRate()
	drawn := time.Duration(math.Sqrt(since*since+slots*r.rng.Exp()) * 1e9)
	return max(0, int64(left-half+min(drawn, half)))
}

// tooMany counts a box of an author's day, and reports whether it is too late to be fetched live.
func (r *runs) tooMany(c int32) bool {
	most := r.e.cfg.Bulletins.StreamPerDay
	day := int32(r.e.now / 86400e9)
	if r.today[c].day != day {
		r.today[c] = daily{day: day}
	}
	r.today[c].boxes++
	return most > 0 && int(r.today[c].boxes) > most
}

// sent lets the next box of a run follow one that has just left for the first time.
func (r *runs) sent(i int32) {
	if i != none && !r.e.cfg.Bulletins.AwaitStored {
		r.next(i)
	}
}

// stored is the acknowledgement of a box.
func (r *runs) stored(a *awaited) {
	r.e.m.stored.add(float64(r.e.now-a.created) / 1e9)
	if a.run != none && r.e.cfg.Bulletins.AwaitStored {
		r.next(a.run)
	}
}

func (r *runs) next(i int32) {
	one := &r.all[i]
	one.left--
	if one.left == 0 {
		r.free = append(r.free, i)
		return
	}
	wait := r.rng.Exp() * runSpace / r.e.cfg.workRate() * 1e9
	r.e.later(int64(wait), event{Ref: i, Kind: boxDue})
}
