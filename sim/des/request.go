package des

import (
	"math"
	"time"
)

// exchangeRecord is what a client remembers of a request that it cares about. Cover
// requests have none. It lives until its timer runs out; packets of an earlier life carry
// another serial.
type exchangeRecord struct {
	created int64
	margin  int64      // of the time-out beyond the packet's own delays; doubles
	delays  [16]uint32 // per hop, microseconds, chosen by the sender
	client  int32
	serial  int32
	box     int32 // a write's box, none
	author  int32 // a poll's author, none for other requests
	index   int32 // a poll's index
	place   int32 // a poll's place
	tries   uint8
	done    bool
}

// recordOf returns the record that a request or reply belongs to, nil if it has none or
// the record has gone.
func (e *engine) recordOf(ev *event) *exchangeRecord {
	if ev.ref < 0 || ev.class != request && ev.class != reply {
		return nil
	}
	if r := &e.requests[ev.ref]; r.serial == ev.aux {
		return r
	}
	return nil
}

func (e *engine) newRecord(r exchangeRecord) int32 {
	r.created, r.margin = e.now, e.margin()
	if n := len(e.reqFree); n > 0 {
		i := e.reqFree[n-1]
		e.reqFree = e.reqFree[:n-1]
		r.serial = e.requests[i].serial + 1
		e.requests[i] = r
		return i
	}
	e.requests = append(e.requests, r)
	return int32(len(e.requests) - 1)
}

// margin is how long a reply may wait for its client: five times the mean wait.
func (e *engine) margin() int64 {
	links := 2*time.Duration(e.cfg.Layers+1)*e.cfg.Link + 2*e.cfg.ClientLink
	switch {
	case e.cfg.Retrieval == Pull:
		return int64(5*e.cfg.PullEvery + links)
	case e.cfg.Retrieval == Exchange && e.cfg.DropEvery > 0:
		return int64(5*e.cfg.DropEvery + links)
	}
	return int64(5*e.cfg.MeanHop + links)
}

// ask lets a client make a round trip to a random provider.
func (e *engine) ask(c int32) {
	if e.offline.has(c) {
		return
	}
	i := e.newRecord(exchangeRecord{client: c, box: none, author: none})
	if e.measuring() {
		e.left++
		e.m.count.asked++
	}
	e.enqueue(c, item{dst: e.otherProvider(c), ref: i, class: request})
}

// otherProvider draws a provider that is not the client's own, if there is one.
func (e *engine) otherProvider(c int32) int32 {
	n := e.cfg.Providers
	if n == 1 {
		return 0
	}
	p := int32(e.onNet.IntN(n - 1))
	if p >= e.home(c) {
		p++
	}
	return p
}

// stamp chooses the delays of a request about to be sent, and sets its timer: our own
// delays, the margin, and a jitter of up to as much again.
func (e *engine) stamp(ev *event) {
	r := &e.requests[ev.ref]
	ev.aux = r.serial
	r.tries++
	sum := int64(e.cfg.Boxes.Allowance)
	for hop := range e.replyHop() + 1 {
		d := min((e.delay()+500)/1000, math.MaxUint32)
		r.delays[hop] = uint32(d)
		sum += d * 1000
	}
	wait := sum + r.margin
	r.margin *= 2
	e.later(wait+int64(e.onNet.Float64()*float64(wait)), event{ref: ev.ref, aux: r.serial, kind: expired})
}

// expire frees a request that is done, and sends one that is not once more.
func (e *engine) expire(ev event) {
	r := &e.requests[ev.ref]
	switch {
	case r.done || r.author != none:
		e.freeRecord(ev.ref)
	case int(r.tries) >= e.cfg.Requests.Tries:
		e.m.count.gaveUp++
		if e.requestMeasured(r) {
			e.left--
		}
		e.freeRecord(ev.ref)
	default:
		e.m.count.retries++
		e.again(ev.ref)
	}
}

// again puts a request into the outbox once more, to the other holder.
func (e *engine) again(i int32) {
	r := &e.requests[i]
	dst := e.otherProvider(r.client)
	if r.box != none {
		dst = e.holder(r.client, e.boxes[r.box].author, e.boxes[r.box].index, r.tries%2 == 1)
	}
	e.enqueue(r.client, item{dst: dst, ref: i, class: request})
}

// freeRecord gives a record back; packets that still name it hold an old serial.
func (e *engine) freeRecord(i int32) {
	e.requests[i].serial++
	e.reqFree = append(e.reqFree, i)
}

func (e *engine) requestMeasured(r *exchangeRecord) bool {
	return r.box == none && r.author == none && r.created >= e.start && r.created < e.end
}

// execute is what a provider does with a request: at once, on arrival.
func (e *engine) execute(ev *event) {
	r := e.recordOf(ev)
	if r == nil {
		return
	}
	switch {
	case r.box != none:
		e.store(r.box, ev.dst)
	case r.author != none:
		e.read(ev, r)
	}
}

// answered is a reply that reached its client.
func (e *engine) answered(ev event) {
	r := e.recordOf(&ev)
	if r == nil || r.done {
		return
	}
	r.done = true
	switch {
	case r.author != none:
		e.polled(r, ev.dst)
	case r.box != none:
		e.m.stored.add(float64(e.now-r.created) / 1e9)
	case e.requestMeasured(r):
		e.left--
		e.m.count.completed++
		e.m.roundTrip.add(float64(e.now-r.created) / 1e9)
	}
}
