package checkup

import (
	"cmp"
	"fmt"
	"strings"
)

const (
	fewFiles   = 512
	nearlyFull = 0.8
)

// life looks at what the running node says of itself.
func (e *exam) life() {
	s := e.state
	if s.Twice {
		e.bad("twice", "Stop the other one. If there is none, keys/ was lost or put back from a "+
			"backup: it is over in two epochs.", "the network has keys of this node that are not "+
			"its own: another process has the same identity")
	}
	e.open()
	switch {
	case s.Fill >= nearlyFull:
		e.bad("replay", "Raise packets_per_epoch and start the node again.",
			"%.0f %% of this epoch's replay set is used, and a full one forwards nothing",
			100*s.Fill)
	default:
		e.good("replay", "%.0f %% of this epoch's replay set is used", 100*s.Fill)
	}
	if !s.InDocument {
		return
	}
	switch {
	case s.Twice: // the two of one identity take each other's links away
	case s.Links > 0 && s.LinksUp == 0:
		e.bad("links", "Does a firewall keep this computer from dialling out?",
			"none of %d links to the next layer is up", s.Links)
	default:
		e.good("links", "%d of %d to the next layer are up", s.LinksUp, s.Links)
	}
	switch {
	case s.LoopAlarm && (e.faulty("links") || e.faulty("reach") || e.faulty("twice")):
		// they are lost for that
	case s.LoopAlarm:
		e.bad("loops", "Ask the operators of these neighbours: "+strings.Join(s.Neighbours, ", "),
			"%.0f %% of this node's own loops come back", 100*s.Loops)
	case s.Loops > 0:
		e.good("loops", "%.0f %% of this node's own came back", 100*s.Loops)
	}
	if s.Leaving && !e.faulty("leaving") {
		e.bad("leaving", fmt.Sprintf("It ends by itself. `murmur %s leave --stay` takes it back.",
			e.Role), "the node was told to leave, and serves until %s",
			cmp.Or(s.LeavesAt, "it has no boxes whose time is not over"))
	}
}

// open looks at files.
func (e *exam) open() {
	s := e.state
	switch {
	case s.FileLimit > 0 && s.FileLimit < fewFiles:
		e.bad("files", "Raise the limit: LimitNOFILE in the unit, or ulimit -n.",
			"the process may have %d files open, and every link is one", s.FileLimit)
	case s.Files > 0 && s.FileLimit > 0 && uint64(s.Files) > s.FileLimit*9/10:
		e.bad("files", "Raise the limit: LimitNOFILE in the unit, or ulimit -n.",
			"%d of %d files that may be open are", s.Files, s.FileLimit)
	case s.Files > 0:
		e.good("files", "%d of %d that may be open are", s.Files, s.FileLimit)
	}
}
