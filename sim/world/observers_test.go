package world_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/long"
	"murmuration/sim/trace"
	"murmuration/sim/world"
)

// What people write, by who looks for it: a watcher does not know which is which.
const (
	covers  = "cover"
	heads   = "head"         // of feeds: a door
	doors   = "door"         // of relations: cards and answers
	tickets = "invitation"   // card, claim and answer
	streams = "what is said" // posts, messages, notes, packs
)

// classOf is what an entry of an outbox is.
func classOf(entry string) string {
	first, _, _ := strings.Cut(entry, "/")
	switch first {
	case "cover":
		return covers
	case "head", "end":
		return heads
	case "door":
		return doors
	case "invite", "claim", "answer":
		return tickets
	}
	return streams
}

// onlookers are what watchers of people's links, and holders, see of five people on up to seven
// computers.
type onlookers struct {
	people  int32 // the lowest number of somebody in a trace
	frames  int
	links   [32]byte // of every frame between people and their providers, and when
	ops     map[box.Op]int
	written map[box.Entry]time.Time
	emptied []world.Request
	fetched map[string]map[box.Entry]int // by whom, how often
	since   map[string]time.Time         // somebody is there
	until   map[string]time.Time         // likewise
	end     time.Time
	// What no onlooker knows:
	class map[box.Entry]string
	said  int // posts, replies and messages that came to somebody
}

// Add implements trace.Sink.
func (o *onlookers) Add(e trace.Event) error {
	if e.From >= o.people || e.To >= o.people {
		o.frames++
		o.links = sha256.Sum256(fmt.Append(o.links[:], e))
	}
	return nil
}

// sees is what an onlooker can say of some people that is not so of others: what holders are asked
// for, and how often.
func sees(one, other *onlookers) (all []string) {
	if one.links != other.links {
		all = append(all, "people's links show other frames")
	}
	for _, op := range []box.Op{box.OpWrite, box.OpTombstone, box.OpFetch} {
		if a, b := one.ops[op], other.ops[op]; b < a*2/3 || b > a*3/2 {
			all = append(all, fmt.Sprintf("requests of kind %d: %d and %d", op, a, b))
		}
	}
	if a, b := len(one.written), len(other.written); b < a*2/3 || b > a*3/2 {
		all = append(all, fmt.Sprintf("boxes: %d and %d", a, b))
	}
	return all
}

// due says whether somebody should have asked for a box that was written at a time.
func (o *onlookers) due(name string, at time.Time) bool {
	until, gone := o.until[name], !o.until[name].IsZero()
	return !at.Before(o.since[name]) && o.end.Sub(at) >= margin &&
		!(gone && until.Sub(at) < margin)
}

// asked is how often the people who are there asked for a box, on average.
func (o *onlookers) asked(e box.Entry) float64 {
	times, people := 0, 0
	for name, mine := range o.fetched {
		if o.due(name, o.written[e]) {
			times, people = times+mine[e], people+1
		}
	}
	return float64(times) / float64(max(people, 1))
}

// singles is what an onlooker can say of single boxes, and of those who ask for them: everybody
// asks for everything, and for nothing that nobody has written, as often whatever it is, and
// whether or not they look for it; and what is emptied was written on that day.
func (o *onlookers) singles() (all []string) {
	missing, due := 0, 0
	for _, name := range slices.Sorted(maps.Keys(o.fetched)) {
		mine, by, whole, boxes := o.fetched[name], map[string]float64{}, map[string]float64{},
			map[string]int{}
		for e, at := range o.written {
			if !o.due(name, at) {
				continue
			}
			if due++; mine[e] == 0 {
				missing++
			}
			class := o.class[e]
			by[class], whole[class] = by[class]+float64(mine[e]), whole[class]+o.asked(e)
			boxes[class]++
		}
		for class, n := range by {
			if boxes[class] >= 3 && (n < 0.5*whole[class] || n > 1.7*whole[class]) {
				all = append(all, fmt.Sprintf("%s asks for each %s %.1f times, others %.1f", name,
					class, n/float64(boxes[class]), whole[class]/float64(boxes[class])))
			}
		}
		for e := range mine {
			if o.written[e].IsZero() {
				all = append(all, name+" asks for what nobody wrote")
			}
		}
	}
	if missing > due/40 { // what did not fit into slots after a restore waits for long
		all = append(all, fmt.Sprintf("%d boxes of %d were not asked for", missing, due))
	}
	for _, r := range o.emptied {
		if at := o.written[box.EntryOf(r.ID)]; at.IsZero() || r.At.Sub(at) > 26*time.Hour {
			all = append(all, fmt.Sprintf("a box of %v was emptied at %v", at, r.At))
		}
	}
	return append(all, o.classes()...)
}

