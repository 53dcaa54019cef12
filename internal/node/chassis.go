package node

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
	"murmuration/mix"
)

// Chassis is what every node is built on, mix or provider: home, keys, documents, links and engine. It
// knows which nodes are neighbours; what a packet means, the core decides.
type Chassis struct {
	Home     *Home
	Params   *sphinx.Params
	Counts   *Counts
	Links    *link.Counters
	Pipeline *Pipeline
	Courier  *Courier
	Buffers  *Buffers

	cfg       Options
	keys      *Keyring
	wires     *Links
	transport link.Transport
	lock      interface{ Close() error }
	listener  link.Listener
	relay     *mix.Relay
	before    map[link.PublicKey]struct{} // senders by the document before, for the grace; the courier's
	senders   atomic.Pointer[map[link.PublicKey]struct{}]
	packets   uint64          // received when the node described itself last; the courier's
	warned    directory.Epoch // whose replay set was said to be nearly full; rotate's
}

// Options is the role's part of a node.
type Options struct {
	Config
	Role    directory.Role
	Storing bool
	// Reasons are those for which the role drops packets.
	Reasons []transit.Reason
	// Core makes the core; Relay is the relay in it.
	Core func(m *Chassis) (Core, *mix.Relay, error)
	// Registry is where documents come from; nil is Remote.
	Registry func(m *Chassis) Registry
	// Apply tells the role of a new document, with the engine locked; the relay's epochs are open already.
	Apply func(now time.Time, doc *directory.Document)
	// Expire tells the role, with the engine locked, that no document is in force any more.
	Expire func()
	// Conns is how many links the role takes in at one time; 0 is the default of links.
	Conns int
	// FrameSize, Admit and Serve are for the kinds of link other than Packets; nil refuses them.
	FrameSize func(m *Chassis, k link.Kind) int
	Admit     func(link.PublicKey, link.Kind) bool
	Serve     func(ctx context.Context, conn link.Conn) error
}

