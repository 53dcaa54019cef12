// Package checkup looks at a node's home, and at the node from outside, and names what is wrong: a
// checkup is a list of findings, each with what to do.
//
// It reads, dials and asks as the node would, and must change nothing.
package checkup

import (
	"context"
	"fmt"
	"slices"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/node"
)

// Finding is what a checkup says of one thing. The names are fixed: scripts may look for them.
type Finding struct {
	Name string `json:"what"`
	OK   bool   `json:"ok"`
	Says string `json:"says"`
	Do   string `json:"do,omitempty"` // if it is not ok
}

// Subject is the node that is looked at.
type Subject struct {
	Home string
	Role directory.Role
	// Alone is an authority without a node beside it; Role means nothing then.
	Alone  bool
	Config node.Config // as its file has it
	// Broken is why the configuration could not be read; nil: it could.
	Broken error
	// Boxes is the box store of a provider, and Reserve the free space in bytes below which it
	// refuses new boxes.
	Boxes   string
	Reserve uint64
	// Transport opens links; nil is TLS over TCP.
	Transport func(link.Config) (link.Transport, error)
}

// exam is a checkup that is being made.
type exam struct {
	Subject
	now     time.Time
	found   []Finding
	home    *node.Home
	state   *node.State // nil: it does not run, or said nothing lately
	running bool
	doc     *directory.Document // the newest that somebody has; nil: none could be had
}

// Examine looks at everything that can be looked at. What depends on something that is at fault is
// left out: the fault is named once.
func Examine(ctx context.Context, s Subject) []Finding {
	if s.Transport == nil {
		s.Transport = func(c link.Config) (link.Transport, error) { return link.NewTLS(c) }
	}
	e := &exam{Subject: s, now: time.Now()}
	if !e.files() {
		return e.found
	}
	e.process()
	if e.Broken == nil {
		e.addresses()
	}
	e.network(ctx)
	if e.state != nil {
		e.life()
	}
	return e.found
}

// what it is, as commands call it.
func (s *Subject) what() string {
	if s.Alone {
		return "authority"
	}
	return s.Role.String()
}

func (e *exam) good(name, says string, args ...any) {
	e.found = append(e.found, Finding{name, true, fmt.Sprintf(says, args...), ""})
}

func (e *exam) bad(name, do, says string, args ...any) {
	e.found = append(e.found, Finding{name, false, fmt.Sprintf(says, args...), do})
}

// faulty says whether a fault of this name was found.
func (e *exam) faulty(name string) bool {
	return slices.ContainsFunc(e.found, func(f Finding) bool { return !f.OK && f.Name == name })
}

// Faults are the findings that need somebody.
func Faults(all []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(all), func(f Finding) bool { return f.OK })
}
