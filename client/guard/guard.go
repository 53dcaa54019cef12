// Package guard is the core of a person's two guards: which providers they are, how the one in use
// does, and when the other one takes over.
//
// It must not dial, and never calls a guard healthy for having taken a link: only what came back
// through the mixes says that it serves, since nobody can forge that.
package guard

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// Guard is a provider, and the seed of the key under which it knows this person: one for each
// guard, used with nobody else.
type Guard struct {
	Node directory.NodeID `cbor:"1,keyasint"`
	Seed [32]byte         `cbor:"2,keyasint"`
	// Name and Addr are those of the newest document that lists it: it is asked for the next one
	// even if it was away for a while.
	Name string `cbor:"3,keyasint"`
	Addr string `cbor:"4,keyasint"`
}

// count is how many guards a person has, where the network has as many providers.
const count = 2

// Guards are those of a person. What is exported is kept over restarts.
type Guards struct {
	// List has the one in use, then the one for when it fails; none before the first document.
	List []Guard `cbor:"1,keyasint"`
	// Failing is how long the one in use was tried in vain.
	Failing time.Duration `cbor:"2,keyasint"`
	// Given counts the guards that were given up in a row, none of which served in between.
	Given int `cbor:"3,keyasint"`
	// Served says that the one in use did so once: who is used by this person is kept.
	Served bool `cbor:"4,keyasint"`

	full      []directory.NodeID // those that had no place, since the start
	seen      time.Time          // of the last Observe
	healthy   bool               // at that time
	withholds bool               // then, too
	dry       bool               // then, too
}

// Chosen says whether there are guards.
func (g *Guards) Chosen() bool { return len(g.List) > 0 }

// Choose draws what is missing to two guards from the providers of a document. A name, if any, goes
// first; else the one that served, if the document has it. seeds are two that nobody knows. Guards
// are chosen once and kept: who draws anew at each connection meets every provider in the end.
func (g *Guards) Choose(doc *directory.Document, name string, served directory.NodeID,
	seeds [count][32]byte, rng *rand.Rand) error {
	if g.Chosen() {
		return nil
	}
	all := doc.Providers()
	if name != "" && !slices.ContainsFunc(all, called(name)) {
		return fmt.Errorf("%w: %q", ErrNoProvider, name)
	}
	first := called(name)
	if name == "" {
		first = func(n directory.Node) bool { return n.ID == served }
	}
	g.List = make([]Guard, count)
	if i := slices.IndexFunc(all, first); i >= 0 {
		g.List[0] = guardOf(all[i], seeds[0])
	}
	g.fill(doc, seeds, rng)
	return nil
}

func guardOf(n directory.Node, seed [32]byte) Guard { return Guard{n.ID, seed, n.Name, n.Addr} }

func called(name string) func(directory.Node) bool {
	return func(n directory.Node) bool { return n.Name == name }
}

// fill draws others for the places of guards that a document does not list, each with the seed of
// its place; a place for which there is nobody goes.
func (g *Guards) fill(doc *directory.Document, seeds [count][32]byte, rng *rand.Rand) {
	all := doc.Providers()
	if len(all) == 0 {
		return
	}
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i, place := range g.List {
		if n, ok := doc.Node(place.Node); ok && n.Role == directory.RoleProvider {
			continue
		}
		g.List[i] = Guard{}
		if j := slices.IndexFunc(all, func(n directory.Node) bool { return !g.has(n.ID) }); j >= 0 {
			g.List[i] = guardOf(all[j], seeds[i])
		}
	}
	g.List = slices.DeleteFunc(g.List, func(o Guard) bool { return o == Guard{} })
}

func (g *Guards) has(id directory.NodeID) bool {
	return slices.ContainsFunc(g.List, func(o Guard) bool { return o.Node == id })
}

// TakeOver gives the guard in use up, and the other one takes its place. Who is not listed any more
// in the newest document, or was never there, is replaced by another provider.
func (g *Guards) TakeOver(doc *directory.Document, seeds [count][32]byte, rng *rand.Rand) {
	g.List = append(g.List, make([]Guard, count-len(g.List))...)
	slices.Reverse(g.List)
	g.fill(doc, seeds, rng)
	g.begin()
	g.Given++
}

// Yield has the other guard take over from one that the network has struck out: no document lists
// it that serves at the epoch of the newest, docs being as many as ever serve at one epoch, the
// newest first. That is the word of enough authorities, and the other guard knows this person
// already; nobody new is drawn, however many providers fall silent. It says whether it did.
func (g *Guards) Yield(docs []*directory.Document) bool {
	lists := func(one Guard) func(*directory.Document) bool {
		return func(d *directory.Document) bool { _, ok := d.Node(one.Node); return ok }
	}
	if len(g.List) < count || len(docs) < protocol.Validity ||
		slices.ContainsFunc(docs, lists(g.List[0])) || !lists(g.List[1])(docs[0]) {
		return false
	}
	slices.Reverse(g.List)
	g.begin()
	return true
}

// begin is for another one in use.
func (g *Guards) begin() {
	g.Failing, g.Served = 0, false
	g.healthy, g.withholds, g.dry = false, false, false
}

// Refuse has another one drawn in the place of the guard in use, which has no place for somebody
// new, and says whether there is one that was not asked before; the second of the two is asked
// last. A guard that served once stays: it fails like any other.
func (g *Guards) Refuse(doc *directory.Document, seeds [count][32]byte, rng *rand.Rand) bool {
	if g.Served || !g.Chosen() {
		return false
	}
	asked := func(id directory.NodeID) bool { return slices.Contains(g.full, id) }
	if !asked(g.List[0].Node) {
		g.full = append(g.full, g.List[0].Node)
	}
	others := slices.DeleteFunc(doc.Providers(), func(n directory.Node) bool {
		return g.has(n.ID) || asked(n.ID)
	})
	switch {
	case len(others) > 0:
		g.List[0] = guardOf(others[rng.IntN(len(others))], seeds[0])
	case len(g.List) == count && !asked(g.List[1].Node):
		slices.Reverse(g.List)
	default:
		return false
	}
	g.begin()
	return true
}

// Use has the provider of this name be the one in use, because the person wants it, and says
// whether that is new. The one before comes second: it is known to this person already.
func (g *Guards) Use(doc *directory.Document, name string, seeds [count][32]byte,
	rng *rand.Rand) (changed bool, err error) {
	all := doc.Providers()
	i := slices.IndexFunc(all, called(name))
	switch {
	case i < 0:
		return false, fmt.Errorf("%w: %q", ErrNoProvider, name)
	case g.Chosen() && g.List[0].Node == all[i].ID:
		return false, nil
	case len(g.List) == count && g.List[1].Node == all[i].ID:
		slices.Reverse(g.List)
	default:
		g.List = append([]Guard{guardOf(all[i], seeds[0])}, g.List...)
		g.List = g.List[:min(count, len(g.List))]
	}
	g.fill(doc, [count][32]byte{seeds[1], seeds[0]}, rng)
	g.begin()
	g.Given = 0
	return true, nil
}

// Meet takes names and addresses from a new document, and says whether one has changed.
func (g *Guards) Meet(doc *directory.Document) (changed bool) {
	for i, one := range g.List {
		if n, ok := doc.Node(one.Node); ok && one != guardOf(n, one.Seed) {
			g.List[i], changed = guardOf(n, one.Seed), true
		}
	}
	return changed
}

// Lost says that all guards were given up and none has served since: the network has moved on
// without this person, and documents may be asked of those whom the genesis names.
func (g *Guards) Lost() bool { return g.Given >= count }
