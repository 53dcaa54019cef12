package des

import (
	"math"
	"slices"

	"murmuration/sim/stat"
)

// fetches are what clients will ask for, by when it is due: live ones soon after their bulletin,
// missed ones after an absence, late ones at any time. It decides what a work slot carries.
type fetches struct {
	e      *engine
	rng    *stat.Rand
	queues []queue
}

// queue is what one client will ask for, each list with the first due at its end.
type queue struct{ soon, missed, late []fetch }

// fetch is one box that a client will ask for.
type fetch struct {
	due   int64
	box   int32
	tries uint8
	first uint8 // lister that was asked at the first try
	reads bool
}

const (
	crowded   = 32 // waiting live fetches of which the oldest becomes late
	maxTries  = 8  // of one fetch
	youngAge  = 8  // slots
	lateEvery = 450
	slowOf    = 16 // one late fetch of so many is slow
)

func (f *fetches) init(e *engine) {
	f.e = e
	if e.cfg.Bulletins.Every > 0 {
		f.rng, f.queues = e.random("des fetches"), make([]queue, e.cfg.Clients)
	}
}

// put keeps a list in order, the first due at its end.
func put(list []fetch, x fetch) []fetch {
	list = append(list, x)
	i := len(list) - 1
	for ; i > 0 && list[i-1].due < x.due; i-- {
		list[i] = list[i-1]
	}
	list[i] = x
	return list
}

// live fetches a box that a bulletin has just told of.
func (f *fetches) live(c, box int32, reads bool) {
	x := fetch{box: box, reads: reads, first: uint8(f.rng.IntN(2))}
	if f.e.boxes.all[box].late && reads {
		f.late(c, x)
		return
	}
	x.due = f.e.now + int64(f.rng.Exp()*float64(f.e.cfg.Bulletins.FetchDelay))
	q := &f.queues[c]
	q.soon = put(q.soon, x)
}

// late fetches a box at some time within hours, the later the more often it was tried.
func (f *fetches) late(c int32, x fetch) {
	f.e.m.count.late++
	mean := lateEvery / f.e.cfg.workRate() * float64(uint(1)<<max(0, int(x.tries)-2))
	x.due = f.e.now + int64(f.rng.Exp()*mean*1e9)
	q := &f.queues[c]
	q.late = put(q.late, x)
}

// missedOne notes a box that came while the client was away; spread says when each is due.
func (f *fetches) missedOne(c, box int32, reads bool) {
	q := &f.queues[c]
	q.missed = append(q.missed,
		fetch{due: math.MaxInt64, box: box, reads: reads, first: uint8(f.rng.IntN(2))})
}

func (f *fetches) spread(c int32, window float64) {
	list := f.queues[c].missed
	for i := range list {
		if list[i].due == math.MaxInt64 {
			list[i].due = f.e.now + int64(f.rng.Float64()*window)
		}
	}
	slices.SortStableFunc(list, func(a, b fetch) int {
		switch {
		case a.due > b.due:
			return -1
		case a.due < b.due:
			return 1
		}
		return 0
	})
}

// interrupted moves what was due when a client left to what it missed.
func (f *fetches) interrupted(c int32) {
	q := &f.queues[c]
	for _, x := range q.soon {
		x.due = math.MaxInt64
		q.missed = append(q.missed, x)
	}
	q.soon = q.soon[:0]
}

// due reports whether the first of a list is due at a slot. When its packet is built both times are
// known already.
func due(list []fetch, slot int64) bool {
	return len(list) > 0 && list[len(list)-1].due <= slot
}

func pop(list *[]fetch) fetch {
	last := len(*list) - 1
	x := (*list)[last]
	*list = (*list)[:last]
	return x
}

// slot decides what a work slot of a client carries.
func (f *fetches) slot(c int32) {
	e, q := f.e, &f.queues[c]
	if len(q.soon) >= crowded {
		f.relieve(c)
	}
	soon, count := due(q.soon, e.now), &e.m.count
	switch {
	case e.outboxes.waits(c) && (!soon || f.rng.Float64() < 0.5):
		ev, _ := e.outboxes.take(c)
		count.slotsWrite++
		e.clients.send(ev)
	case soon:
		x := pop(&q.soon)
		count.slotsLive++
		e.m.fetchWait.add(float64(e.now-x.due) / 1e9)
		f.ask(c, x, false)
	case due(q.missed, e.now):
		count.slotsMissed++
		f.ask(c, pop(&q.missed), false)
	case f.e.without(CrowdRule):
		f.nothing(c)
	case f.rng.Float64() < 0.5 && f.young(c):
		count.slotsYoung++
	case due(q.late, e.now):
		count.slotsLate++
		f.ask(c, pop(&q.late), f.rng.IntN(slowOf) == 0 && e.cfg.Bulletins.SlowDelay > 0)
	default:
		count.slotsOld++
		f.old(c)
	}
}

