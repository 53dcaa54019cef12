package crowd

import (
	"slices"
	"time"

	"murmuration/client/board"
	"murmuration/client/person"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// Specification constants (docs/client.md, "The crowd").
const (
	// learnedMost is how many boxes of streams just learned of may wait at once, learnedDaily how
	// many go soon in a day: a contact may name streams that nobody else reads, as often as it
	// likes.
	learnedMost  = 32
	learnedDaily = 128
	// remembered is how many boxes of those that came last stay in memory, 4 MiB at 8 KiB each.
	remembered = 512
)

// Learned takes boxes that were listed before somebody here began to wait for them, in the order of
// their slots. The newest few are fetched soon, in the place of late decoys: when a slot has
// nothing that is due, so that as many requests go, at the same times, and of the same kind. The
// others are late.
func (c *Crowd) Learned(now time.Time, pairs []board.Pair) {
	for _, p := range slices.Backward(pairs) {
		if len(c.readers(p)) == 0 || c.coming(p) {
			continue
		}
		f := &fetch{pair: p, read: true, beginning: c.beginning}
		if c.beginning || !c.soon(now, f) {
			c.postpone(now, f)
		}
	}
}

// soon has a box fetched in the place of a late decoy, unless too many are. Its time is by its
// coin: a draw would change all that is drawn afterwards.
func (c *Crowd) soon(now time.Time, f *fetch) bool {
	if day := box.DayOf(c.cfg.Schedule.Start, now); day != c.learnedDay {
		c.learnedDay, c.learnedToday = day, 0
	}
	_, d := coin(c.state.Key, f.pair.Slot, f.pair.Entry)
	due := now.Add(after(c.net.FetchDelay, d))
	if len(c.learned) >= learnedMost || c.learnedToday >= learnedDaily || !c.stays(f.pair, due) {
		return false
	}
	c.learnedToday++
	f.class, f.due = learned, due
	c.learned.push(f)
	return true
}

// settle ends the beginning of a new home when its provider has sent all that it has: what somebody
// waits for already is fetched soon then, all at once. Before that the provider could choose when
// which box becomes known here, and see what is asked for then.
func (c *Crowd) settle(now time.Time) {
	if !c.beginning || !c.cfg.Board.Settled() {
		return
	}
	c.beginning = false
	var early []*fetch
	for _, f := range c.late {
		if f.beginning && f.tries == 0 {
			early = append(early, f)
		}
	}
	slices.SortStableFunc(early, func(a, b *fetch) int {
		return int(int64(b.pair.Slot) - int64(a.pair.Slot))
	})
	for _, f := range early {
		if c.late.remove(f); !c.soon(now, f) {
			c.late.push(f)
		}
	}
}

// memory is boxes that came, read or not, by their ids. Who begins to read one of them needs no
// fetch, so that nobody learns of it.
type memory struct {
	boxes map[box.ID]Found
	order []box.ID // a ring
	next  int
}

// add takes a box that was verified, in place of what is there under its id: perhaps its owner's
// word that there shall be none.
func (m *memory) add(from directory.NodeID, b box.Box) {
	b.Ciphertext = slices.Clone(b.Ciphertext)
	if m.boxes == nil {
		m.boxes = map[box.ID]Found{}
	}
	if _, again := m.boxes[b.ID]; !again {
		if len(m.order) < remembered {
			m.order = append(m.order, b.ID)
		} else {
			delete(m.boxes, m.order[m.next])
			m.order[m.next] = b.ID
			m.next = (m.next + 1) % remembered
		}
	}
	m.boxes[b.ID] = Found{Holder: from, Box: b}
}

// Had is a wanted box that came not long ago, for others or for nobody.
func (c *Crowd) Had(w person.Want) (f Found, ok bool) {
	f, ok = c.memory.boxes[w.ID]
	f.Want = w
	return f, ok && w.Read
}
