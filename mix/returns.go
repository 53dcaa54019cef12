package mix

import (
	"bytes"
	"slices"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/sphinx"
)

const (
	// alarmAfter is how many loops must be lost in a row for an alarm. A neighbour that drops
	// everything is noticed within eight mean intervals plus the time-out with probability
	// P(Pois(8) ≥ 4) = 0.958; with 1 % of loops lost by accident, four in a row come up once in 10⁸
	// loops, which at one every ten seconds is once in thirty years.
	alarmAfter = 4

	// remembered is how many outcomes the ratio of a link is taken over.
	remembered = 64
)

// Returns counts which of a mix's own loops come back, per link. It is pure: it is told the time.
type Returns struct {
	awaited []loop // few: one for each mean interval of a loop's life
	links   map[directory.NodeID]*linkReturns
	total   linkReturns
}

// loop is one that is under way.
type loop struct {
	id       sphinx.RecipientID
	deadline time.Time
	out, in  directory.NodeID // the links by which it leaves and must come back
}

// linkReturns is the recent history of one link.
type linkReturns struct {
	outcomes     [remembered]bool
	known, write int
	lostInARow   int
}

// NewReturns makes an empty record.
func NewReturns() *Returns { return &Returns{links: map[directory.NodeID]*linkReturns{}} }

// Sent notes a loop that left over link out, must come back over link in, and is lost at deadline.
func (r *Returns) Sent(id sphinx.RecipientID, out, in directory.NodeID, deadline time.Time) {
	r.awaited = append(r.awaited, loop{id, deadline, out, in})
}

// Returned notes a loop that came back; it is false for one that is unknown or was given up.
func (r *Returns) Returned(id sphinx.RecipientID) bool {
	for i, f := range r.awaited {
		if f.id == id {
			r.awaited = append(r.awaited[:i], r.awaited[i+1:]...)
			r.note(f, true)
			return true
		}
	}
	return false
}

// Expire gives up the loops whose deadline has passed.
func (r *Returns) Expire(now time.Time) {
	still := r.awaited[:0]
	for _, f := range r.awaited {
		if f.deadline.After(now) {
			still = append(still, f)
		} else {
			r.note(f, false)
		}
	}
	r.awaited = still
}

func (r *Returns) note(f loop, back bool) {
	r.total.note(back)
	r.link(f.out).note(back)
	if f.in != f.out {
		r.link(f.in).note(back)
	}
}

func (r *Returns) link(id directory.NodeID) *linkReturns {
	l := r.links[id]
	if l == nil {
		l = &linkReturns{}
		r.links[id] = l
	}
	return l
}

// Keep forgets the links that a new document no longer has.
func (r *Returns) Keep(neighbours map[directory.NodeID]struct{}) {
	for id := range r.links {
		if _, ok := neighbours[id]; !ok {
			delete(r.links, id)
		}
	}
}

// Ratio is the share of the recent loops over all links that came back, and whether enough were
// lost in a row to raise the alarm. Without any outcome yet the ratio is zero, the worst value: a
// mix that has seen nothing return has no reason to trust its links.
func (r *Returns) Ratio() (ratio float64, alarm bool) { return r.total.ratio() }

// Worst is the lowest ratio of any link, and the links on which enough were lost in a row: a
// neighbour that drops is one of several, and the others' loops still come back. Zero without any
// outcome.
func (r *Returns) Worst() (ratio float64, alarmed []directory.NodeID) {
	first := true
	for id, l := range r.links {
		share, alarm := l.ratio()
		if first || share < ratio {
			ratio, first = share, false
		}
		if alarm {
			alarmed = append(alarmed, id)
		}
	}
	slices.SortFunc(alarmed, func(a, b directory.NodeID) int { return bytes.Compare(a[:], b[:]) })
	return ratio, alarmed
}

func (l *linkReturns) note(back bool) {
	l.outcomes[l.write] = back
	l.write = (l.write + 1) % remembered
	l.known = min(l.known+1, remembered)
	if back {
		l.lostInARow = 0
	} else {
		l.lostInARow++
	}
}

func (l *linkReturns) ratio() (float64, bool) {
	if l.known == 0 {
		return 0, false
	}
	back := 0
	for _, ok := range l.outcomes[:l.known] {
		if ok {
			back++
		}
	}
	return float64(back) / float64(l.known), l.lostInARow >= alarmAfter
}
