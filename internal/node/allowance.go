package node

import (
	"sync"
	"time"
)

// allowance is how many packets a node takes in at most, by its operator's word: so many a second,
// and no more at once than come in patience. What comes in goes out, so that it bounds both ways.
// nil is no bound.
type allowance struct {
	rate float64 // packets a second

	mu   sync.Mutex // guards all below
	left float64
	at   time.Time
}

// allowFor is for how long a node may have taken in nothing and then all at once.
const allowFor = 4 // seconds

// newAllowance is that of so many megabits a second, 0 for no bound, for packets of a size.
func newAllowance(mbit, packetSize int) *allowance {
	if mbit == 0 {
		return nil
	}
	rate := float64(mbit) * 1e6 / 8 / float64(packetSize)
	return &allowance{rate: rate, left: allowFor * rate}
}

// take says whether there is room for one more packet at a time.
func (a *allowance) take(now time.Time) bool {
	if a == nil {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if since := now.Sub(a.at); since > 0 && !a.at.IsZero() {
		a.left = min(allowFor*a.rate, a.left+since.Seconds()*a.rate)
	}
	a.at = now
	if a.left < 1 {
		return false
	}
	a.left--
	return true
}

// capacity is what a node declares that could take so many packets in an epoch if there were no
// bound.
func (a *allowance) capacity(packets int, epoch time.Duration) int {
	if a == nil {
		return packets
	}
	return max(1, min(packets, int(a.rate*epoch.Seconds())))
}
