package directory

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// version is the version of the genesis file and of everything that follows from it.
const version = 1

// Authority is a provider that votes on documents, or serves them.
type Authority struct {
	Name string `cbor:"1,keyasint"`
	ID   NodeID `cbor:"2,keyasint"`
	Addr string `cbor:"3,keyasint"`
	// Second has its place, and is left out while it is empty: see Second.
	Second Second `cbor:"4,keyasint,omitempty"`
}

// Genesis founds a network. Whoever chooses it chooses who may sign documents: a client trusts the
// file that it was built or started with, and nothing else.
type Genesis struct {
	Label       string
	Version     int
	Authorities []Authority // sorted by ID
	Entries     []Authority // providers that serve documents, sorted by ID
	Fault       int         // f = ⌊(n−1)/3⌋ liars are borne
	Threshold   int         // t = ⌊(n+f)/2⌋+1 signatures make a document
	Start       time.Time   // of epoch 0, UTC, whole milliseconds
	Parameters  Parameters  // of the first document

	before     *Genesis    // whose authorities signed the succession to this one; nil: the first
	succession *Succession // by which it follows
}

type wireGenesis struct {
	Label       string      `cbor:"1,keyasint"`
	Version     int         `cbor:"2,keyasint"`
	Authorities []Authority `cbor:"3,keyasint"`
	Entries     []Authority `cbor:"4,keyasint"`
	Fault       int         `cbor:"5,keyasint"`
	Threshold   int         `cbor:"6,keyasint"`
	Start       int64       `cbor:"7,keyasint"` // Unix milliseconds
	Parameters  Parameters  `cbor:"8,keyasint"`
}

// faultBound is f and threshold is t for n authorities: any two sets of t share an honest one.
func faultBound(n int) int { return (n - 1) / 3 }
func threshold(n int) int  { return (n+faultBound(n))/2 + 1 }

// NewGenesis puts the lists in order, fills in fault bound and threshold, and validates. start is
// cut to milliseconds.
func NewGenesis(label string, start time.Time, p Parameters, authorities,
	entries []Authority) (*Genesis, error) {
	n := len(authorities)
	g := &Genesis{
		Label: label, Version: version, Start: start.UTC().Truncate(time.Millisecond),
		Parameters:  p,
		Authorities: slices.SortedFunc(slices.Values(authorities), Authority.compare),
		Entries:     slices.SortedFunc(slices.Values(entries), Authority.compare),
		Fault:       faultBound(n), Threshold: threshold(n),
	}
	return g, g.Validate()
}

func (a Authority) compare(b Authority) int { return compareIDs(a.ID, b.ID) }

// Validate refuses a genesis that cannot found a network.
func (g *Genesis) Validate() error {
	n := len(g.Authorities)
	switch {
	case g.Version != version:
		return fmt.Errorf("genesis version %d: this program knows %d", g.Version, version)
	case n == 0 || n > maxElements || len(g.Entries) == 0 || len(g.Entries) > maxElements:
		return fmt.Errorf("genesis: %d authorities and %d entries, want 1 to %d of each", n,
			len(g.Entries), maxElements)
	case g.Fault != faultBound(n) || g.Threshold != threshold(n):
		return fmt.Errorf("genesis: fault bound %d and threshold %d, but %d authorities have %d "+
			"and %d",
			g.Fault, g.Threshold, n, faultBound(n), threshold(n))
	case g.Start.Year() < 2020 || g.Start.Year() > 2200 ||
		g.Start.Nanosecond()%int(time.Millisecond) != 0:
		return fmt.Errorf("genesis: start %s: want whole milliseconds from 2020 to 2200", g.Start)
	}
	return errors.Join(checkName("genesis label", g.Label),
		checkAuthorities("authority", g.Authorities), checkAuthorities("entry",
			g.Entries), g.Parameters.Validate())
}

func checkAuthorities(what string, list []Authority) error {
	for i, a := range list {
		if err := errors.Join(checkName("name", a.Name), checkAddr(a.Addr),
			a.ID.Check()); err != nil {
			return fmt.Errorf("genesis: %s %d: %w", what, i+1, err)
		}
		if i > 0 && list[i-1].compare(a) >= 0 {
			return fmt.Errorf("genesis: %s %d is listed twice or out of order", what, i+1)
		}
		for _, b := range list[:i] {
			if Alike(a.Name, b.Name) || SameAddr(a.Addr, b.Addr) {
				return fmt.Errorf("genesis: %s %s at %s: %s at %s is there already", what, a.Name,
					a.Addr, b.Name, b.Addr)
			}
		}
	}
	return nil
}

// Marshal writes the canonical bytes, the contents of the genesis file.
func (g *Genesis) Marshal() []byte {
	if g.before != nil {
		return encode(g.line())
	}
	return encode(wireGenesis{g.Label, g.Version, g.Authorities, g.Entries, g.Fault, g.Threshold,
		g.Start.UnixMilli(), g.Parameters})
}

// ParseGenesis reads and validates a genesis file, with all successions in it.
func ParseGenesis(b []byte) (*Genesis, error) {
	if len(b) == 0 || b[0] != lineHead {
		return parseRoot(b)
	}
	g, last, err := parseLine(b)
	if err == nil && last != nil {
		g, err = g.Succeed(last)
	}
	if err == nil && last == nil {
		err = fmt.Errorf("%w: no succession", ErrMalformed)
	}
	if err != nil {
		return nil, fmt.Errorf("reading genesis: %w", err)
	}
	return g, nil
}

// lineHead begins the file of a network that has changed its authorities: a map of two.
const lineHead = 0xa2

func parseRoot(b []byte) (*Genesis, error) {
	var w wireGenesis
	if err := decode(b, MaxGenesis, &w); err != nil {
		return nil, fmt.Errorf("reading genesis: %w", err)
	}
	g := &Genesis{Label: w.Label, Version: w.Version, Authorities: w.Authorities,
		Entries: w.Entries, Fault: w.Fault, Threshold: w.Threshold,
		Start: time.UnixMilli(w.Start).UTC(), Parameters: w.Parameters}
	return g, g.Validate()
}

// ID is the network's name: SHA-256 of the canonical bytes of its first genesis.
func (g *Genesis) ID() NetworkID {
	for g.before != nil {
		g = g.before
	}
	return hash(g.Marshal())
}

// Schedule is the network's division of time.
func (g *Genesis) Schedule() Schedule { return Schedule{g.Start, g.Parameters.EpochLength} }

// Sources are all whom a node may ask for documents: authorities and entries, each once, without
// itself, sorted by ID.
func (g *Genesis) Sources(self NodeID) (list []Authority) {
	for _, a := range slices.Concat(g.Named(), g.Entries) {
		at, ok := slices.BinarySearchFunc(list, a, Authority.compare)
		if !ok && a.ID != self {
			list = slices.Insert(list, at, a)
		}
	}
	return list
}

// Authority finds a voter by its identity.
func (g *Genesis) Authority(id NodeID) (Authority, bool) {
	i, ok := slices.BinarySearchFunc(g.Authorities, Authority{ID: id}, Authority.compare)
	if !ok {
		return Authority{}, false
	}
	return g.Authorities[i], true
}
