package outbox

import (
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/internal/box"
	"murmuration/internal/protocol"
)

// doublings bounds the pauses between the tries of a box: they grow to 16 times the shortest.
const doublings = 4

// waiting is what is known in memory about a box; its bytes stay on the disk until it is sent.
type waiting struct {
	sealing
	number uint64
	entry  string
	stream string
	index  uint64 // of the box in its stream
	slow   bool
	door   bool
	before sealing // under the day before, which may still be listed

	given  bool          // to the sender
	handed bool          // in a packet already
	tries  int           // that were answered
	again  time.Time     // not before that
	held   time.Time     // until when its holders are asked not to list it; zero: not drawn yet
	turn   time.Duration // after midnight, when it changes to the new day
}

// sealing is a box as it is sealed for one day.
type sealing struct {
	day    box.Day
	id     box.ID
	stored bool         // a holder said so
	listed []box.Holder // those whose bulletins say so
}

// wait is a box from the disk, as it begins to wait.
func (o *Outbox) wait(b Box) (*waiting, error) {
	index, err := b.Sealed.Number()
	if err != nil {
		return nil, err
	}
	turn, err := boxstream.SwitchAfter(o.source)
	return &waiting{
		number: b.Number, entry: b.Entry, stream: b.Stream, index: index, slow: b.Slow,
		door:    b.Door,
		sealing: sealing{day: b.Sealed.Day, id: b.Sealed.ID, listed: b.Listed},
		turn:    turn,
	}, err
}

// settled says whether a holder has the box, so that the next one of its stream may go.
func (w *waiting) settled() bool { return w.stored || len(w.listed) > 0 }

// over says whether the box is to be sealed again: it is of a day that holders take nothing for any
// more, and what they took is listed by now; or nobody has heard of it, and its day is over.
func (w *waiting) over(n boxstream.Network, now time.Time) bool {
	switch {
	case !w.handed && w.tries == 0 && !w.settled():
		return w.day(n, now) > w.sealing.day
	case w.settled():
		return n.FirstOpen(now) > w.sealing.day
	}
	return !n.Calendar.Writable(now, w.sealing.day)
}

// day is that for which the box is sealed at a time.
func (w *waiting) day(n boxstream.Network, now time.Time) box.Day {
	return max(w.sealing.day, n.WritingDay(now, w.turn))
}

// by is the sealing of an id, or nil.
func (w *waiting) by(id box.ID) *sealing {
	switch id {
	case w.id:
		return &w.sealing
	case w.before.id:
		return &w.before
	}
	return nil
}

// list notes a holder, and says whether it is one more.
func (s *sealing) list(h box.Holder) bool {
	if slices.Contains(s.listed, h) {
		return false
	}
	s.listed = append(s.listed, h)
	return true
}

// hold is what is left of the time for which holders are asked not to list the box, in half
// seconds. It is drawn at the first try: exponential, and anew above three times the mean.
func (o *Outbox) hold(w *waiting, now time.Time) uint8 {
	if w.held.IsZero() {
		hold := o.cfg.Pace.Hold
		drawn := time.Duration(o.rng.ExpFloat64() * float64(hold))
		for drawn > protocol.HoldCap*hold {
			drawn = time.Duration(o.rng.ExpFloat64() * float64(hold))
		}
		w.held = now.Add(drawn)
	}
	left := w.held.Sub(now) / (500 * time.Millisecond)
	return uint8(max(0, min(left, 255)))
}

// pause is the time from now to the next try: twice as long each time, and drawn between one and
// two times that.
func (o *Outbox) pause(w *waiting) time.Duration {
	base := o.cfg.Pace.Again
	if w.slow {
		base += o.cfg.Pace.Slow
	}
	more := time.Duration(o.rng.Float64() * float64(base))
	return (base + more) << min(max(w.tries-1, 0), doublings)
}
