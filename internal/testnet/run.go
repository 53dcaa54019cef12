package testnet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/mix"
	mixnode "murmuration/mix/node"
	providernode "murmuration/provider/node"
)

// Runner is a node that was opened: a mix or a provider.
type Runner interface {
	Run(ctx context.Context) error
	Close() error
	Totals() (received, sent uint64)
	Dropped(mix.Reason) uint64
}

// Options are what the nodes of a network in one process share.
type Options struct {
	// Transport opens links; nil is TLS on the ports that New bound.
	Transport func(*Node, link.Config) (link.Transport, error)
	// Store keeps the boxes of a provider; nil is Badger in its home.
	Store func(*Node) providernode.Store
	// Stop takes the names of nodes that shall stop while the others go on; nil for none.
	Stop <-chan string
	// Skip names nodes that Run leaves out, because something else plays them; nil leaves out none.
	Skip []string
	// StateEvery is how often nodes say how they are in their homes; 0 is as shipped.
	StateEvery time.Duration
	Log        *slog.Logger
}

// Key is the node's on links.
func (node *Node) Key() link.PublicKey { return link.Seed(node.seed).Public() }

// Seed is the node's, for a test that plays it.
func (node *Node) Seed() link.Seed { return link.Seed(node.seed) }

// OpenTLS opens links over TCP on the port that New bound for the node.
func (node *Node) OpenTLS(cfg link.Config) (link.Transport, error) {
	cfg.Reserved = node.reserved
	return link.NewTLS(cfg)
}

// Open opens one node with the shipped configuration's values.
func (n *Network) Open(node *Node, o Options) (Runner, error) {
	cfg := mixnode.Config{
		Home: node.Dir, Name: node.Name, Listen: node.Addr, Log: o.Log,
		StateEvery: o.StateEvery,
		Transport: func(l link.Config) (link.Transport, error) {
			if o.Transport != nil {
				return o.Transport(node, l)
			}
			return node.OpenTLS(l)
		},
	}
	if node.Role == directory.RoleMix {
		return mixnode.New(cfg)
	}
	p := providernode.Config{Config: cfg}
	if o.Store != nil {
		p.Store = o.Store(node)
	}
	return providernode.New(p)
}

// Run opens all nodes and runs them until ctx ends or one of them fails. Ready is called when they
// are open and about to run.
func (n *Network) Run(ctx context.Context, o Options, ready func(map[string]Runner)) (err error) {
	running := map[string]Runner{}
	defer func() {
		for name, r := range running {
			if failed := r.Close(); failed != nil {
				err = errors.Join(err, fmt.Errorf("closing %s: %w", name, failed))
			}
		}
	}()
	for _, node := range n.Nodes {
		if slices.Contains(o.Skip, node.Name) {
			continue
		}
		r, err := n.Open(node, o)
		if err != nil {
			return fmt.Errorf("opening %s: %w", node.Name, err)
		}
		running[node.Name] = r
	}
	group, ctx := errgroup.WithContext(ctx)
	stops := map[string]context.CancelFunc{}
	for name, r := range running {
		own, stop := context.WithCancel(ctx)
		stops[name] = stop
		group.Go(func() error {
			if err := r.Run(own); err != nil {
				return fmt.Errorf("running %s: %w", name, err)
			}
			return nil
		})
	}
	group.Go(func() error { return stopAsAsked(ctx, o.Stop, stops) })
	ready(running)
	return group.Wait()
}

// stopAsAsked ends nodes by name until ctx ends; all of them end with it.
func stopAsAsked(ctx context.Context, asked <-chan string,
	stops map[string]context.CancelFunc) error {
	for {
		select {
		case <-ctx.Done():
			for _, stop := range stops {
				stop()
			}
			return nil
		case name := <-asked:
			if stop := stops[name]; stop != nil {
				stop()
			}
		}
	}
}
