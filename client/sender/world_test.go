package sender_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/sim/trace"
	"murmuration/sim/world"
)

var genesis = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// network is a world around the senders under test, and what the tests note of it.
type network struct {
	*world.World
	t        *testing.T
	par      directory.Parameters
	people   []*person
	carries  func(sender.Sent) bool // which packets travel; nil: all
	executed map[box.Op]int
}

// person is a sender in the network, with all that it sent and heard.
type person struct {
	*world.Person
	trace  []trace.Event // what a watcher of the person's link sees
	events []sender.Event
	sent   []sender.Sent
	times  []time.Time // of sent
}

// testParameters are fast and small, so that a virtual hour costs a second.
func testParameters() directory.Parameters {
	par, err := directory.Defaults("xwing")
	if err != nil {
		panic(err)
	}
	par.BoxPlaintext = box.RecordHeaderSize + 1024
	par.MeanHopDelay, par.HopDelayLimit = 200*time.Millisecond, 2*time.Second
	par.PayloadEvery, par.LoopEvery, par.DropEvery = time.Second, 2*time.Second, time.Second
	par.MixLoopEvery, par.ReplicateEvery = 24*time.Hour, time.Millisecond
	par.WriteTokens = 0
	return par
}

// newNetwork has three providers, and two mixes in each of three layers.
func newNetwork(t *testing.T, seed uint64, par directory.Parameters) *network {
	return newWideNetwork(t, seed, par, 2)
}

// newWideNetwork has `width` mixes in each layer.
func newWideNetwork(t *testing.T, seed uint64, par directory.Parameters, width int) *network {
	return found(t, par, width, world.Config{Seed: seed, Null: true})
}

func found(t *testing.T, par directory.Parameters, width int, cfg world.Config) *network {
	t.Helper()
	n := &network{t: t, par: par, executed: map[box.Op]int{}}
	cfg.Parameters, cfg.Start, cfg.Link, cfg.AtSlot, cfg.Tap = par, genesis, -1, true, n
	cfg.Network.Providers = []string{"p1", "p2", "p3"}
	for layer := range par.Layers {
		var names []string
		for i := range width {
			names = append(names, fmt.Sprintf("m%d", layer*width+i+1))
		}
		cfg.Network.Layers = append(cfg.Network.Layers, names)
	}
	var err error
	if n.World, err = world.New(cfg); err != nil {
		t.Fatal(err)
	}
	for _, name := range cfg.Network.Providers {
		n.Node(name).Holder().Watch(func(r world.Request) { n.executed[r.Op]++ })
	}
	return n
}

// kill takes `dead` mixes of each layer down; the document goes on listing them.
func (n *network) kill(dead int) {
	killed := map[int]int{}
	for _, node := range n.Nodes() {
		if killed[node.Layer()] < dead && node.Layer() > 0 {
			killed[node.Layer()]++
			node.Crash(true)
		}
	}
}

// join adds a person whose provider is the i-th.
func (n *network) join(i int, seed byte) *person {
	return n.joinWith(i, sender.Config{Seed: [32]byte{seed}})
}

func (n *network) joinWith(i int, cfg sender.Config) *person {
	n.t.Helper()
	joined, err := n.JoinAs(fmt.Sprint("person", len(n.people)), fmt.Sprint("p", i+1), cfg)
	if err != nil {
		n.t.Fatal(err)
	}
	p := &person{Person: joined}
	p.Carries = func(s sender.Sent) bool { return n.carries == nil || n.carries(s) }
	p.Sent = func(s sender.Sent) { p.sent, p.times = append(p.sent, s), append(p.times, n.Now()) }
	p.Listen(func(e sender.Event) {
		e.Reply.Box.Ciphertext = slices.Clone(e.Reply.Box.Ciphertext)
		p.events = append(p.events, e)
	})
	n.people = append(n.people, p)
	return p
}

// Add implements trace.Sink: what passes on people's links is theirs.
func (n *network) Add(e trace.Event) error {
	for i, p := range n.people {
		if number := int32(len(n.Nodes()) + i); e.From == number || e.To == number {
			p.trace = append(p.trace, e)
		}
	}
	return nil
}

func nothing(sender.Sent) bool    { return false }
func onlyWork(s sender.Sent) bool { return s.Work }

// run lets virtual time pass.
func (n *network) run(d time.Duration) {
	n.t.Helper()
	if err := n.Run(d); err != nil {
		n.t.Fatal(err)
	}
}

// until lets it pass until t.
func (n *network) until(t time.Time) {
	n.t.Helper()
	n.run(t.Sub(n.Now()))
}
