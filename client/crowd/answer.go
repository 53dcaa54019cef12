package crowd

import (
	"iter"
	"maps"
	"slices"

	"murmuration/client/person"
	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// Specification constants (docs/client.md, "The crowd").
const (
	recent    = 32   // requests that say whether the network works
	answering = 0.75 // share of these without which nothing is tried again soon
	judged    = 200  // fetches of a maker's boxes by which it is judged
	tolerated = 0.05 // share of these that it may not give
)

// Found is a box that somebody waits for, as it was fetched: its id is that which was waited
// for, its signature verifies.
type Found struct {
	Want   person.Want
	Holder directory.NodeID
	Box    box.Box
}

// Answer is what came of a fetch.
type Answer struct {
	Found []Found
	// Asked is the question that a reply of kind box.StatusBulletin or box.StatusNotFound is about.
	Asked bool
	Ask   box.Question
}

// Answered takes a reply of kind sender.Fetched. Every box is verified alike, whoever reads it. The
// boxes of the answer point into the event's frame.
func (c *Crowd) Answered(e sender.Event) (a Answer) {
	i := slices.IndexFunc(c.open, func(t *try) bool { return t.Token == e.Token })
	if i < 0 || c.open[i].answered {
		return Answer{}
	}
	t := c.open[i]
	t.answered = true
	if !t.over {
		c.answers.add(true)
	}
	if t.fetch == nil {
		return Answer{Asked: true, Ask: t.Ask}
	}
	good := given(t.fetch.pair.Entry, e.Reply)
	c.note(t.Holder, e.Reply, good)
	if !good {
		return Answer{}
	}
	c.noteHolder(e.Reply.Day, e.Reply.Box.ID, t.Holder)
	if f := t.fetch; !(f.decoy && f.old()) {
		c.memory.add(t.Holder, e.Reply.Box)
	}
	if !t.fetch.done {
		t.fetch.done = true
		c.queueOf(t.fetch).remove(t.fetch)
	}
	a.Found = c.found(t, e.Reply) // a tombstone as well: that is its owner's word
	return a
}

// given says whether a reply is the box of an entry, or its owner's word that there shall be none.
func given(e box.Entry, r box.Reply) bool {
	switch r.Status {
	case box.StatusFound:
		return box.EntryOf(r.Box.ID) == e && !r.Box.Tombstone() && r.Box.Verify() == nil
	case box.StatusTombstoned:
		return box.EntryOf(r.Box.ID) == e && r.Box.Tombstone() && r.Box.Verify() == nil
	}
	return false
}

func (c *Crowd) found(t *try, r box.Reply) (all []Found) {
	for _, w := range c.cfg.Wants.Wanted(t.fetch.pair.Entry) {
		if w.Read && w.ID == r.Box.ID {
			all = append(all, Found{w, t.Holder, r.Box})
		}
	}
	return all
}

// ring remembers of the last requests which were answered.
type ring struct {
	last [recent]bool
	n    int
}

func (r *ring) add(answered bool) {
	r.last[r.n%recent] = answered
	r.n++
}

// good says that nearly all are, as long as nothing else is known.
func (r *ring) good() bool {
	n, of := 0, min(r.n, recent)
	for _, answered := range r.last[:of] {
		if answered {
			n++
		}
	}
	return of < recent || float64(n) >= answering*float64(of)
}

// record remembers of the last fetches of a maker's boxes which it did not give.
type record struct {
	last [judged]bool
	n    int
}

func (r *record) bad() (n int) {
	for _, bad := range r.last[:min(r.n, judged)] {
		if bad {
			n++
		}
	}
	return n
}

// note counts an answer for who gave it. What is lost, and what its owner took back, counts for
// nobody.
func (c *Crowd) note(maker directory.NodeID, reply box.Reply, good bool) {
	switch {
	case reply.Status == box.StatusNotFound:
		c.stats.NotFound++
	case !good:
		c.stats.Wrong++
	}
	if good && reply.Status == box.StatusTombstoned {
		return
	}
	r := c.makers[maker]
	if r == nil {
		r = &record{}
		c.makers[maker] = r
	}
	r.last[r.n%judged] = !good
	r.n++
}

// noteHolder remembers who lists a box and gives it without being one of its holders: its bulletin
// was false. Nothing is said where the holders are not known: of a day that the document does not
// list, or when the network has changed how many there are, and perhaps after that day.
func (c *Crowd) noteHolder(day box.Day, id box.ID, by directory.NodeID) {
	holders := c.cfg.Board.Holders(day, id)
	if len(holders) > 0 && c.net.Replicas == c.cfg.Parameters.Replicas &&
		!slices.Contains(holders, by) {
		c.strangers[by] = true
	}
}

// Strangers are the makers that gave what they had listed and do not hold, in order.
func (c *Crowd) Strangers() []directory.NodeID { return sorted(maps.Keys(c.strangers)) }

func sorted(ids iter.Seq[directory.NodeID]) []directory.NodeID {
	return slices.SortedFunc(ids, func(a, b directory.NodeID) int {
		return slices.Compare(a[:], b[:])
	})
}

// Failing are the makers that do not give what they list, in order: the person is told.
func (c *Crowd) Failing() (all []directory.NodeID) {
	for id, r := range c.makers {
		if r.n >= judged && float64(r.bad()) > tolerated*judged {
			all = append(all, id)
		}
	}
	return sorted(slices.Values(all))
}
