package des

import (
	"cmp"
	"slices"

	"murmuration/sim/trace"
)

// initSessions draws who is online at the start, in the long-run share, and until when.
func (e *engine) initSessions() {
	on, off := float64(e.cfg.OnlineFor), float64(e.cfg.OfflineFor)
	if on == 0 {
		return
	}
	for c := range e.clients {
		if e.onLife.Float64() >= on/(on+off) {
			e.offline.add(int32(c))
		}
		e.later(e.sessionLeft(int32(c)), event{src: int32(c), kind: toggled})
	}
}

// sessionLeft draws how long a client stays as it is.
func (e *engine) sessionLeft(c int32) int64 {
	mean := e.cfg.OnlineFor
	if e.offline.has(c) {
		mean = e.cfg.OfflineFor
	}
	return int64(e.onLife.Exp() * float64(mean))
}

// toggle brings a client online or takes it offline.
func (e *engine) toggle(ev event) {
	c := ev.src
	if e.offline.has(c) {
		e.offline.clear(c)
		e.comeBack(c)
	} else {
		e.offline.add(c)
	}
	e.later(e.sessionLeft(c), ev)
}

// endBusy closes a span in which a client was busy.
func (e *engine) endBusy(c int32) {
	if since := e.busy[c]; since != never && e.now > since {
		e.labels.Busy = append(e.labels.Busy, span(c, since, e.now))
	}
	e.busy[c] = never
}

// sortSpans orders spans by client, then time.
func sortSpans(spans []trace.Span) {
	slices.SortFunc(spans, func(a, b trace.Span) int {
		return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.From, b.From))
	})
}
