package authority

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/internal/directory"
	"murmuration/internal/directory/council"
	"murmuration/internal/directory/query"
	"murmuration/internal/documents"
	"murmuration/internal/durable"
	"murmuration/internal/link"
	"murmuration/internal/node"
	"murmuration/internal/node/metrics"
	"murmuration/internal/protocol"
)

// Config is what the operator of an authority that stands alone decides. Zero values mean the
// default.
type Config struct {
	// Home is the authority's directory.
	Home string `toml:"-"`

	// Listen is the host:port of the link listener.
	Listen string `toml:"listen"`

	// Address is the host:port that others dial, if it is not Listen (behind a router). If it
	// changes, the others hear of it by this authority's votes.
	Address string `toml:"address"`

	// Metrics is the host:port of the listener for Prometheus and health; empty for none.
	Metrics string `toml:"metrics"`

	// MaxConnsPerAddress is how many links one network address may have to this authority at a
	// time. Default 64; without bound if it listens on this computer alone.
	MaxConnsPerAddress int `toml:"max_conns_per_address"`

	// Transport opens links; nil is TLS over TCP.
	Transport func(link.Config) (link.Transport, error) `toml:"-"`

	// Log takes one line per event that an operator acts on; nil discards.
	Log *slog.Logger `toml:"-"`
}

// history is how many epochs a document is given to others beyond its own.
const history = 2 * protocol.Validity

// node is the part of the configuration that every node has.
func (c *Config) node() node.Config {
	return node.Config{Home: c.Home, Listen: c.Listen, Address: c.Address, Metrics: c.Metrics,
		MaxConnsPerAddress: c.MaxConnsPerAddress, Transport: c.Transport, Log: c.Log}
}

// Validate says what is wrong with the configuration, one error per key.
func (c *Config) Validate() error {
	n := c.node()
	return n.Validate()
}

// Node is an authority that stands alone.
type Node struct {
	cfg       node.Config
	lock      *durable.Lock
	documents *documents.Set
	authority *Authority
	library   node.Library
	transport link.Transport
	listener  link.Listener
	events    link.Counters
	clocks    link.Clocks // of those that it dialled
	metrics   *metrics.Page
	adrift    bool // the clock was said to be off; owned by the goroutine of documents.Run
}

// Open opens the authority in cfg.Home. Nothing moves before Run.
func Open(cfg Config) (*Node, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	home, err := node.OpenHome(cfg.Home)
	if err != nil {
		return nil, err
	}
	lock, err := home.Lock()
	if err != nil {
		return nil, fmt.Errorf("opening authority %s: %w", cfg.Home, err)
	}
	own := cfg.node()
	n := &Node{cfg: own.WithDefaults(), lock: lock}
	node.TellOpen(cfg.Home, n.cfg.Log)
	if err := n.assemble(home); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *Node) assemble(home *node.Home) (err error) {
	conns, handshakes := node.Quota(n.cfg.Log)
	n.transport, err = n.cfg.Transport(link.Config{
		Network: home.Genesis.ID(), Identity: home.Seed, FrameSize: FrameSize, Admit: n.admit,
		Known: n.knows, Counters: &n.events, Clocks: &n.clocks, Log: n.cfg.Log,
		MaxConns: conns, MaxHandshakes: handshakes,
		MaxConnsPerAddr: n.cfg.ConnsPerAddr(),
	})
	if err != nil {
		return err
	}
	files, err := documents.OpenFiles(home.Path("documents"))
	if err != nil {
		return err
	}
	follow := documents.Config{Genesis: home.Genesis, Store: files,
		Follow: documents.Node(home.Genesis, history), Log: n.cfg.Log,
		Clock: func() string { return node.ClockWords(n.clocks.Ahead(time.Now())) },
		// what was signed ahead of its time is an authority's to make good: it must run for that
		Behind: func(time.Time) bool { return false }}
	n.documents, err = documents.Open(follow.From(home.Identity.ID(), n.transport))
	if err != nil {
		return err
	}
	n.authority, err = New(Options{Home: home, Documents: n.documents, Log: n.cfg.Log,
		Dial: n.transport, Addr: n.cfg.Address}, time.Now())
	if err != nil {
		return err
	}
	n.library = node.Library{Documents: n.documents, Registry: n.authority,
		Founding: home.Genesis.Marshal()}
	n.metrics = metrics.New(n.cfg.Metrics, n.healthy, metrics.NewCounts(), &n.events,
		append(n.authority.Gauges(), n.clockGauge())...)
	return nil
}

