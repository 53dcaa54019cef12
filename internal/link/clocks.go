package link

import (
	"slices"
	"sync"
	"time"
)

// mostClocks is how many peers' clocks are remembered: those that said theirs last.
const mostClocks = 64

// Clocks is how far the clocks of others are ahead of this computer's, as each node says when a
// link to it opens. One of them may lie or be wrong, so that it is good for telling a person, and
// must decide nothing. The zero value is ready; all methods may be called at any time.
type Clocks struct {
	mu   sync.Mutex // guards said
	said []said     // the oldest first, one of each peer
}

// said is what one peer's clock was. The time when it said so has the reading of a clock that
// nobody sets, so that setting this computer's clock does not make it wrong.
type said struct {
	peer  PublicKey
	ahead time.Duration
	at    time.Time
}

// Hear notes that a peer's clock said then, between two moments of this computer.
func (c *Clocks) Hear(peer PublicKey, then, from, to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = slices.DeleteFunc(c.said, func(s said) bool { return s.peer == peer })
	middle := from.Add(to.Sub(from) / 2)
	c.said = append(c.said, said{peer, then.Sub(middle.Round(0)), middle})
	if len(c.said) > mostClocks {
		c.said = slices.Delete(c.said, 0, 1)
	}
}

// Ahead is the median of how far their clocks are ahead, and of how many peers. More than half of
// them must be wrong for it to be. It is off by half a round trip, and by the time of a handshake.
func (c *Clocks) Ahead(now time.Time) (median time.Duration, peers int) {
	if c == nil {
		return 0, 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.said) == 0 {
		return 0, 0
	}
	ahead := make([]time.Duration, len(c.said))
	for i, s := range c.said {
		set := now.Round(0).Sub(s.at.Round(0)) - now.Sub(s.at) // how far the clock was set since
		ahead[i] = s.ahead - set
	}
	slices.Sort(ahead)
	return ahead[(len(ahead)-1)/2], len(ahead)
}
