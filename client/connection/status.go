package connection

import (
	"slices"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/directory"
	"murmuration/internal/documents"
)

// Status is how the connection is, for a person.
type Status struct {
	Exchange
	Document *directory.Document // the newest, whether or not it serves; nil before the first
	Guard    Guard
	// Faults are what stands in the way, findings about the network documents first.
	Faults []error

	Differ uint64 // digests of network documents that others said and that are not ours

	Begun   bool // there is a sender, and what follows is set
	Stats   sender.Stats
	Loops   float64 // share of the last loops that came back
	LoopsOf int     // how many those are
	Waiting int     // requests in the sender
}

// toldAfter is how long the guard in use may fail before the person is told.
const toldAfter = time.Hour

// Guard is how the guard in use does.
type Guard struct {
	Node    directory.NodeID // zero before the first document
	Name    string
	Healthy bool          // something came back through it not long ago
	Left    time.Duration // for which it may go on failing before the other one takes over
	Failing time.Duration // how long it was tried in vain
	// Withholds is that it keeps back what other providers announce.
	Withholds bool
	// Dry is that it brings none of the write tokens that it was asked for.
	Dry bool
}

func (g *guards) tell() Guard {
	one := g.List[0]
	return Guard{one.Node, one.Name, g.Healthy(), g.Left(), g.Failing, g.Withholds(),
		g.Dry()}
}

// faults are that neither the document in force, if any, nor one before it that still serves lists
// it, and that nothing comes back, once that lasts.
func (g Guard) faults(doc *directory.Document, before []*directory.Document) (all []error) {
	lists := func(d *directory.Document) bool { _, ok := d.Node(g.Node); return ok }
	if doc != nil && !lists(doc) && !slices.ContainsFunc(before, lists) {
		all = append(all, errUnlisted.With("%s, epoch %d", g.Name, doc.Epoch))
	}
	if g.Healthy || g.Failing < toldAfter && !g.Dry { // who is dry was asked for long already
		return all
	}
	fault := errGuardFails
	switch {
	case g.Withholds:
		fault = errWithholds
	case g.Dry:
		fault = errDry
	}
	return append(all, fault.With("%s, for %s; another one takes over after %s more", g.Name,
		g.Failing.Truncate(time.Minute), g.Left.Truncate(time.Minute)))
}

// Status says how things are.
func (c *Connection) Status() Status {
	now := time.Now()
	s := Status{Document: c.documents.Latest(), Faults: faultsOf(c.documents.Findings())}
	if err := faultOf(c.documents.Trouble(), now); err != nil {
		s.Faults = append(s.Faults, err)
	}
	if err := c.clockFault(now); err != nil {
		s.Faults = append(s.Faults, err)
	}
	c.state.Lock()
	if c.unusable != nil {
		s.Faults = append(s.Faults, c.unusable)
	}
	if e, err := c.cfg.Genesis.Schedule().Epoch(now); err == nil {
		if err := c.doubted(e); err != nil {
			s.Faults = append(s.Faults, err)
		}
	}
	s.Differ = c.doubts.Count()
	if c.guards.Chosen() {
		s.Guard = c.guards.tell()
		if w := c.guards.Wanted; w != "" && w != s.Guard.Name {
			s.Faults = append(s.Faults, errReplaced.With("%s; %s is used now", w, s.Guard.Name))
		}
		doc := c.documents.Current()
		var before []*directory.Document
		if doc != nil {
			before = c.before(doc)
		}
		s.Faults = append(s.Faults, s.Guard.faults(doc, before)...)
	}
	c.state.Unlock()
	c.slots.tell(&s)
	return s
}

// leastClock is the difference of clocks that is never said: in networks whose epochs are seconds,
// the grace says little.
const leastClock = 15 * time.Second

// clockFault is what the status says when this computer's clock is off the provider's by so much
// that packets miss their epoch. It is the provider's word, and changes nothing else.
func (c *Connection) clockFault(now time.Time) error {
	ahead, peers := c.links.clocks.Ahead(now)
	if peers == 0 || ahead.Abs() <= max(c.cfg.Genesis.Parameters.Grace/2, leastClock) {
		return nil
	}
	how := "ahead of"
	if ahead > 0 {
		how = "behind"
	}
	return errClockOff.With("this computer's clock says %s, %s %s the provider's", stamp(now),
		ahead.Abs().Round(time.Second), how)
}

// Findings are the evidence that was found about the network documents and not judged yet.
func (c *Connection) Findings() []documents.Finding { return c.documents.Findings() }

// Judge forgets the findings, when people have looked at them.
func (c *Connection) Judge() error { return c.documents.Judge() }
