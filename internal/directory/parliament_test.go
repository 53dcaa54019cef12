package directory_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"murmuration/internal/counted"
	"murmuration/internal/directory"
	"murmuration/internal/long"
	"murmuration/sim/world"
)

var parliamentEpochs = flag.Int("parliament.epochs", 4,
	"epochs to simulate for each pattern of lies (28 are 1,000 in all)")

// parliament is n authorities of which the first lie or are down, in a world without traffic.
type parliament struct {
	*world.World
	t      *testing.T
	liars  []*world.Node
	honest []*world.Node
}

// disputed is a node of which as few authorities have heard as can still carry it: one more vote
// decides.
const disputed = "m4"

// newParliament is a network that begins in epoch 0; the first so many of n authorities are silent.
func newParliament(t *testing.T, n, silent int) *parliament {
	t.Helper()
	net := world.Network{Layers: [][]string{{"m1", disputed}, {"m2"}, {"m3"}}}
	for i := range n {
		net.Providers = append(net.Providers, fmt.Sprint("p", i+1))
	}
	w, err := world.New(world.Config{
		Seed: uint64(n), Network: net, Authorities: n, Cold: true, NoLoops: true,
		Spread: 40 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &parliament{World: w, t: t, liars: w.Nodes()[:silent], honest: w.Nodes()[silent:n]}
	for _, liar := range p.liars {
		liar.Authority().Mute()
	}
	heard := map[*world.Node]bool{}
	for _, a := range p.honest[(len(p.honest)-1)/2:] {
		heard[a] = true
	}
	w.HandIn = func(node, authority *world.Node) bool {
		return node.Name != disputed ||
			heard[authority]
	}
	return p
}

func (p *parliament) fault() int { return p.Genesis().Fault }

// epoch runs epoch e, in which the document of e+1 is made; lie plans what the liars do.
func (p *parliament) epoch(e directory.Epoch, lie func(p *parliament, e directory.Epoch)) {
	p.t.Helper()
	lie(p, e+1)
	if err := p.RunUntil(p.Genesis().Schedule().StartOf(e + 1)); err != nil {
		p.t.Fatal(err)
	}
}

// forge is a vote of the k-th liar for all nodes, or for all but the disputed one, or for none.
func (p *parliament) forge(k int, e directory.Epoch, nodes ...string) *directory.Relay {
	by := p.liars[k].Identity()
	v := &directory.Vote{Network: p.Genesis().ID(), Epoch: e, By: by.ID(),
		Parameters: p.Genesis().Parameters}
	if latest := p.honest[0].Authority().Voter().Latest(); latest != nil {
		v.Previous = latest.Digest()
	}
	for _, name := range nodes {
		v.Listings = append(v.Listings, directory.Listing{Descriptor: p.Node(name).Describe(e)})
	}
	v.Sign(by)
	return &directory.Relay{Vote: v}
}

// known and all are the nodes without and with the disputed one.
var (
	known = []string{"m1", "m2", "m3", "p1", "p2"}
	all   = append(known[:5:5], disputed)
)

// phase is when a phase ends in the epoch before e.
func (p *parliament) phase(e directory.Epoch, phase directory.Phase) time.Time {
	return p.Genesis().Schedule().EndOf(e-1, phase)
}

func send(at time.Time, to *world.Node, r func() *directory.Relay) {
	to.Authority().Say(at, func(v *directory.Voter, now time.Time) error {
		return v.AddVote(now, r())
	})
}

// lies are the patterns. What a liar says is made when it is said: it knows the document before.
var lies = map[string]func(p *parliament, e directory.Epoch){
	"silent": func(*parliament, directory.Epoch) {},
	"two votes": func(p *parliament, e directory.Epoch) {
		for i, to := range p.honest {
			for k := range p.fault() {
				send(p.phase(e, directory.PhaseDescriptors), to,
					func() *directory.Relay { return p.forge(k, e, all[:5+i%2]...) })
			}
		}
	},
	"vote to one alone": func(p *parliament, e directory.Epoch) {
		for k := range p.fault() {
			send(p.phase(e, directory.PhaseDescriptors), p.honest[k],
				func() *directory.Relay { return p.forge(k, e, known...) })
		}
	},
	"empty votes": func(p *parliament, e directory.Epoch) {
		for _, to := range p.honest {
			for k := range p.fault() {
				send(p.phase(e, directory.PhaseDescriptors), to,
					func() *directory.Relay { return p.forge(k, e) })
			}
		}
	},
	// The liars hold a vote back and show it to one honest voter at the last moment, signed by all
	// of them.
	"last moment": func(p *parliament, e directory.Epoch) {
		send(p.phase(e, directory.PhaseEcho).Add(-time.Millisecond), p.honest[0],
			func() *directory.Relay {
				r := p.forge(0, e, known...)
				for k := 1; k < p.fault(); k++ {
					r = r.Echo(p.liars[k].Identity())
				}
				return r
			})
	},
	"late in each sub-round": func(p *parliament, e directory.Epoch) {
		start, end := p.phase(e, directory.PhaseVotes), p.phase(e, directory.PhaseEcho)
		sub := end.Sub(start) / time.Duration(p.fault()+1)
		for k := range p.fault() {
			send(start.Add(sub*time.Duration(k+1)-50*time.Millisecond), p.honest[k],
				func() *directory.Relay {
					r := p.forge(0, e, known...)
					for echo := 1; echo <= k; echo++ {
						r = r.Echo(p.liars[echo].Identity())
					}
					return r
				})
		}
	},
	"signatures for other digests": func(p *parliament, e directory.Epoch) {
		for k, liar := range p.liars[:p.fault()] {
			p.At(p.phase(e, directory.PhaseEcho), func() {
				endorsement := directory.Endorse(liar.Identity(), p.Genesis().ID(), e,
					directory.Digest{byte(k)})
				liar.Authority().Overhear(func(v *directory.Voter,
					now time.Time) error {
					return v.AddSignature(now, endorsement)
				})
			})
		}
	},
}

// With f liars in every scripted pattern no epoch has two documents, and each has one.
func TestParliamentNeverSplits(t *testing.T) {
	for _, n := range []int{4, 7} {
		for name, lie := range lies {
			t.Run(fmt.Sprintf("%d authorities, %s", n, name), func(t *testing.T) {
				t.Parallel()
				p := newParliament(t, n, directory.FaultBound(n))
				for e := range directory.Epoch(*parliamentEpochs) {
					p.epoch(e, lie)
					if _, splits := p.Reports(); splits != 0 || p.Document(e+1) == nil {
						t.Fatalf("epoch %d: %d splits, a document: %t", e+1, splits,
							p.Document(e+1) != nil)
					}
				}
				counted.Say(t, "authorities", "%d of %d lie (%s): %d epochs, 0 splits",
					directory.FaultBound(n), n, name, *parliamentEpochs)
				last := directory.Epoch(*parliamentEpochs)
				for _, a := range p.honest {
					if held := a.Authority().Voter().Latest().Epoch; held != last {
						t.Errorf("%s holds epoch %d", a.Name, held)
					}
				}
			})
		}
	}
}

// The controls: with n − t authorities down nothing is visible, with one more there is no document.
func TestParliamentFailsClosed(t *testing.T) {
	for _, n := range []int{4, 7} {
		down := n - directory.Threshold(n)
		for extra := range 2 {
			p := newParliament(t, n, down+extra)
			p.epoch(0, lies["silent"])
			reports, _ := p.Reports()
			if made := p.Document(1) != nil; made != (extra == 0) || (reports > 0) != (extra == 1) {
				t.Errorf("n=%d, %d down: a document: %t, %d reports", n, down+extra, made, reports)
			}
			counted.Say(t, "authorities", "%d of %d down: a document: %t", down+extra, n,
				extra == 0)
		}
	}
}

// The control of TestParliamentNeverSplits: with the echoes cut off, the same liars leave the
// honest voters with different votes, and with echoes every honest voter holds the proof.
func TestEchoesSpreadTheProof(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		p := newParliament(t, 4, 1)
		if deaf {
			for _, a := range p.honest {
				a.Authority().Deaf()
			}
		}
		p.epoch(0, lies["two votes"])
		for _, a := range p.honest {
			if got := a.Authority().Voter().Heard(p.liars[0].ID()); (got == 2) == deaf {
				t.Errorf("deaf %v: %s holds %d votes of the liar", deaf, a.Name, got)
			}
		}
	}
}

// TestParliamentClocks: of a clock that is off by less than half a sub-round nobody sees anything.
// One that is off by more makes its authority one of the f; two of four such clocks leave no
// document.
func TestParliamentClocks(t *testing.T) {
	sizes := []int{4}
	if long.Form() {
		sizes = append(sizes, 7)
	}
	for _, n := range sizes {
		length := newParliament(t, n, 0).Genesis().Parameters.EpochLength
		half := length / 8 / time.Duration(directory.FaultBound(n)+1) / 2
		for _, c := range []struct {
			off  time.Duration
			many int
			made bool
			with bool // those with such clocks sign it too
		}{
			{half - 50*time.Millisecond, 1, true, true},
			{-half + 50*time.Millisecond, 1, true, true},
			{length / 2, directory.FaultBound(n), true, false},
			{-length / 2, directory.FaultBound(n), true, false},
			{length / 2, n - directory.Threshold(n) + 1, false, false},
		} {
			p := newParliament(t, n, 0)
			for _, a := range p.honest[:c.many] {
				a.SetClock(c.off)
			}
			// before the epoch begins, in which whoever was away takes up what the others made
			begins := p.Genesis().Schedule().StartOf(1)
			if err := p.RunUntil(begins.Add(-time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			_, splits := p.Reports()
			latest := p.honest[0].Authority().Voter().Latest()
			has := latest != nil && latest.Epoch == 1
			if made := p.Document(1) != nil; made != c.made || has != c.with || splits != 0 {
				t.Errorf("n=%d, %d clocks off by %s: a document: %t, theirs: %t, %d splits", n,
					c.many, c.off, made, has, splits)
			}
		}
	}
}
