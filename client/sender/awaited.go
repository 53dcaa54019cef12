package sender

import (
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/sphinx"
)

// LoopWindow is how many of the last loops the return ratio looks at: with one in fifty lost it
// is right to ±3.5 % (two standard deviations), and at the default rate it spans 43 minutes.
const LoopWindow = 64

// caution is the share of returned loops below which somebody may be dropping packets to follow the
// rest (an n−1 attack): half of the work slots then carry nothing that is waited for, so that less
// of what is real is out while it lasts. On the wire nothing changes.
const caution = 0.5

// awaited is the reply to a request that is under way: what opens its reply, and for whom it is.
type awaited struct {
	keys   sphinx.SURBKeys
	holder directory.NodeID // who was asked
	asked  box.Request      // without the ciphertext
	stream Stream
	work   *queued // of the queue, or nil
	fetch  *Fetch  // of Fetches, or nil
	sent   time.Time
	lost   time.Time // after which it counts as lost and is forgotten
}

// replies are those that are awaited, by the id of their SURB.
type replies struct {
	open  map[sphinx.SURBID]*awaited
	loops loopRecord
}

// arrived forgets a reply that came.
func (r *replies) arrived(id sphinx.SURBID) {
	if r.open[id].stream == Loop {
		r.loops.add(true)
	}
	delete(r.open, id)
}

// expire forgets what will not come back any more.
func (r *replies) expire(now time.Time) {
	for id, a := range r.open {
		if now.Before(a.lost) {
			continue
		}
		if a.stream == Loop {
			r.loops.add(false)
		}
		delete(r.open, id)
	}
}

// loopRecord remembers of the last loops which returned.
type loopRecord struct {
	ring  [LoopWindow]bool
	count int
}

func (l *loopRecord) add(returned bool) {
	l.ring[l.count%LoopWindow] = returned
	l.count++
}

// low says that too few came back, once there are enough to say so.
func (l *loopRecord) low() bool {
	share, n := l.ratio()
	return n >= LoopWindow/2 && share < caution
}

// ratio is the share that returned of the last n loops; of none it is zero, the worst value.
func (l *loopRecord) ratio() (share float64, n int) {
	n = min(l.count, LoopWindow)
	for _, returned := range l.ring[:n] {
		if returned {
			share++
		}
	}
	return share / float64(max(n, 1)), n
}
