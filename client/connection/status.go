package connection

import (
	"time"

	"murmuration/client/sender"
	"murmuration/internal/directory"
	"murmuration/internal/documents"
)

// Status is how the connection is, for a person.
type Status struct {
	Exchange
	Document *directory.Document // the newest, whether or not it serves; nil before the first
	Guard    directory.NodeID    // zero before the first document
	// Faults are what stands in the way, findings about the network documents first.
	Faults []error

	Begun   bool // there is a sender, and what follows is set
	Stats   sender.Stats
	Loops   float64 // share of the last loops that came back
	LoopsOf int     // how many those are
	Waiting int     // requests in the sender
}

// Status says how things are.
func (c *Connection) Status() Status {
	s := Status{Document: c.documents.Latest(), Faults: faultsOf(c.documents.Findings())}
	if err := faultOf(c.documents.Trouble(), time.Now()); err != nil {
		s.Faults = append(s.Faults, err)
	}
	c.state.Lock()
	if c.unusable != nil {
		s.Faults = append(s.Faults, c.unusable)
	}
	if len(c.guards.Nodes) > 0 {
		s.Guard = c.guards.Nodes[0]
	}
	c.state.Unlock()
	c.slots.tell(&s)
	return s
}

// Findings are what was found about the network documents and not judged yet.
func (c *Connection) Findings() []documents.Finding { return c.documents.Findings() }

// Judge forgets the findings, when people have looked at them.
func (c *Connection) Judge() error { return c.documents.Judge() }
