package crowd

import (
	"slices"
	"time"

	"murmuration/client/board"
)

// class is when a fetch goes: soon after its listing, in the window of what was missed, or late.
type class uint8

const (
	live class = iota
	caught
	late
	learned // late, and soon all the same: it takes the place of a decoy
)

// fetch is a box that is to be asked for, until somebody gave it or all tries are over.
type fetch struct {
	pair     board.Pair
	class    class
	read     bool // somebody here waits for it
	followed bool // as long as its stream does not have more than its share
	decoy    bool
	due      time.Time
	tries    int // in all
	further  int // of these, when it was late
	last     *board.Listing
	done     bool
	// beginning: it was waited for before a new home had been told of all that is listed.
	beginning bool
}

// old says whether a fetch looks like one of a box that is not new.
func (f *fetch) old() bool { return f.class == late || f.class == learned }

// queue is fetches in the order of their time.
type queue []*fetch

func (q *queue) push(f *fetch) {
	i, _ := slices.BinarySearchFunc(*q, f, func(a, b *fetch) int {
		if a.due.After(b.due) {
			return 1
		}
		return -1 // behind all of the same time
	})
	*q = slices.Insert(*q, i, f)
}

func (q *queue) remove(f *fetch) {
	if i := slices.Index(*q, f); i >= 0 {
		*q = slices.Delete(*q, i, i+1)
	}
}

// head is the first if it is due.
func (q queue) head(at time.Time) *fetch {
	if len(q) == 0 || q[0].due.After(at) {
		return nil
	}
	return q[0]
}

// due is how many are.
func (q queue) due(at time.Time) int {
	n := slices.IndexFunc(q, func(f *fetch) bool { return f.due.After(at) })
	if n < 0 {
		return len(q)
	}
	return n
}

func (c *Crowd) queueOf(f *fetch) *queue {
	switch f.class {
	case live:
		return &c.live
	case caught:
		return &c.catch
	case learned:
		return &c.learned
	}
	return &c.late
}
