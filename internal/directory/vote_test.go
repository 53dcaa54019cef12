package directory

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

func testVote(t testing.TB, g *Genesis, change ...func(*Vote)) *Vote {
	v := &Vote{Network: g.ID(), Epoch: 3, By: identity("a1").ID(), Parameters: g.Parameters}
	for _, name := range []string{"m1", "m2"} {
		v.Listings = append(v.Listings, Listing{Descriptor: describe(t, g, name, 3)})
	}
	v.Sign(identity("a1"))
	for _, f := range change {
		f(v)
	}
	return v
}

// Each case but the first and "false", the controls, is a vote that must not count.
func TestVoteVerify(t *testing.T) {
	g := testGenesis(t, 4)
	resign := func(v *Vote) { v.Signature = identity("a1").sign(labelVote, v.Network, v.digest()) }
	cases := map[string]func(*Vote){
		"":                   func(*Vote) {},
		"other network":      func(v *Vote) { v.Network[0] ^= 1; resign(v) },
		"not signed":         func(v *Vote) { v.Signature[3] ^= 1 },
		"signed for another": func(v *Vote) { v.By = identity("a2").ID() },
		"no authority":       func(v *Vote) { v.By = identity("m1").ID(); v.Sign(identity("m1")) },
		"out of order": func(v *Vote) {
			v.Listings[0], v.Listings[1] = v.Listings[1],
				v.Listings[0]
			resign(v)
		},
		"listed twice":  func(v *Vote) { v.Listings[1] = v.Listings[0]; resign(v) },
		"other epoch":   func(v *Vote) { v.Epoch = 4; resign(v) },
		"invented node": func(v *Vote) { v.Listings[0].Descriptor.Addr = "evil:1"; resign(v) },
		"false":         func(v *Vote) { v.False = []NodeID{identity("m1").ID()}; resign(v) },
		"false nobody":  func(v *Vote) { v.False = []NodeID{identity("m3").ID()}; resign(v) },
		"false twice": func(v *Vote) {
			v.False = []NodeID{identity("m1").ID(), identity("m1").ID()}
			resign(v)
		},
		"bad parameters": func(v *Vote) { v.Parameters.Layers = 0; resign(v) },
	}
	for name, change := range cases {
		good := name == "" || name == "false"
		if err := testVote(t, g, change).verify(g); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestRelayVerify(t *testing.T) {
	g := testGenesis(t, 4)
	by := func(names ...string) func(*Relay) *Relay {
		return func(r *Relay) *Relay {
			for _, name := range names {
				r = r.echo(identity(name))
			}
			return r
		}
	}
	cases := map[string]func(*Relay) *Relay{
		"":              by("a2", "a3"),
		"by a stranger": by("m1"),
		"by the voter":  by("a1"),
		"twice":         by("a2", "a2"),
		"of another vote": func(r *Relay) *Relay {
			r = r.echo(identity("a2"))
			r.Vote.Listings = nil
			r.Vote.Sign(identity("a1"))
			return r
		},
		"of a forged vote": func(r *Relay) *Relay {
			r.Vote.Signature[0] ^= 1
			return r.echo(identity("a2"))
		},
	}
	for name, make := range cases {
		r := make(&Relay{Vote: testVote(t, g)})
		if err := r.verify(g); (err == nil) != (name == "") {
			t.Errorf("%q: %v", name, err)
		}
		v := newVoter(t, g, "a4", testStart)
		at := g.Schedule().EndOf(2, PhaseDescriptors).Add(time.Millisecond)
		_ = v.AddVote(at, r)
		if held := len(v.round.voters[r.Vote.By]); (held == 1) != (name == "") {
			t.Errorf("%q: %d votes are held", name, held)
		}
	}
}

func TestOldDescriptorsAreRefused(t *testing.T) {
	g := testGenesis(t, 1)
	now := g.Schedule().StartOf(5)
	v := newVoter(t, g, "a1", now)
	if err := v.Add(now, describe(t, g, "m1", 3)); !errors.Is(err, RefusedClock) {
		t.Error(err)
	}
}

func TestTallyWantsTheSamePrevious(t *testing.T) {
	g := testGenesis(t, 1)
	previous := testDocument(t, g, 2, Digest{}, someNodes...)
	for _, c := range []struct {
		says Digest
		want error
	}{{previous.Digest(), nil}, {Digest{7}, errOtherPrevious}, {Digest{}, errOtherPrevious}} {
		v := &Vote{Network: g.ID(), Epoch: 3, By: identity("a1").ID(), Previous: c.says,
			Parameters: g.Parameters}
		for _, name := range someNodes {
			v.Listings = append(v.Listings, Listing{Descriptor: describe(t, g, name, 3)})
		}
		v.Sign(identity("a1"))
		if _, err := tally(g, previous, 3, []*Vote{v}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.says, err)
		}
	}
}

// A descriptor over its limit is refused however well it is signed, and a signature for one network
// does not fit another.
func TestLimitsAndNetworks(t *testing.T) {
	g := testGenesis(t, 1)
	large := describe(t, g, "m1", 0,
		func(d *Descriptor) { d.Keys[0] = bytes.Repeat([]byte{1}, MaxDescriptor) })
	if _, err := ParseDescriptor(large.Marshal()); !errors.Is(err, RefusedMalformed) {
		t.Error(err)
	}
	i, digest := identity("m1"), Digest{1}
	signature := i.sign(labelVote, NetworkID{1}, digest)
	if i.ID().verify(labelVote, NetworkID{1}, digest, signature) != nil ||
		i.ID().verify(labelVote, NetworkID{2}, digest, signature) == nil {
		t.Error("the network is not bound into signatures")
	}
}