// relieve makes the oldest of the crowd's waiting fetches late while there are too many; where
// everybody fetches everything, the oldest of all.
func (f *fetches) relieve(c int32) {
	q := &f.queues[c]
	all := f.e.board.load(f.e.readers.work(&f.e.readers.states[c])) == 1
	for {
		waiting := 0
		oldest := -1
		for i := len(q.soon) - 1; i >= 0 && q.soon[i].due <= f.e.now; i-- {
			waiting++
			if oldest < 0 && (all || !q.soon[i].reads) {
				oldest = i
			}
		}
		if waiting < crowded || oldest < 0 {
			return
		}
		x := q.soon[oldest]
		q.soon = slices.Delete(q.soon, oldest, oldest+1)
		f.e.m.count.crowdedOut++
		f.late(c, x)
	}
}

// ask sends a fetch to one of the box's listers, at the second try to the other.
func (f *fetches) ask(c int32, x fetch, slow bool) {
	f.fetch(f.lister(c, x.box, (int(x.first)+int(x.tries))&1), awaited{
		client: c, use: fetching, box: x.box, reads: x.reads, tries: x.tries,
		place: int32(x.first), slow: slow,
	})
}

// fetch sends a request whose answer counts.
func (f *fetches) fetch(to int32, a awaited) {
	ev := event{Src: a.client, Dst: to, Ref: f.e.requests.add(a), Class: request}
	f.e.requests.stamp(&ev)
	f.e.clients.send(ev)
}

// lister is one of the two listers of a box, never the client's own provider.
func (f *fetches) lister(c, box int32, which int) int32 {
	h := &f.e.boxes.all[box].holders
	if h[which] == f.e.cfg.home(c) {
		return h[1-which]
	}
	return h[which]
}

// again tries a fetch that was not answered once more at once, then late.
func (f *fetches) again(r *awaited) {
	x := fetch{
		due: f.e.now, box: r.box, tries: r.tries, first: uint8(r.place), reads: r.reads,
	}
	f.e.m.count.retries++
	switch {
	case r.tries == 1:
		q := &f.queues[r.client]
		q.soon = put(q.soon, x)
	case r.tries < maxTries:
		f.late(r.client, x)
	}
}

// young sends a decoy: a fetch of a box that was listed a short time ago.
func (f *fetches) young(c int32) bool {
	next := f.e.readers.states[c].next
	from, until := f.e.board.until(next-1-youngAge), f.e.board.until(next-1)
	if from == until {
		return false
	}
	box := f.e.board.pairs[from+int32(f.rng.IntN(int(until-from)))]
	if f.e.baits.known(box) {
		return false
	}
	f.decoy(c, box)
	return true
}

// old sends a decoy for a box of any age, each of which is as likely on a logarithmic scale.
func (f *fetches) old(c int32) {
	b := &f.e.board
	least := youngAge * float64(b.every)
	age := least * math.Exp(f.rng.Float64()*
		math.Log(max(1, float64(f.e.cfg.Bulletins.Retention)/least)))
	at := f.e.now - int64(age)
	if last := int32(len(b.pairs)) - 1; at > 0 && last >= 0 {
		box := b.pairs[min(b.until(int32(at/b.every)), last)]
		if !f.e.baits.known(box) {
			f.decoy(c, box)
			return
		}
	}
	f.nothing(c)
}

// nothing sends a request that asks for no box.
func (f *fetches) nothing(c int32) {
	f.e.clients.send(event{
		Src: c, Dst: f.e.routes.otherProvider(c), Ref: none, Aux: none, Class: request,
	})
}

// decoy fetches a box for nothing. What it brings is read if it can be, and seldom that is.
func (f *fetches) decoy(c, box int32) {
	to := f.lister(c, box, f.rng.IntN(2))
	if f.e.readers.lacks(c, box) {
		f.fetch(to, awaited{client: c, use: fetching, box: box, reads: true, decoy: true})
		return
	}
	f.e.clients.send(event{Src: c, Dst: to, Ref: none, Aux: box, Class: request})
}
