package world

import (
	"murmuration/sim/trace"
)

// watch shows a frame or packet to the tap.
func (w *World) watch(from, to int32, size int) {
	if w.cfg.Tap == nil {
		return
	}
	if err := w.cfg.Tap.Add(trace.Event{At: w.now, From: from, To: to,
		Size: int32(size)}); err != nil {
		w.fail("tapping links: %w", err)
	}
}

// Watch shows what a provider does with boxes to somebody who runs it.
func (h *Holder) Watch(see func(Request)) {
	h.store.log = func(r Request) {
		r.At = h.n.now()
		see(r)
	}
}
