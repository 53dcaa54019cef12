package des

import (
	"cmp"
	"slices"

	"murmuration/sim/trace"
)

// tap shows a watcher what passes on links, and keeps the truth about it apart, for scorers.
type tap struct {
	e      *engine
	sink   trace.Sink
	err    error
	labels trace.Labels
	busy   []int64 // since when each client has something to say, never if it has not
}

func (w *tap) init(e *engine) {
	w.e, w.sink = e, e.cfg.Tap
	if e.cfg.Labels {
		w.busy = slices.Repeat([]int64{never}, e.cfg.Clients)
	}
}

// watch shows a packet to the tap. A dummy is nil.
func (w *tap) watch(from, to int32, ev *event) {
	if w.sink != nil && w.err == nil {
		w.show(from, to, ev)
	}
}

func (w *tap) show(from, to int32, ev *event) {
	c := &w.e.cfg
	if n := int32(c.nodes()); c.TapClients && from < n && to < n {
		return
	}
	w.err = w.sink.Add(trace.Event{At: w.e.now, From: from, To: to, Size: int32(c.PacketSize)})
	if c.Labels {
		w.labels.Packets = append(w.labels.Packets, w.label(ev))
	}
}

// label names a packet with a message, or with a request that somebody wanted, and is -1 for all
// else. A run has messages or requests.
func (w *tap) label(ev *event) int64 {
	if ev == nil || ev.Class != message && ev.Class != request {
		return -1
	}
	if ev.Class == request {
		if r := w.e.requests.of(ev); r != nil && r.use == roundTrip {
			return r.label
		}
		return -1
	}
	return w.e.posts.all[ev.Ref].serial<<clientBits | int64(ev.Dst)
}

// sent notes who writes to whom.
func (w *tap) sent(from, to int32) {
	if w.e.cfg.Labels {
		w.labels.Sent = append(w.labels.Sent, trace.Sent{At: w.e.now, From: from, To: to})
	}
}

// becomeBusy and becomeIdle note who has something to say.
func (w *tap) becomeBusy(c int32) {
	if w.busy != nil {
		w.busy[c] = w.e.now
	}
}

func (w *tap) becomeIdle(c int32) {
	if w.busy != nil {
		w.endBusy(c)
	}
}

// endBusy closes a span in which a client was busy.
func (w *tap) endBusy(c int32) {
	if since := w.busy[c]; since != never && w.e.now > since {
		w.labels.Busy = append(w.labels.Busy, trace.Span{Client: c, From: since, To: w.e.now})
	}
	w.busy[c] = never
}

// close closes what is open and returns all labels.
func (w *tap) close() trace.Labels {
	for c := range w.busy {
		w.endBusy(int32(c))
	}
	slices.SortFunc(w.labels.Busy, func(a, b trace.Span) int {
		return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.From, b.From))
	})
	return w.labels
}