// Open opens the node's home and takes its lock. Nothing moves before Run.
func Open(cfg Options) (*Chassis, error) {
	if err := cfg.Config.Validate(); err != nil {
		return nil, err
	}
	cfg.Config = cfg.Config.WithDefaults()
	home, err := OpenHome(cfg.Home)
	if err != nil {
		return nil, err
	}
	lock, err := home.Lock()
	if err != nil {
		return nil, fmt.Errorf("opening node %s: %w", cfg.Home, err)
	}
	m := &Chassis{cfg: cfg, Home: home, Counts: NewCounts(cfg.Reasons...), Links: &link.Counters{}, lock: lock}
	if err := m.assemble(); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func (m *Chassis) assemble() (err error) {
	genesis := m.Home.Genesis
	if m.Params, err = genesis.Parameters.PacketParams(); err != nil {
		return err
	}
	m.Buffers = NewBuffers(m.Params.PacketSize())
	if m.transport, err = m.openTransport(); err != nil {
		return err
	}
	m.keys, err = OpenKeyring(KeyringConfig{
		Dir: m.Home.Path("keys"), Suite: m.Params.Suite(), Epochs: genesis.Schedule(),
		Grace: genesis.Parameters.Grace, Capacity: m.cfg.PacketsPerEpoch,
	}, time.Now())
	if err != nil {
		return err
	}
	m.wires = NewLinks(LinksConfig{
		Transport: m.transport, Buffers: m.Buffers, FrameSize: m.Params.PacketSize(), Counters: m.Links, Log: m.cfg.Log,
	})
	return m.assembleCore()
}

func (m *Chassis) assembleCore() error {
	core, relay, err := m.cfg.Core(m)
	if err != nil {
		return err
	}
	m.relay = relay
	m.Pipeline = NewPipeline(PipelineConfig{
		Params: m.Params, Keys: m.keys, Core: core, Links: m.wires, Buffers: m.Buffers, Counts: m.Counts,
		Workers: m.cfg.Workers, Log: m.cfg.Log,
	})
	var registry Registry = NewRemote(m.Home.Genesis, m.transport)
	if m.cfg.Registry != nil {
		registry = m.cfg.Registry(m)
	}
	shelf, err := OpenShelf(m.Home.Genesis, m.Home.Path("documents"))
	if err != nil {
		return err
	}
	m.Courier = NewCourier(CourierConfig{
		Shelf: shelf, Registry: registry, Describe: m.describe, Apply: m.apply, Expire: m.expire, Log: m.cfg.Log,
	})
	return m.turnKeys(time.Now()) // what is damaged is said before anything runs
}

func (m *Chassis) openTransport() (link.Transport, error) {
	return m.cfg.Transport(link.Config{
		Network: m.Home.Genesis.ID(), Identity: m.Home.Seed, FrameSize: m.frameSize, Admit: m.admit,
		Counters: m.Links, Log: m.cfg.Log, MaxConns: m.cfg.Conns, MaxConnsPerAddr: m.cfg.MaxConnsPerAddress,
	})
}

// Transport opens links as this node.
func (m *Chassis) Transport() link.Transport { return m.transport }

func (m *Chassis) frameSize(k link.Kind) int {
	switch {
	case k == link.Packets:
		return m.Params.PacketSize()
	case k == link.Directory:
		return directory.FrameSize
	case m.cfg.FrameSize != nil:
		return m.cfg.FrameSize(m, k)
	}
	return 0
}

func (m *Chassis) admit(peer link.PublicKey, k link.Kind) bool {
	if k == link.Packets {
		senders := m.senders.Load()
		if senders == nil {
			return false
		}
		_, ok := (*senders)[peer]
		return ok
	}
	return m.cfg.Admit != nil && m.cfg.Serve != nil && m.cfg.Admit(peer, k)
}

// Close gives the home back. It is idempotent, and for a machine that is not running.
func (m *Chassis) Close() error {
	var err error
	if m.keys != nil {
		err = m.keys.Close()
	}
	return errors.Join(err, m.lock.Close())
}

// Run lives until ctx ends, and leaves nothing running.
func (m *Chassis) Run(ctx context.Context) error {
	listener, err := m.transport.Listen(m.cfg.Listen)
	if err != nil {
		return err // names the address itself
	}
	defer listener.Close()
	m.listener = listener
	group, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	group.Go(func() error { return m.Pipeline.Run(ctx) })
	group.Go(func() error { return m.wires.Run(ctx) })
	group.Go(func() error { return m.Courier.Run(ctx) })
	group.Go(func() error { return m.rotate(ctx) })
	group.Go(func() error { return m.accept(ctx, group) })
	return group.Wait()
}

// accept takes links in until the listener closes.
func (m *Chassis) accept(ctx context.Context, group *errgroup.Group) error {
	for {
		conn, err := m.listener.Accept(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accepting links: %w", err)
		}
		group.Go(func() error { m.serve(ctx, conn); return nil })
	}
}

// serve reads one link to its end, which is no error of the node's.
func (m *Chassis) serve(ctx context.Context, conn link.Conn) {
	defer conn.Close()
	if conn.Kind() != link.Packets {
		_ = m.cfg.Serve(ctx, conn)
		return
	}
	for {
		packet := m.Buffers.Get()
		if err := conn.Receive(packet); err != nil {
			m.Buffers.Put(packet)
			return
		}
		m.Pipeline.Submit(packet)
	}
}

// describe makes the node's descriptor whose keys begin with epoch e.
func (m *Chassis) describe(e directory.Epoch) (*directory.Descriptor, error) {
	received, _ := m.Counts.Totals()
	d := &directory.Descriptor{
		Network: m.Home.Genesis.ID(), ID: m.Home.Identity.ID(), Role: m.cfg.Role, Name: m.cfg.Name, Addr: m.cfg.Address,
		Epoch: e, Storing: m.cfg.Storing, Capacity: uint64(m.cfg.PacketsPerEpoch), Packets: received - m.packets, Family: m.cfg.Family,
		Serial: uint64(time.Now().UnixNano()),
	}
	m.packets = received
	if d.Name == "" {
		d.Name = fmt.Sprintf("node-%x", d.ID[:4])
	}
	for i := range d.Keys {
		key, err := m.keys.Public(e + directory.Epoch(i))
		if err != nil {
			return nil, err
		}
		d.Keys[i] = key
	}
	d.Sign(m.Home.Identity)
	return d, nil
}

// apply switches to the document of a new epoch.
func (m *Chassis) apply(now time.Time, doc *directory.Document) error {
	if err := m.turnKeys(now); err != nil {
		return err
	}
	self, listed := doc.Node(m.Home.Identity.ID())
	if !listed {
		m.cfg.Log.Warn("this node is not in the network document: is it admitted?", "epoch", doc.Epoch)
	}
	next, previous := neighbours(doc, self, listed)
	if err := m.wires.Set(next); err != nil {
		return err
	}
	m.Pipeline.Do(func(now time.Time) {
		to := make(map[directory.NodeID]struct{}, len(next))
		for id := range next {
			to[id] = struct{}{}
		}
		m.relay.SetRules(mix.Rules{DelayLimit: doc.Parameters.HopDelayLimit, Next: to})
		m.cfg.Apply(now, doc)
	})
	m.admitSenders(previous) // last: what they send must find rules and links
	m.prune()
	m.cfg.Log.Info("network document in force", "epoch", doc.Epoch, "nodes", len(doc.Nodes), "layer", self.Layer)
	return nil
}

// expire ends all mixing until there is a document again. What is held still leaves if its link lasts.
func (m *Chassis) expire() {
	m.Pipeline.Do(func(time.Time) {
		m.relay.SetRules(mix.Rules{})
		if m.cfg.Expire != nil {
			m.cfg.Expire()
		}
	})
	_ = m.wires.Set(nil) // taking links down cannot fail
	m.before = nil
	m.senders.Store(nil)
	m.prune()
}

// prune cuts the links of those who are no longer neighbours.
func (m *Chassis) prune() {
	if m.listener != nil {
		m.listener.Prune()
	}
}

// neighbours are the nodes that this one sends packets to, and takes them from.
func neighbours(doc *directory.Document, self directory.Node, listed bool) (next map[directory.NodeID]link.Peer, previous map[link.PublicKey]struct{}) {
	next, previous = map[directory.NodeID]link.Peer{}, map[link.PublicKey]struct{}{}
	if !listed {
		return next, previous
	}
	ring := doc.Parameters.Layers + 1 // providers are layer 0
	for _, n := range doc.Nodes {
		if n.Layer == (self.Layer+1)%ring {
			next[n.ID] = link.Peer{Addr: n.Addr, Key: link.PublicKey(n.ID)}
		}
		if n.Layer == (self.Layer+ring-1)%ring {
			previous[link.PublicKey(n.ID)] = struct{}{}
		}
	}
	return next, previous
}

// admitSenders lets in the senders of this document and, for packets still on their way, the one before.
func (m *Chassis) admitSenders(now map[link.PublicKey]struct{}) {
	both := make(map[link.PublicKey]struct{}, len(now)+len(m.before))
	for key := range m.before {
		both[key] = struct{}{}
	}
	for key := range now {
		both[key] = struct{}{}
	}
	m.before = now
	m.senders.Store(&both)
}

// Healthy tells why the node does not do its work, or nil.
func (m *Chassis) Healthy() error {
	if _, err := m.Courier.Current(time.Now()); err != nil {
		return err
	}
	if up, all := m.wires.Connected(); all > 0 && up == 0 {
		return fmt.Errorf("no link to the next layer is up (of %d)", all)
	}
	return nil
}

// Gauges are the values that every node's metrics page has.
func (m *Chassis) Gauges(held func() int) []Gauge {
	return []Gauge{
		{"murmur_links_up", "Outgoing links that are up.", func() float64 { up, _ := m.wires.Connected(); return float64(up) }},
		{"murmur_packets_held", "Packets that wait for their time to leave, rounded down.", func() float64 {
			var n int
			m.Pipeline.Do(func(time.Time) { n = held() })
			return float64(n / publishStep * publishStep)
		}},
		{"murmur_replay_fill", "Share of this epoch's replay set that is used, in hundredths; at 1 nothing is forwarded.", m.fill},
		{"murmur_document_age_epochs", "Epochs since the document in force was new; 3 when there is none.", m.documentAge},
	}
}

func (m *Chassis) documentAge() float64 {
	now := time.Now()
	doc, err := m.Courier.Current(now)
	if err != nil {
		return protocol.Validity
	}
	e, _ := m.Home.Genesis.Schedule().Epoch(now) // Current knows the epoch, too
	return float64(e - doc.Epoch)
}
