package world

import (
	"time"

	"murmuration/internal/box"
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

// HolderDay is what a provider that keeps a known box saw of one day: when it was read, and when
// its own clients, numbered from zero, were connected.
type HolderDay struct {
	n    *Node
	day  time.Time
	know func(box.Day, box.ID) bool
	seen trace.HolderDay
	open map[int32]int64
}

// WatchDay begins a day at a provider that knows some boxes.
func (h *Holder) WatchDay(length time.Duration, know func(box.Day, box.ID) bool) *HolderDay {
	d := &HolderDay{n: h.n, day: h.n.w.Now(), know: know, open: map[int32]int64{}}
	d.seen.Length = int64(length)
	h.Watch(func(r Request) {
		if r.Op == box.OpRead && know(r.Day, r.ID) && d.within() {
			d.seen.Polls = append(d.seen.Polls, d.at())
		}
	})
	for _, p := range h.n.w.people {
		if p.home == h.n && p.online {
			d.open[p.number] = 0
		}
	}
	h.days = append(h.days, d)
	return d
}

func (h *HolderDay) at() int64    { return int64(h.n.w.Now().Sub(h.day)) }
func (h *HolderDay) within() bool { return h.at() < h.seen.Length }

// session notes that a client of the provider has come or gone.
func (h *HolderDay) session(p *Person) {
	if !h.within() {
		return
	}
	from, open := h.open[p.number]
	if p.online && !open {
		h.open[p.number] = h.at()
	}
	if !p.online && open {
		delete(h.open, p.number)
		h.end(p.number, from, h.at())
	}
}

func (h *HolderDay) end(number int32, from, to int64) {
	h.seen.Sessions = append(h.seen.Sessions,
		trace.Session{Client: number - int32(len(h.n.w.nodes)), From: from, To: to})
}

// Seen is what was seen until now, or until the day was over.
func (h *HolderDay) Seen() trace.HolderDay {
	seen := h.seen
	seen.Sessions = append([]trace.Session(nil), seen.Sessions...)
	for _, p := range h.n.w.people {
		if from, open := h.open[p.number]; open {
			seen.Sessions = append(seen.Sessions, trace.Session{
				Client: p.number - int32(len(h.n.w.nodes)), From: from,
				To: min(h.at(), h.seen.Length),
			})
		}
	}
	return seen
}