// classes is what can be said of boxes by how often they are asked for: no more for one that is
// something than for those of cover that were written about as long ago. Of the oldest of all, to
// whom everybody comes back who wants an old one, nothing can be said.
func (o *onlookers) classes() (all []string) {
	of, beside, boxes := map[string]float64{}, map[string]float64{}, map[string]int{}
	first := o.since["ada"].Add(150 * time.Minute)
	for e, class := range o.class {
		times, n := 0.0, 0
		for other, at := range o.written {
			near := at.After(first) && at.Sub(o.written[e]).Abs() < 2*time.Hour
			if near && o.class[other] == covers {
				times, n = times+o.asked(other), n+1
			}
		}
		if asked := o.asked(e); n > 0 && asked > 0 && o.written[e].After(first) {
			of[class], beside[class] = of[class]+asked, beside[class]+times/float64(n)
			boxes[class]++
		}
	}
	for class, n := range of {
		if boxes[class] >= 3 && (n < 0.7*beside[class] || n > 1.4*beside[class]) {
			all = append(all, fmt.Sprintf("each of %d %s is asked for %.1f times, cover %.1f",
				boxes[class], class, n/float64(boxes[class]), beside[class]/float64(boxes[class])))
		}
	}
	return all
}

// TestLinksDoNotSeeWhoTalks: of five people who meet, talk, share photos, answer, take back, part,
// and go on with a second computer and a restored one, and of five who say nothing, a watcher of
// their links sees the same frames at the same times, and holders are asked for the same things, as
// often. Each single box, a door's and the head of a feed like any other, is asked for by all,
// those who look for it and those who do not, as often as all others.
func TestLinksDoNotSeeWhoTalks(t *testing.T) {
	long.Only(t)
	t.Parallel()
	idle, talk := lookOn(t, false, false), lookOn(t, true, false)
	t.Logf("asked of holders: idle %v, talking %v; %d and %d boxes; %d frames", idle.ops, talk.ops,
		len(idle.written), len(talk.written), talk.frames)
	for _, fault := range slices.Concat(sees(idle, talk), idle.singles(), talk.singles()) {
		t.Error(fault)
	}
	of := map[string]int{}
	for e := range talk.written {
		of[talk.class[e]]++
	}
	t.Logf("they wrote %v", of)
	if talk.said < 10 || idle.frames < 1000 || of[doors] < 4 || of[heads] < 3 || of[tickets] < 8 ||
		of[streams] < 20 || of[covers] < 20 || len(idle.emptied) < 20 {
		t.Errorf("the control: %d posts and messages came, boxes of %v", talk.said, of)
	}
	// The controls: without cover it shows that boxes are written, and that they are emptied.
	bare := lookOn(t, true, true)
	if faults := sees(idle, bare); len(faults) < 3 || bare.links != talk.links ||
		bare.ops[box.OpTombstone] == 0 {
		t.Errorf("without cover: %q, %v", faults, bare.ops)
	}
	// Somebody who asks for heads, or doors, once more than others; for what may come there; or not
	// for what they do not look for.
	for class, who := range map[string]string{heads: "eve", doors: "bob", tickets: "ada"} {
		polls := *talk
		polls.fetched = maps.Clone(talk.fetched)
		polls.fetched[who] = maps.Clone(talk.fetched[who])
		for e := range talk.written {
			if talk.class[e] == class {
				polls.fetched[who][e] += 10
			}
		}
		if len(polls.singles()) == 0 {
			t.Errorf("nobody sees that %s polls each %s", who, class)
		}
		polls.fetched[who][box.Entry{1, 2, 3}]++
		waits := polls.singles()
		for e := range talk.written {
			if talk.class[e] == class {
				delete(polls.fetched[who], e)
			}
		}
		if skips := polls.singles(); len(waits) == 0 || len(skips) == 0 {
			t.Errorf("nobody sees that %s asks for each %s: %q, %q", who, class, waits, skips)
		}
	}
}
