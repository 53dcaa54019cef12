package directory

import (
	"container/heap"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

var parliamentEpochs = flag.Int("parliament.epochs", 4, "epochs to simulate for each pattern of lies (28 are 1,000 in all)")

// parliament is n authorities of which the first may lie or be down, with messages in virtual time.
type parliament struct {
	t       *testing.T
	g       *Genesis
	rng     *rand.Rand
	now     time.Time
	voters  map[string]*Voter
	names   []string
	queue   letters
	signed  map[Epoch]map[Digest]bool // documents with t signatures that any honest voter published
	reports int
	deaf    bool // no echoes arrive
}

// letter is one call of a voter at a time.
type letter struct {
	at   time.Time
	seq  int
	call func()
}

type letters struct {
	list []letter
	seq  int
}

func (l *letters) Len() int { return len(l.list) }
func (l *letters) Less(i, j int) bool {
	a, b := l.list[i], l.list[j]
	return a.at.Before(b.at) || a.at.Equal(b.at) && a.seq < b.seq
}
func (l *letters) Swap(i, j int) { l.list[i], l.list[j] = l.list[j], l.list[i] }
func (l *letters) Push(x any)    { l.list = append(l.list, x.(letter)) }
func (l *letters) Pop() any {
	last := l.list[len(l.list)-1]
	l.list = l.list[:len(l.list)-1]
	return last
}

func newParliament(t *testing.T, n int, honest []string) *parliament {
	p := &parliament{
		t: t, g: testGenesis(t, n), now: testStart, rng: rand.New(rand.NewChaCha8([32]byte{byte(n)})),
		voters: map[string]*Voter{}, names: honest, signed: map[Epoch]map[Digest]bool{},
	}
	for _, name := range honest {
		p.voters[name] = newVoter(t, p.g, name, p.now, func(c *VoterConfig) { c.Admitted = admitAll(council...) })
	}
	return p
}

// council is the nodes of the network that the parliament governs.
var council = []string{"m1", "m2", "m3", "a1", "a2", disputed}

const disputed = "p5"

func (p *parliament) later(d time.Duration, call func()) {
	p.queue.seq++
	heap.Push(&p.queue, letter{p.now.Add(d), p.queue.seq, call})
}

// broadcast delivers to every honest voter but one within 40 ms.
func (p *parliament) broadcast(from string, call func(v *Voter)) {
	for _, name := range p.names {
		if name != from {
			p.later(time.Duration(p.rng.IntN(40))*time.Millisecond, func() { call(p.voters[name]); p.serve(name) })
		}
	}
}

// serve is the driver of one voter.
func (p *parliament) serve(name string) {
	v := p.voters[name]
	for {
		a := v.Due(p.now)
		switch a.Do {
		case DoNothing:
			return
		case DoVote:
			if p.deaf && a.Relay.Signers() > 1 {
				continue
			}
			p.broadcast(name, func(v *Voter) { _ = v.AddVote(p.now, a.Relay) })
		case DoPersist:
			if err := v.Persisted(a.Record); err != nil {
				p.t.Error(err)
			}
		case DoEndorse:
			p.broadcast(name, func(v *Voter) { _ = v.AddSignature(p.now, a.Endorsement) })
		case DoPublish:
			p.publish(a.Document)
		case DoReport:
			p.reports++
		}
	}
}

func (p *parliament) publish(d *Document) {
	if err := d.Verify(p.g); err != nil {
		p.t.Error(err)
	}
	if p.signed[d.Epoch] == nil {
		p.signed[d.Epoch] = map[Digest]bool{}
	}
	p.signed[d.Epoch][d.Digest()] = true
}

// epoch runs epoch e, in which the document of e+1 is made; lie schedules what the liars do.
func (p *parliament) epoch(e Epoch, lie func(p *parliament, e Epoch)) {
	s := p.g.Schedule()
	p.now = s.StartOf(e)
	for i, name := range p.names {
		for _, node := range council {
			if node == disputed && i < (len(p.names)-1)/2 {
				continue // as few have heard of it as can still carry it: one more vote decides
			}
			p.later(0, func() { _ = p.voters[name].Add(p.now, describe(p.t, p.g, node, e+1)) })
		}
		for _, phase := range []Phase{PhaseDescriptors, PhaseEcho, PhaseSign} {
			p.later(s.EndOf(0, phase).Sub(s.Start), func() { p.serve(name) })
		}
	}
	lie(p, e+1)
	end := s.StartOf(e + 1)
	for p.queue.Len() > 0 && p.queue.list[0].at.Before(end) {
		l := heap.Pop(&p.queue).(letter)
		p.now = l.at
		l.call()
	}
	p.queue.list = nil
}

// forge is a vote of a liar for some of the nodes.
func (p *parliament) forge(by string, e Epoch, nodes ...string) *Relay {
	v := &Vote{Network: p.g.ID(), Epoch: e, By: identity(by).ID(), Parameters: p.g.Parameters}
	if latest := p.voters[p.names[0]].Latest(); latest != nil {
		v.Previous = latest.Digest()
	}
	for _, node := range nodes {
		v.Listings = append(v.Listings, Listing{Descriptor: describe(p.t, p.g, node, e)})
	}
	v.Sign(identity(by))
	return &Relay{Vote: v}
}

func (p *parliament) send(at time.Time, to string, r *Relay) {
	p.later(at.Sub(p.now), func() { _ = p.voters[to].AddVote(p.now, r); p.serve(to) })
}

// lies are the patterns, for the liars a1 … af.
var lies = map[string]func(p *parliament, e Epoch){
	"silent": func(*parliament, Epoch) {},
	"two votes": func(p *parliament, e Epoch) {
		for i, to := range p.names {
			for k := range p.g.Fault {
				p.send(p.g.Schedule().EndOf(e-1, PhaseDescriptors), to, p.forge(liar(k), e, council[:5+i%2]...))
			}
		}
	},
	"vote to one alone": func(p *parliament, e Epoch) {
		for k := range p.g.Fault {
			p.send(p.g.Schedule().EndOf(e-1, PhaseDescriptors), p.names[k], p.forge(liar(k), e, council[:5]...))
		}
	},
	"empty votes": func(p *parliament, e Epoch) {
		for _, to := range p.names {
			for k := range p.g.Fault {
				p.send(p.g.Schedule().EndOf(e-1, PhaseDescriptors), to, p.forge(liar(k), e))
			}
		}
	},
	// The liars hold a vote back and show it to one honest voter at the last moment, signed by all of them.
	"last moment": func(p *parliament, e Epoch) {
		r := p.forge(liar(0), e, council[:5]...)
		for k := 1; k < p.g.Fault; k++ {
			r = r.echo(identity(liar(k)))
		}
		p.send(p.g.Schedule().EndOf(e-1, PhaseEcho).Add(-time.Millisecond), p.names[0], r)
	},
	"late in each sub-round": func(p *parliament, e Epoch) {
		start, end := p.g.Schedule().EndOf(e-1, PhaseVotes), p.g.Schedule().EndOf(e-1, PhaseEcho)
		sub := end.Sub(start) / time.Duration(p.g.Fault+1)
		r := p.forge(liar(0), e, council[:5]...)
		for k := range p.g.Fault {
			if k > 0 {
				r = r.echo(identity(liar(k)))
			}
			p.send(start.Add(sub*time.Duration(k+1)-50*time.Millisecond), p.names[k], r)
		}
	},
	"signatures for other digests": func(p *parliament, e Epoch) {
		for k := range p.g.Fault {
			other := Digest{byte(k)}
			s := Signature{identity(liar(k)).ID(), identity(liar(k)).sign(labelDocument, p.g.ID(), other)}
			p.later(p.g.Schedule().EndOf(0, PhaseEcho).Sub(testStart), func() {
				p.broadcast("", func(v *Voter) { _ = v.AddSignature(p.now, &Endorsement{e, other, s}) })
			})
		}
	},
}

func liar(k int) string { return fmt.Sprintf("a%d", k+1) }

func authorities(from, to int) (names []string) {
	for i := from; i <= to; i++ {
		names = append(names, fmt.Sprintf("a%d", i))
	}
	return names
}

// With f liars in every scripted pattern no epoch has two documents, and each has one.
func TestParliamentNeverSplits(t *testing.T) {
	for _, n := range []int{4, 7} {
		for name, lie := range lies {
			t.Run(fmt.Sprintf("%d authorities, %s", n, name), func(t *testing.T) {
				t.Parallel()
				p := newParliament(t, n, authorities(1+faultBound(n), n))
				for e := range Epoch(*parliamentEpochs) {
					p.epoch(e, lie)
					if got := len(p.signed[e+1]); got != 1 {
						t.Fatalf("epoch %d: %d documents", e+1, got)
					}
				}
				for _, name := range p.names {
					if p.voters[name].Latest().Epoch != Epoch(*parliamentEpochs) {
						t.Errorf("%s holds epoch %d", name, p.voters[name].Latest().Epoch)
					}
				}
			})
		}
	}
}

// The controls: with n − t authorities down nothing is visible, with one more there is no document.
func TestParliamentFailsClosed(t *testing.T) {
	for _, n := range []int{4, 7} {
		down := n - threshold(n)
		for extra := range 2 {
			p := newParliament(t, n, authorities(1+down+extra, n))
			p.epoch(0, lies["silent"])
			if got := len(p.signed[1]); got != 1-extra || (p.reports > 0) != (extra == 1) {
				t.Errorf("n=%d, %d down: %d documents, %d reports", n, down+extra, got, p.reports)
			}
		}
	}
}

// The control of TestParliamentNeverSplits: with the echoes cut off, the same liars leave the honest
// voters with different votes, and with echoes every honest voter holds the proof.
func TestEchoesSpreadTheProof(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		p := newParliament(t, 4, authorities(2, 4))
		p.deaf = deaf
		p.epoch(0, lies["two votes"])
		for _, name := range p.names {
			if got := len(p.voters[name].round.voters[identity("a1").ID()]); (got == 2) == deaf {
				t.Errorf("deaf %v: %s holds %d votes of the liar", deaf, name, got)
			}
		}
	}
}
