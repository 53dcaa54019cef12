// Package node is a provider that runs: edge and box service from package provider, on the chassis
// of every node, with a box store, replication to other holders, and the authority if the genesis
// names this provider.
//
// It owns the goroutines, sockets, clock and files of the provider. It must never write down, log
// or count anything that joins a client with a box, or a packet that came in with one that went
// out.
package node

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/internal/authority"
	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/node"
	"murmuration/internal/node/metrics"
	"murmuration/internal/protocol"
	"murmuration/mix"
	"murmuration/provider"
)

// Node is a running provider.
type Node struct {
	cfg       Config
	chassis   *node.Chassis
	node      *node.Node
	metrics   *metrics.Page
	edge      *provider.Edge
	store     Store
	inForce   *inForce
	requests  *requests
	replicas  *replicas
	bulletins *bulletins
	authority *authority.Authority // nil unless the genesis names this provider
}

// history is how many epochs a document is given to others beyond its own: as long as it serves,
// and as long again.
const history = 2 * protocol.Validity

// New opens the provider in cfg.Home. Nothing moves before Run.
func New(cfg Config) (*Node, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	home, err := node.OpenHome(cfg.Home)
	if err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults(home.Genesis.Parameters)
	chassis, err := node.Open(node.Options{
		Config: cfg.Config, Role: directory.RoleProvider, Storing: true,
		Reasons: provider.Reasons(), Conns: cfg.conns(), History: history,
		Files: storeFiles,
	})
	if err != nil {
		return nil, err
	}
	n := &Node{cfg: cfg, chassis: chassis, edge: provider.NewEdge(cfg.limits())}
	if err := n.assemble(); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// assemble makes the parts, each of those before it.
func (n *Node) assemble() (err error) {
	if n.store, err = n.cfg.openStore(n.chassis.Home); err != nil {
		return err
	}
	trouble := &complaints{log: n.cfg.Log,
		again: n.chassis.Home.Genesis.Parameters.EpochLength}
	if n.bulletins, err = newBulletins(n.chassis, n.store, n.cfg.Log, trouble); err != nil {
		return err
	}
	service := n.newService()
	n.replicas = &replicas{others: newOthers(service.Self), transport: n.chassis.Transport(),
		store: n.store, format: service.Format, bulletins: n.bulletins, log: n.cfg.Log}
	n.inForce = &inForce{self: service.Self, edge: n.edge, service: service,
		replicas: n.replicas, bulletins: n.bulletins}
	jobs := make(chan provider.Job, n.cfg.MaxHeld)
	role := node.Role{Core: core{n.edge, jobs, n.chassis.Counts}, Relay: n.edge.Relay(),
		Document: n.inForce, State: n.state, Needed: n.promised}
	library := node.Library{Documents: n.chassis.Documents,
		Founding: n.chassis.Home.Genesis.Marshal(),
		Calls:    node.NewCalls(n.chassis.Transport())}
	if n.chassis.Home.Genesis.Names(service.Self) {
		if n.authority, err = authority.New(authority.Options{
			Home: n.chassis.Home, Documents: n.chassis.Documents, Log: n.cfg.Log,
			Dial: n.chassis.Transport(), Addr: n.cfg.Address, Proved: n.bulletins.proved,
		}, time.Now()); err != nil {
			return err
		}
		library.Registry = n.authority
		role.Registry = n.chassis.Authorities(n.authority)
	}
	if n.node, err = node.New(n.chassis, role); err != nil {
		return err
	}
	n.requests = &requests{node: n.node, edge: n.edge, service: service, jobs: jobs,
		trouble: trouble}
	return n.handle(service, library, trouble)
}

// handle gives each kind of link its service, and the metrics page what there is to show.
func (n *Node) handle(service *provider.Service, library node.Library, trouble *complaints) error {
	var door *doorman
	if n.cfg.InvitedOnly {
		var err error
		home := n.chassis.Home
		if door, err = newDoorman(home.Dir, home.Genesis.ID()); err != nil {
			return err
		}
	}
	n.node.Handle(link.Exchange,
		newExchanges(n.node, n.edge, n.inForce, n.bulletins, door, trouble,
			n.chassis.Home.Genesis.Start))
	n.node.Handle(link.Replica, newIntake(n.node, service, n.inForce, trouble))
	n.node.Handle(link.Bulletins, newHearing(n.node, n.bulletins, n.inForce))
	n.node.Handle(link.Directory, library)
	if n.authority != nil {
		n.node.Handle(link.Council, n.authority)
	}
	gauges := append(n.gauges(service), n.databases()...)
	if n.authority != nil {
		gauges = append(gauges, n.authority.Gauges()...)
	}
	n.metrics = n.node.Metrics(gauges...)
	return nil
}

func (n *Node) newService() *provider.Service {
	genesis := n.chassis.Home.Genesis
	return &provider.Service{
		Self: n.chassis.Home.Identity.ID(), Params: n.chassis.Params, Store: n.store,
		Format:   box.Format{Plaintext: genesis.Parameters.BoxPlaintext},
		Calendar: box.Calendar{Genesis: genesis.Start, Retention: genesis.Parameters.RetentionDays},
		Digest:   n.chassis.Documents.Digest, Bulletins: n.bulletins, Tokens: n.bulletins.keys,
	}
}

// Alive returns once the core has answered; a provider that hangs never does.
func (n *Node) Alive() { n.node.Do(func(time.Time) {}) }

// Listen binds the provider's addresses; Run does it if nobody did.
func (n *Node) Listen() error {
	if err := n.node.Listen(); err != nil {
		return err
	}
	return n.metrics.Listen()
}

// Run serves until ctx ends, or the provider has left its network.
func (n *Node) Run(ctx context.Context) error {
	n.stateDisk()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return n.node.Run(ctx) })
	group.Go(func() error { return n.metrics.Run(ctx) })
	group.Go(func() error { return n.replicas.run(ctx) })
	group.Go(func() error { return n.requests.run(ctx) })
	group.Go(func() error { return n.bulletins.run(ctx) })
	group.Go(func() error { return n.housekeep(ctx) })
	if n.authority != nil {
		group.Go(func() error { return n.authority.Run(ctx) })
	}
	if err := group.Wait(); !errors.Is(err, node.ErrLeft) {
		return err
	}
	return nil
}

// Close gives home and store back after Run, or instead of it.
func (n *Node) Close() error {
	var err error
	if n.store != nil {
		err = n.store.Close()
	}
	if n.metrics != nil {
		err = errors.Join(err, n.metrics.Close())
	}
	if n.node != nil {
		return errors.Join(err, n.node.Close())
	}
	return errors.Join(err, n.chassis.Close())
}

// Totals are the packets taken in and sent since the start.
func (n *Node) Totals() (received, sent uint64) { return n.chassis.Counts.Totals() }

// Dropped is the number of packets dropped for one reason.
func (n *Node) Dropped(r mix.Reason) uint64 { return n.chassis.Counts.Dropped(r) }
