package node

import (
	"fmt"
	"time"
)

// clockAgrees is the difference of clocks below which nobody need care.
const clockAgrees = 5 * time.Second

// ClockWords says for a person how this computer's clock stands to those of others, of which the
// median is so far ahead.
func ClockWords(ahead time.Duration, peers int) string {
	by := ahead.Abs().Round(time.Second)
	others := fmt.Sprintf("those of %d other nodes", peers)
	if peers == 1 {
		others = "that of one other node"
	}
	switch {
	case peers == 0:
		return "not compared: no other node has said what its clock is"
	case ahead.Abs() < clockAgrees:
		return "it agrees with " + others
	case ahead > 0:
		return fmt.Sprintf("it is %s behind %s: set it", by, others)
	}
	return fmt.Sprintf("it is %s ahead of %s: set it", by, others)
}

// clockSure is how long a clock must have gone evenly before a key is erased by it: computers start
// with clocks that are off, until they have asked somebody.
const clockSure = 30 * time.Second

// evenly watches whether the clock goes evenly: as fast as one that nobody sets. The zero value is
// ready.
type evenly struct {
	wall       time.Time     // at the last look
	ran, since time.Duration // by the other clock: then, and when the last leap was seen
}

// sure says that the clock has gone evenly for a while. ran is for how long the process runs, by a
// clock that nobody sets.
func (e *evenly) sure(wall time.Time, ran time.Duration) bool {
	leap := wall.Sub(e.wall) - (ran - e.ran)
	if e.wall.IsZero() || leap.Abs() > clockAgrees {
		e.since = ran
	}
	e.wall, e.ran = wall, ran
	return ran-e.since >= clockSure
}

// clockMatters is the difference from which a node misses what the others do: half of the grace,
// and a quarter of a minute in networks whose epochs are seconds.
func (n *Node) clockMatters() time.Duration {
	return max(n.Home.Genesis.Parameters.Grace/2, 15*time.Second)
}

// compareClocks says once that this computer's clock is off, by how much, and that it is right
// again.
func (n *Node) compareClocks(now time.Time) {
	ahead, peers := n.Clocks.Ahead(now)
	off := peers > 0 && ahead.Abs() > n.clockMatters()
	switch {
	case off && !n.adrift:
		n.cfg.Log.Error("this computer's clock is off, and what the node does comes at the wrong "+
			"time: set it", "clock", ClockWords(ahead, peers))
	case !off && n.adrift:
		n.cfg.Log.Info("this computer's clock is right again")
	}
	n.adrift = off
}
