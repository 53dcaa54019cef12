package provider

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/node"
	"murmuration/internal/transit"
	"murmuration/mix"
)

// Server is a running provider: the driver of an Edge.
type Server struct {
	cfg       Config
	chassis   *node.Chassis
	node      *node.Node
	metrics   *node.Metrics
	edge      *Edge
	store     Store
	keeper    *Keeper
	authority *authority // nil unless the genesis names this provider
	jobs      chan Job
	replicas  *replicas
	intake    intake
	document  atomic.Pointer[directory.Document] // in force, or the last that was
	trouble   atomic.Pointer[string]             // that the store had last
}

// executors is how many requests are in work at one time. Each waits for a group fsync, so there must
// be many of them for the groups to be large.
const executors = 128

// New opens the provider in cfg.Home. Nothing moves before Run.
func New(cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	chassis, err := node.Open(node.Options{
		Config: cfg.Config, Role: directory.RoleProvider, Storing: true, Reasons: Reasons(), Conns: cfg.conns(),
	})
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, chassis: chassis, edge: NewEdge(cfg.limits()), jobs: make(chan Job, cfg.MaxHeld),
		intake: intake{buckets: map[link.PublicKey]*bucket{}},
	}
	if err := s.assemble(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) assemble() (err error) {
	genesis := s.chassis.Home.Genesis
	s.keeper = &Keeper{
		Self: s.chassis.Home.Identity.ID(), Params: s.chassis.Params,
		Format:   box.Format{Plaintext: genesis.Parameters.BoxPlaintext},
		Calendar: box.Calendar{Genesis: genesis.Start, Retention: genesis.Parameters.RetentionDays},
		Digest:   s.digest,
	}
	s.replicas = newReplicas(s)
	role := node.Role{
		Core: edgeCore{s}, Relay: s.edge.Relay(), Documents: s,
		Services: map[link.Kind]node.Service{link.Exchange: exchanges{s}, link.Replica: replicaIntake{s}, link.Directory: library{s}},
	}
	if _, named := genesis.Authority(s.chassis.Home.Identity.ID()); named {
		if s.authority, err = newAuthority(s, time.Now()); err != nil {
			return err
		}
		role.Registry = s.authority
	}
	if s.node, err = node.New(s.chassis, role); err != nil {
		return err
	}
	s.metrics = s.node.Metrics(node.Gauge{
		Name: "murmur_clients_online", Help: "Clients connected now, rounded down to tens.",
		Value: func() float64 { return float64(s.online() / 10 * 10) },
	}, node.Gauge{
		Name: "murmur_box_conflicts", Help: "Boxes of which another holder had other contents.",
		Value: func() float64 { return float64(s.keeper.Conflicts()) },
	})
	return s.openStore()
}

// openStore opens the boxes that CreateHome made a place for. A provider whose boxes are gone must not
// begin anew as if nothing had been promised.
func (s *Server) openStore() error {
	if s.cfg.Store != nil {
		s.store, s.keeper.Store = s.cfg.Store, s.cfg.Store
		return nil
	}
	dir := s.chassis.Home.Path(boxesDir)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("opening the boxes of %s: there is no %s\n  is its disk mounted? If the boxes are lost for good, make a new provider: this one has promised to keep them", s.cfg.Home, dir)
	}
	store, err := box.Open(dir, box.Options{Logger: s.cfg.Log, Reserve: s.cfg.reserve()})
	if err != nil {
		return fmt.Errorf("opening the boxes of %s: %w", s.cfg.Home, err)
	}
	s.store, s.keeper.Store = store, store
	return nil
}

// Run serves until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	s.stateDisk()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.node.Run(ctx) })
	group.Go(func() error { return s.metrics.Run(ctx) })
	group.Go(func() error { return s.replicas.run(ctx) })
	group.Go(func() error { return s.housekeep(ctx) })
	for range executors {
		group.Go(func() error { return s.work(ctx) })
	}
	if s.authority != nil {
		group.Go(func() error { return s.authority.run(ctx) })
	}
	return group.Wait()
}

// Close gives home and store back after Run, or instead of it.
func (s *Server) Close() error {
	var err error
	if s.store != nil {
		err = s.store.Close()
	}
	return errors.Join(err, s.chassis.Close())
}

// edgeCore makes an Edge into what an engine runs: jobs go to the executors, drops to the counters.
type edgeCore struct{ s *Server }

func (c edgeCore) Receive(now time.Time, a transit.Arrival) transit.Reason {
	job, reason := c.s.edge.Receive(now, a)
	if job.ID == 0 {
		return reason
	}
	select {
	case c.s.jobs <- job:
		return transit.Accepted
	default:
		c.s.edge.Abandon(job.ID)
		return transit.Overload
	}
}

func (c edgeCore) TakeFresh(into []transit.Seen) []transit.Seen {
	return c.s.edge.Relay().TakeFresh(into)
}
func (c edgeCore) Persisted(ticket uint64) { c.s.edge.Persisted(ticket) }
func (c edgeCore) Next() (time.Time, bool) { return c.s.edge.Next() }

func (c edgeCore) Due(now time.Time, out []transit.Departure) ([]transit.Departure, error) {
	out, drops := c.s.edge.Due(now, out, nil)
	for _, reason := range drops {
		c.s.chassis.Counts.Drop(reason)
	}
	return out, nil
}

// SetDocument switches to a new document; the core is locked. When there is none in force any more, the
// relay alone stops.
func (s *Server) SetDocument(doc *directory.Document) {
	s.edge.Relay().SetRules(mix.RulesOf(s.chassis.Home.Identity.ID(), doc))
	if doc == nil {
		return
	}
	s.edge.SetDocument(doc.Parameters)
	s.document.Store(doc)
	s.keeper.SetDocument(doc)
	s.replicas.set(doc)
}

// digest is that of the document that this provider has for an epoch.
func (s *Server) digest(e directory.Epoch) directory.Digest {
	if doc := s.chassis.Documents.Document(e); doc != nil {
		return doc.Digest()
	}
	return directory.Digest{}
}

// sweepEvery is how often old spools and days are looked for.
const sweepEvery = time.Minute

// housekeep drops what is over: replies nobody fetches, days past their retention. It ends with ctx.
func (s *Server) housekeep(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := s.store.Drop(s.oldest(time.Now())); err != nil {
			return fmt.Errorf("dropping boxes past their retention: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		s.node.Do(func(now time.Time) {
			for range s.edge.Sweep(now) {
				s.chassis.Counts.Drop(SpoolExpired)
			}
		})
	}
}

// oldest is the first day that must be kept: by the clock, but none of those that the last network document
// lists. A clock that jumped ahead must not destroy what was promised, and without a document nothing is.
func (s *Server) oldest(now time.Time) box.Day {
	doc := s.document.Load()
	if doc == nil || len(doc.Storing) == 0 {
		return 0
	}
	return min(s.keeper.Calendar.Oldest(now), box.Day(doc.Storing[0].Day))
}

func (s *Server) online() (n int) {
	s.node.Do(func(time.Time) { _, n = s.edge.Clients() })
	return n
}

// Totals are the packets taken in and sent since the start.
func (s *Server) Totals() (received, sent uint64) { return s.chassis.Counts.Totals() }

// Dropped is the number of packets dropped for one reason.
func (s *Server) Dropped(r transit.Reason) uint64 { return s.chassis.Counts.Dropped(r) }