func (n *Node) clockGauge() metrics.Metric {
	return metrics.Metric{Name: "murmur_clock_offset_seconds", Kind: metrics.State,
		Help: "How far the clocks of those that it dialled are ahead, their median.",
		Value: func() float64 {
			ahead, _ := n.clocks.Ahead(time.Now())
			return ahead.Seconds()
		}}
}

// compareClocks says once that this computer's clock is off by half a sub-round of echoes, from
// which on votes and signatures come too late, and that it is right again.
func (n *Node) compareClocks(now time.Time) {
	genesis := n.authority.Home.Genesis
	most := genesis.Parameters.EpochLength / 8 / time.Duration(2*(genesis.Fault+1))
	ahead, peers := n.clocks.Ahead(now)
	off := peers > 0 && ahead.Abs() > max(most, clockNoise)
	switch words := node.ClockWords(ahead, peers); {
	case off && !n.adrift:
		n.cfg.Log.Error("this computer's clock is off, and what this authority says comes at the "+
			"wrong time: set it", "clock", words)
	case !off && n.adrift:
		n.cfg.Log.Info("this computer's clock is right again", "clock", words)
	}
	n.adrift = off
}

// clockNoise is what clocks differ by where nothing is wrong but a slow link.
const clockNoise = 5 * time.Second

// FrameSize is that of the two kinds of links which an authority has.
func FrameSize(k link.Kind) int {
	switch k {
	case link.Directory:
		return query.FrameSize
	case link.Council:
		return council.FrameSize
	}
	return 0
}

func (n *Node) admit(peer link.PublicKey, k link.Kind) bool {
	switch k {
	case link.Directory:
		return n.library.Admits(peer)
	case link.Council:
		return n.authority.Admits(peer)
	}
	return false
}

// knows says whether the network depends on a peer.
func (n *Node) knows(peer link.PublicKey) bool {
	return n.authority.Admits(peer) || n.authority.Knows(peer)
}

// healthy tells why the authority does not do its work, or nil.
func (n *Node) healthy() error {
	if n.documents.Current() == nil {
		return errors.New("no network document is in force: too few authorities agree on one")
	}
	return nil
}

// Listen binds the addresses, so that whoever says where the authority runs says what is so. Run
// does it if it was not done.
func (n *Node) Listen() (err error) {
	if n.listener == nil {
		n.listener, err = n.transport.Listen(n.cfg.Listen) // the error names the address itself
	}
	if err != nil {
		return err
	}
	return n.metrics.Listen()
}

// Alive returns once the roster has answered; an authority that hangs never does.
func (n *Node) Alive() { n.authority.Knows(link.PublicKey{}) }

// Run serves until ctx ends.
func (n *Node) Run(ctx context.Context) error {
	if err := n.Listen(); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return n.authority.Run(ctx) })
	group.Go(func() error { return n.documents.Run(ctx, reader{n}) })
	group.Go(func() error { return n.metrics.Run(ctx) })
	group.Go(func() error {
		return node.Successions{Home: n.authority.Home, Transport: n.transport,
			Documents: n.documents, Log: n.cfg.Log}.Watch(ctx)
	})
	group.Go(func() error { return link.Serve(ctx, n.listener, n.serve) })
	return group.Wait()
}

// serve answers one link to its end, which is no error of the authority's.
func (n *Node) serve(ctx context.Context, conn link.Conn) {
	if conn.Kind() == link.Council {
		_ = n.authority.Serve(ctx, conn)
		return
	}
	_ = n.library.Serve(ctx, conn)
}

// Close gives the home back after Run, or instead of it.
func (n *Node) Close() error {
	var err error
	if n.listener != nil {
		err = n.listener.Close()
	}
	if n.metrics != nil {
		err = errors.Join(err, n.metrics.Close())
	}
	return errors.Join(err, n.lock.Close())
}

// reader is an authority that goes by no document, but makes the next one after it.
type reader struct{ *Node }

func (r reader) Use(now time.Time, doc *directory.Document) error {
	r.compareClocks(now)
	r.cfg.Log.Info("network document in force", "epoch", doc.Epoch, "nodes", len(doc.Nodes))
	r.authority.stir()
	return nil
}

func (r reader) Prepare(*directory.Document) error { r.authority.stir(); return nil }
func (r reader) Expire(time.Time)                  {}
