// Package virtual is whole networks for tests of drivers: real nodes over links in memory, in the
// virtual time of testing/synctest. An hour of a network costs what its packets cost, and what
// happens when is decided by time, not by the machine.
//
// It must not play a node itself: what a test wants to see of the wire it looks for with a
// testnet.Tap, and cores alone are for sim/world. Only tests import it.
package virtual

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/testnet"
	providernode "murmuration/provider/node"
)

// Net is a network that runs. Its methods belong to the goroutine of the story.
type Net struct {
	*testnet.Network
	Fabric *link.Fabric

	t       *testing.T
	ctx     context.Context
	options testnet.Options
	running map[string]*life
	people  []*life
}

// life is something that runs until it is stopped.
type life struct {
	node testnet.Runner // nil for a person
	stop context.CancelFunc
	done chan error // takes one value
}

// Plan is a small network with the values of the preset fast, one mix in each layer.
func Plan(t *testing.T) testnet.Plan {
	t.Helper()
	par, err := config.LoadPreset("fast")
	if err != nil {
		t.Fatal(err)
	}
	return testnet.Plan{
		Dir: filepath.Join(t.TempDir(), "net"), Label: "test", Host: "127.0.0.1",
		Providers: 3, Width: 1, Parameters: par,
	}
}

// Run makes the network of the plan, starts its nodes, has the story happen, and ends all that
// runs. What a node or person ends with, unless the story stopped it, is an error of the test.
// It begins at midnight, or as much later as the plan's start is after the zero time.
// Without a transport in the options links are in memory, without a store boxes are.
func Run(t *testing.T, plan testnet.Plan, o testnet.Options, story func(n *Net)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		// a bubble begins in the year 2000, a network may not
		<-time.After(26*365*24*time.Hour + plan.Start.Sub(time.Time{}))
		plan.Start = time.Now()
		made, err := testnet.New(t.Context(), plan)
		if err != nil {
			t.Fatal(err)
		}
		made.Release()
		ctx, cancel := context.WithCancel(context.Background())
		n := &Net{Network: made, Fabric: link.NewFabric(), t: t, ctx: ctx, options: o,
			running: map[string]*life{}}
		defer n.end(cancel)
		n.fill()
		n.startAll()
		story(n)
	})
}

func (n *Net) fill() {
	if n.options.Transport == nil {
		n.options.Transport = func(_ *testnet.Node, cfg link.Config) (link.Transport, error) {
			return n.Fabric.Transport(cfg)
		}
	}
	if n.options.Store == nil {
		n.options.Store = func(*testnet.Node) providernode.Store { return box.NewMemStore(0) }
	}
	if length := n.Plan.Parameters.EpochLength; n.options.StateEvery == 0 && length > time.Hour {
		n.options.StateEvery = length // files renamed on a real disk were half of the work of days
	}
}

func (n *Net) startAll() {
	skipped := map[string]bool{}
	for _, name := range n.options.Skip {
		skipped[name] = true
	}
	for _, node := range n.Nodes {
		if !skipped[node.Name] {
			n.Start(node.Name)
		}
	}
}

// Start opens a node and runs it: one that was skipped, or again after Stop, from its home.
func (n *Net) Start(name string) {
	n.t.Helper()
	for _, node := range n.Nodes {
		if node.Name != name || n.running[name] != nil {
			continue
		}
		r, err := n.Open(node, n.options)
		if err != nil {
			n.t.Fatalf("opening %s: %v", name, err)
		}
		n.running[name] = n.begin(r.Run)
		n.running[name].node = r
		return
	}
	n.t.Fatalf("%s is no node, or runs already", name)
}

func (n *Net) begin(run func(context.Context) error) *life {
	ctx, stop := context.WithCancel(n.ctx)
	l := &life{stop: stop, done: make(chan error, 1)}
	go func() { l.done <- run(ctx) }() // ends with ctx
	return l
}

// stop ends a node and closes its home, and returns when it is gone, with what it ended with.
func (n *Net) stop(name string) error {
	l := n.running[name]
	if l == nil {
		return fmt.Errorf("%s does not run", name)
	}
	delete(n.running, name)
	l.stop()
	return errors.Join(<-l.done, l.node.Close())
}

// Go runs a person, or whatever ends with its context, until the story is over.
func (n *Net) Go(run func(context.Context) error) { n.people = append(n.people, n.begin(run)) }

// Node is a node that runs, nil for one that does not.
func (n *Net) Node(name string) testnet.Runner {
	if l := n.running[name]; l != nil {
		return l.node
	}
	return nil
}

// Running is all nodes that run, by name.
func (n *Net) Running() map[string]testnet.Runner {
	all := map[string]testnet.Runner{}
	for name, l := range n.running {
		all[name] = l.node
	}
	return all
}

// Pass lets time go by, and everything that is due in it happen.
func (n *Net) Pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// epoch passes until the given part of an epoch: epoch(2, 0.5) is the middle of epoch 2.
func (n *Net) epoch(e directory.Epoch, part float64) {
	length := n.Plan.Parameters.EpochLength
	at := n.Genesis.Schedule().StartOf(e).Add(time.Duration(part * float64(length)))
	n.Pass(max(0, time.Until(at)))
}

// Document is the document of an epoch that a node has on its disk, nil if it has none.
func (n *Net) Document(name string, e directory.Epoch) *directory.Document {
	n.t.Helper()
	raw, err := os.ReadFile(filepath.Join(n.Plan.Dir, name, "documents",
		fmt.Sprintf("%d.document", e)))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	doc, parsed := directory.ParseDocument(raw)
	if err := errors.Join(err, parsed); err != nil {
		n.t.Fatal(err)
	}
	return doc
}

// end stops everything, people first.
func (n *Net) end(cancel context.CancelFunc) {
	defer cancel()
	for _, l := range n.people {
		l.stop()
		if err := <-l.done; err != nil && !errors.Is(err, context.Canceled) {
			n.t.Errorf("a person ended with %v", err)
		}
	}
	for name := range n.Running() {
		if err := n.stop(name); err != nil {
			n.t.Errorf("%s ended with %v", name, err)
		}
	}
}
