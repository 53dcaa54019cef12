// Package node is a mix that runs: the relay and its loops from package mix, on the chassis of
// every node.
//
// It owns the goroutines, sockets, clock and files of the mix, decides nothing about packets, and
// must never write down anything that joins a packet that came in with one that went out.
package node

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	mrand "math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/internal/directory"
	"murmuration/internal/node"
	"murmuration/internal/node/metrics"
	"murmuration/mix"
)

// Config is what the operator of a mix decides.
type Config = node.Config

// Node is a running mix.
type Node struct {
	log     *slog.Logger
	node    *node.Node
	relay   *mix.Relay
	loops   *mix.Loops
	metrics *metrics.Page
}

// leastTags of an epoch leave room in a network of few clients.
const leastTags = 1_000_000

// Capacity is how many packets a mix of a network takes in one epoch, unless its operator decides
// otherwise.
func Capacity(par directory.Parameters) int { return max(leastTags, mix.Tags(par)) }

// New opens the mix in cfg.Home. Nothing moves before Run.
func New(cfg Config) (*Node, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	home, err := node.OpenHome(cfg.Home)
	if err != nil {
		return nil, err
	}
	if cfg.PacketsPerEpoch == 0 {
		cfg.PacketsPerEpoch = Capacity(home.Genesis.Parameters)
	}
	cfg = cfg.WithDefaults()
	chassis, err := node.Open(node.Options{Config: cfg, Role: directory.RoleMix,
		Reasons: mix.Reasons()})
	if err != nil {
		return nil, err
	}
	loops, err := newLoops(chassis, time.Now())
	if err != nil {
		return nil, errors.Join(err, chassis.Close())
	}
	n := &Node{log: cfg.Log, loops: loops, relay: mix.NewRelay(cfg.MaxHeld, loops)}
	role := node.Role{Core: n.relay, Relay: n.relay,
		Document: inForce{chassis.Home.Identity.ID(), n.relay, loops}, State: n.state}
	if n.node, err = node.New(chassis, role); err != nil {
		return nil, errors.Join(err, chassis.Close())
	}
	n.metrics = n.node.Metrics(n.gauges()...)
	return n, nil
}

func newLoops(c *node.Chassis, now time.Time) (*mix.Loops, error) {
	var times, choice [32]byte
	if _, err := rand.Read(times[:]); err != nil {
		return nil, err
	}
	if _, err := rand.Read(choice[:]); err != nil {
		return nil, err
	}
	genesis := c.Home.Genesis
	return mix.NewLoops(mix.LoopsConfig{
		Self: c.Home.Identity.ID(), Params: c.Params, Epochs: genesis.Schedule(),
		Every: genesis.Parameters.MixLoopEvery,
		Times: mrand.New(mrand.NewChaCha8(times)), Choice: mrand.New(mrand.NewChaCha8(choice)),
		Secrets: rand.Reader,
	}, now), nil
}

// inForce has relay and loops go by the network document in force.
type inForce struct {
	self  directory.NodeID
	relay *mix.Relay
	loops *mix.Loops
}

// SetDocument implements node.DocumentSetter.
func (f inForce) SetDocument(doc *directory.Document, missed []directory.Node) {
	f.relay.SetRules(mix.RulesOf(f.self, doc, missed...))
	f.loops.SetDocument(doc)
}

// Alive returns once the core has answered; a mix that hangs never does.
func (n *Node) Alive() { n.node.Do(func(time.Time) {}) }

// Listen binds the mix's addresses; Run does it if nobody did.
func (n *Node) Listen() error {
	if err := n.node.Listen(); err != nil {
		return err
	}
	return n.metrics.Listen()
}

// Run mixes until ctx ends, or the mix has left its network.
func (n *Node) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return n.node.Run(ctx) })
	group.Go(func() error { return n.metrics.Run(ctx) })
	group.Go(func() error { return n.watchLoops(ctx) })
	if err := group.Wait(); !errors.Is(err, node.ErrLeft) {
		return err
	}
	return nil
}

// Totals are the packets taken in and sent since the start.
func (n *Node) Totals() (received, sent uint64) { return n.node.Counts.Totals() }

// Dropped is the number of packets dropped for one reason.
func (n *Node) Dropped(r mix.Reason) uint64 { return n.node.Counts.Dropped(r) }

// Close gives the home back after Run, or instead of it.
func (n *Node) Close() error { return errors.Join(n.metrics.Close(), n.node.Close()) }

// CreateHome makes the home of a new mix. It refuses a directory that is somebody's home already.
func CreateHome(dir string, genesis *directory.Genesis, seed [32]byte) (*node.Home, error) {
	return node.CreateHome(dir, genesis, seed)
}
