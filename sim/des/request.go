package des

import (
	"math"
	"time"

	"murmuration/internal/protocol"
)

// awaited is what a client remembers of a request that it cares about. Cover
// requests have none. It lives until its timer runs out; packets of an earlier life carry
// another serial.
type awaited struct {
	created int64
	margin  int64      // of the time-out beyond the packet's own delays; doubles
	delays  [16]uint32 // per hop, microseconds, chosen by the sender
	label   int64      // for a tap: of the packet that was sent last
	client  int32
	serial  int32
	box     int32 // of a write or fetch
	run     int32 // of a write, none if it is of no run
	author  int32 // a poll's author
	index   int32 // a poll's index
	place   int32 // a poll's place
	use     use
	tries   uint8
	reads   bool // a fetch of somebody who follows the author
	decoy   bool // a fetch for nothing, though it may bring what is read
	slow    bool // it waits in a mix on the way there and on the way back
	done    bool
}

// use is what a request is for.
type use uint8

const (
	roundTrip use = iota
	write
	poll
	fetching
)

// requests are those of clients to providers that somebody waits for.
type requests struct {
	e    *engine
	all  []awaited
	free []int32
	sent int64
}

// of returns the record that a request or reply belongs to, nil if it has none or
// the record has gone.
func (q *requests) of(ev *event) *awaited {
	if ev.Ref < 0 || ev.Class != request && ev.Class != reply {
		return nil
	}
	if r := &q.all[ev.Ref]; r.serial == ev.Aux {
		return r
	}
	return nil
}

func (q *requests) add(r awaited) int32 {
	r.created, r.margin = q.e.now, q.e.cfg.margin()
	if n := len(q.free); n > 0 {
		i := q.free[n-1]
		q.free = q.free[:n-1]
		r.serial = q.all[i].serial + 1
		q.all[i] = r
		return i
	}
	q.all = append(q.all, r)
	return int32(len(q.all) - 1)
}

// margin is how long a reply may wait for its client: five times the mean wait.
func (c *Config) margin() int64 {
	links := 2*time.Duration(c.Layers+1)*c.Link + 2*c.ClientLink
	switch {
	case c.Retrieval == Pull:
		return int64(5*c.PullEvery + links)
	case c.Retrieval == Exchange && c.DropEvery > 0:
		return int64(5*c.DropEvery + links)
	}
	return int64(5*c.MeanHop + links)
}

// ask lets a client make a round trip to a random provider.
func (q *requests) ask(c int32) {
	if q.e.clients.offline.has(c) {
		return
	}
	i := q.add(awaited{client: c})
	if q.e.measuring() {
		q.e.left++
		q.e.m.count.asked++
	}
	q.e.outboxes.put(c, item{dst: q.e.routes.otherProvider(c), ref: i, class: request})
}

// stamp chooses the delays of a request about to be sent, and sets its timer: our own
// delays, the margin, and a jitter of up to as much again.
func (q *requests) stamp(ev *event) {
	r := &q.all[ev.Ref]
	ev.Aux = r.serial
	r.tries++
	q.sent++
	r.label = q.sent
	sum := int64(q.e.cfg.Boxes.Allowance)
	for hop := range q.e.cfg.replyHop() + 1 {
		d := min((q.e.routes.delay()+500)/1000, math.MaxUint32)
		r.delays[hop] = uint32(d)
		sum += d * 1000
	}
	if r.slow {
		sum += q.slowDown(r)
	}
	wait := sum + r.margin
	r.margin *= 2
	q.e.later(wait+int64(q.e.routes.rng.Float64()*float64(wait)),
		event{Ref: ev.Ref, Aux: r.serial, Kind: expired})
}

// slowDown lets a request wait in one mix of the way there and in one of the way back, and returns
// for how long together.
func (q *requests) slowDown(r *awaited) (sum int64) {
	layers := q.e.cfg.Layers
	for _, before := range []int{0, int(q.e.cfg.exitHop())} {
		hop := before + 1 + q.e.routes.rng.IntN(layers)
		x := q.e.routes.rng.Exp()
		for x > protocol.SlowCap {
			x = q.e.routes.rng.Exp()
		}
		d := int64(x * float64(q.e.cfg.Bulletins.SlowDelay))
		r.delays[hop] += uint32(d / 1000)
		sum += d
	}
	return sum
}

// expire frees a request that is done, and sends one that is not once more.
func (q *requests) expire(ev event) {
	r := &q.all[ev.Ref]
	switch {
	case r.done || r.use == poll || r.decoy:
		q.drop(ev.Ref)
	case r.use == fetching:
		q.e.fetches.again(r)
		q.drop(ev.Ref)
	case int(r.tries) >= q.e.cfg.Requests.Tries:
		q.e.m.count.gaveUp++
		if q.measured(r) {
			q.e.left--
		}
		q.drop(ev.Ref)
	default:
		q.e.m.count.retries++
		q.again(ev.Ref)
	}
}

// again puts a request into the outbox once more, to the other holder.
func (q *requests) again(i int32) {
	r := &q.all[i]
	dst := q.e.routes.otherProvider(r.client)
	if r.use == write {
		dst = q.e.boxes.askedOf(r.client, r.box, r.tries%2 == 1)
	}
	q.e.outboxes.put(r.client, item{dst: dst, ref: i, class: request, known: true})
}

// drop gives a record back; packets that still name it hold an old serial.
func (q *requests) drop(i int32) {
	q.all[i].serial++
	q.free = append(q.free, i)
}

func (q *requests) measured(r *awaited) bool {
	return r.use == roundTrip && r.created >= q.e.start && r.created < q.e.end
}

// execute is what a provider does with a request: at once, on arrival.
func (q *requests) execute(ev *event) {
	r := q.of(ev)
	if r == nil {
		return
	}
	switch r.use {
	case write:
		q.e.boxes.store(r.box, ev.Dst)
	case poll:
		q.e.boxes.read(ev, r)
	}
}

// answered is a reply that reached its client.
func (q *requests) answered(ev event) {
	r := q.of(&ev)
	if r == nil || r.done || r.use == fetching && q.e.boxes.all[r.box].bait {
		return // a box that is not there is tried like one of which no answer came
	}
	r.done = true
	switch {
	case r.use == poll:
		q.e.watched.polled(r, ev.Dst)
	case r.use == fetching:
		q.e.readers.fetched(r)
	case r.use == write:
		q.e.runs.stored(r)
	case q.measured(r):
		q.e.left--
		q.e.m.count.completed++
		q.e.m.roundTrip.add(float64(q.e.now-r.created) / 1e9)
	}
}
