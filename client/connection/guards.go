package connection

import (
	"crypto/rand"
	mrand "math/rand/v2"
	"time"

	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// Implementation constants.
const (
	// guardPatience is how long the guard in use may fail before the second one takes over, counted
	// while this client tries: not while it is off or asleep.
	guardPatience = 24 * time.Hour
	// tryGap is more than lies between two tries of a client that is awake.
	tryGap = 2 * redialLast
	// noteEvery is how much of a failure a crash may make it forget.
	noteEvery = 10 * time.Minute
)

// guards are the providers that this person uses: bucket "guards".
type guards struct {
	// Nodes are the provider in use and the one for when it fails; none before the first document.
	Nodes []directory.NodeID `cbor:"1,keyasint"`
	// Seeds are the spool keys: one for each guard, used with nobody else.
	Seeds [2]link.Seed `cbor:"2,keyasint"`
	// Failing is how long the guard in use was tried in vain, zero while it answers.
	Failing time.Duration `cbor:"3,keyasint"`
	// Decoys are the standing ones of the watched set.
	Decoys []sender.Decoy `cbor:"4,keyasint"`
}

func (g guards) put(tx *store.Tx) error { return tx.Put("guards", "", g) }

func (g *guards) get(tx *store.Tx) error { return tx.Get("guards", "", g) }

// Create makes the spool keys of a new person.
func Create(tx *store.Tx) error {
	var g guards
	for i := range g.Seeds {
		rand.Read(g.Seeds[i][:]) // never fails
	}
	return g.put(tx)
}

// choose draws two providers when there are none yet, the one of the configuration first. They are
// kept: a client that draws anew at each connection meets every provider in the end.
func (g *guards) choose(doc *directory.Document, name string) error {
	if len(g.Nodes) > 0 {
		return nil
	}
	providers := doc.Providers()
	mrand.Shuffle(len(providers),
		func(i, j int) { providers[i], providers[j] = providers[j], providers[i] })
	if name != "" && !toFront(providers, name) {
		return errGuard.With("%q", name)
	}
	for _, p := range providers[:min(2, len(providers))] {
		g.Nodes = append(g.Nodes, p.ID)
	}
	return nil
}

func toFront(nodes []directory.Node, name string) bool {
	for i, n := range nodes {
		if n.Name == name {
			nodes[0], nodes[i] = nodes[i], nodes[0]
			return true
		}
	}
	return false
}

// unreached counts that the guard did not answer at now; tried is the last time. It says whether
// the other guard takes over, and whether that is to be kept.
func (g *guards) unreached(now time.Time, tried *time.Time) (changed, save bool) {
	since := now.Sub(*tried)
	*tried = now
	if since < 0 || since > tryGap {
		return false, false // the first try, the computer slept, or its clock was set
	}
	before := g.Failing
	g.Failing += since
	if g.Failing >= guardPatience && len(g.Nodes) > 1 {
		g.Nodes[0], g.Nodes[1] = g.Nodes[1], g.Nodes[0]
		g.Seeds[0], g.Seeds[1] = g.Seeds[1], g.Seeds[0]
		g.Failing = 0
		return true, true
	}
	return false, before/noteEvery != g.Failing/noteEvery
}
