package boxstream

import (
	"maps"
	"time"

	"murmuration/internal/box"
)

// Specification constants (docs/client.md, "Days").
const (
	ahead       = 32   // indices after the newest box that came, on a day that is open
	aheadMissed = 64   // and for each day that was missed
	aheadMost   = 1024 // but no more
)

// maxSpan bounds what is remembered between the first open index and the newest box that came. Only
// an author who leaves out boxes gets there, and their oldest ones are given up.
const maxSpan = 2 * aheadMost

// Place is where a box of a stream would be: its day, and the id that it has under that.
type Place struct {
	Day box.Day
	ID  box.ID
}

// scan is what a reader has worked out. An id takes 40 µs, an index 3, so that both are remembered.
type scan struct {
	cap     *box.ReadCap // at base
	base    uint64       // number of the first open index
	known   *known
	numbers map[Place]uint64
}

// known is shared by the scans of one stream, which differ in their base.
type known struct {
	indices map[uint64]box.Index
	last    box.Index
	ids     map[spot]box.ID
	view    view // for which that was worked out
	places  []Place
	listed  map[Place]uint64 // boxes that were announced and did not come yet; their numbers
}

// view is all that decides which ids a reader looks for.
type view struct {
	base              uint64
	next, seen        int
	from, open, today box.Day
	whole             bool // there was room for all
}

// spot is an index on a day.
type spot struct {
	number uint64
	day    box.Day
}

func newScan(c *box.ReadCap) *scan {
	first := c.Start()
	k := &known{
		indices: map[uint64]box.Index{first.Number(): first}, last: first, ids: map[spot]box.ID{},
		listed: map[Place]uint64{},
	}
	return &scan{c, first.Number(), k, map[Place]uint64{}}
}

// from is the same stream with another first open index.
func (s *scan) from(base uint64) *scan {
	return &scan{s.cap.At(s.index(base)), base, s.known, s.numbers}
}

// index works out indices up to a number, which is not before base.
func (s *scan) index(number uint64) box.Index {
	for s.known.last.Number() < number {
		s.known.last = s.known.last.Next()
		s.known.indices[s.known.last.Number()] = s.known.last
	}
	return s.known.indices[number]
}

// IDs is where boxes of the stream may be now: every open index on every day that is not over. It
// works out `room` ids at most, the nearest indices first, and takes what that cost from it; what
// is left out comes with a later call. It says whether they are others than at the last call.
func (r Reader) IDs(n Network, now time.Time, room *int) (all []Place, others bool) {
	s := r.scan
	v := view{
		s.base, r.next(), len(r.Seen), max(r.From, n.Calendar.Oldest(now)), n.FirstOpen(now),
		n.Today(now), true,
	}
	if s.known.view == v {
		return s.known.places, false
	}
	came := map[int]bool{}
	for _, seen := range r.Seen {
		came[seen.Offset] = true
	}
	ids, numbers := map[spot]box.ID{}, map[Place]uint64{}
	for offset := range v.next + aheadMost {
		for day := v.from; day <= v.today && !came[offset]; day++ {
			if offset >= v.next+v.reach(day) {
				continue
			}
			at := spot{s.base + uint64(offset), day}
			id, ok := s.id(n, at, room)
			if !ok {
				v.whole = false
				continue
			}
			ids[at], numbers[Place{day, id}] = id, at.number
			all = append(all, Place{day, id})
		}
	}
	s.known.ids, s.known.view, s.known.places = ids, v, all
	clear(s.numbers)
	maps.Copy(s.numbers, numbers)
	s.forget()
	return all, true
}

// reach is how many indices after the newest box that came may be sealed for a day, since what was
// written in each day from the first one on may have been missed.
func (v view) reach(day box.Day) int {
	missed := int(min(day+1, v.open)) - int(min(v.from, v.open))
	if day < v.open {
		return min(missed*aheadMissed, aheadMost)
	}
	return min(missed*aheadMissed+ahead, aheadMost)
}

// id is remembered, or worked out if there is room.
func (s *scan) id(n Network, at spot, room *int) (box.ID, bool) {
	if id, ok := s.known.ids[at]; ok {
		return id, true
	}
	if *room <= 0 {
		return box.ID{}, false
	}
	*room--
	return s.cap.ID(s.index(at.number), n.ID, at.day), true
}

// forget drops indices before the first open one.
func (s *scan) forget() {
	for number := range s.known.indices {
		if number < s.base && number != s.known.last.Number() {
			delete(s.known.indices, number)
		}
	}
}
