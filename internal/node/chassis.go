package node

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/documents"
	"murmuration/internal/link"
	"murmuration/internal/node/metrics"
	"murmuration/internal/release"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
)

// Chassis is what every node has before it has a role: home, packet sizes, keys, documents, counts,
// and the means to open links. Once Open has returned it, all of that can be used; it does nothing
// by itself.
type Chassis struct {
	Home      *Home
	Params    *sphinx.Params
	Counts    *metrics.Counts
	Events    *link.Counters // what happened to links
	Clocks    *link.Clocks   // of the nodes that this one dialled
	Documents *documents.Set

	cfg       Options
	buffers   *buffers
	allowance *allowance
	keys      *keyring
	transport link.Transport
	lock      interface{ Close() error }

	services map[link.Kind]Service                       // set before anybody listens
	senders  atomic.Pointer[map[link.PublicKey]struct{}] // that packets are taken from
	// that the node leaves, and takes no more boxes; nil: never. Set before anything runs
	retiring func() bool
	// received when the node described itself last; owned by the goroutine of announcer.run
	packets uint64
}

// Options are the operator's choices and what a role fixes about a node.
type Options struct {
	Config
	Role    directory.Role
	Storing bool // the node keeps boxes
	// Reasons are all for which the role drops packets.
	Reasons []transit.Reason
	// History is how many epochs documents are kept beyond what the node itself needs, for those
	// who ask.
	History directory.Epoch
	// Conns is how many links the role takes in at one time; 0 is the default of links.
	Conns int
	// Files is how many files the role has open beside those of every node, at most.
	Files int
}

// Open opens the node's home and takes its lock.
func Open(o Options) (*Chassis, error) {
	if err := o.Config.Validate(); err != nil {
		return nil, err
	}
	o.Config = o.Config.WithDefaults()
	home, err := OpenHome(o.Home)
	if err != nil {
		return nil, err
	}
	TellOpen(o.Home, o.Log)
	lock, err := home.Lock()
	if err != nil {
		return nil, fmt.Errorf("opening node %s: %w", o.Home, err)
	}
	c := &Chassis{
		Home: home, Counts: metrics.NewCounts(o.Reasons...), Events: &link.Counters{},
		Clocks: &link.Clocks{},
		cfg:    o, lock: lock, services: map[link.Kind]Service{},
	}
	if err := c.assemble(time.Now()); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Chassis) assemble(now time.Time) (err error) {
	genesis := c.Home.Genesis
	if c.Params, err = genesis.Parameters.PacketParams(); err != nil {
		return err
	}
	c.buffers = newBuffers(c.Params.PacketSize())
	c.allowance = newAllowance(c.cfg.MaxMbit, c.Params.PacketSize())
	quota := c.quota()
	c.transport, err = c.cfg.Transport(link.Config{
		Network: genesis.ID(), Identity: c.Home.Seed, FrameSize: c.FrameSize, Admit: c.admit,
		Known: c.knows, Room: c.room, Counters: c.Events, Clocks: c.Clocks, Log: c.cfg.Log,
		MaxConns: quota.conns, MaxHandshakes: quota.handshakes,
		MaxConnsPerAddr: c.cfg.ConnsPerAddr(),
	})
	if err != nil {
		return err
	}
	c.keys, err = openKeyring(keyringConfig{
		Dir: c.Home.Path("keys"), Suite: c.Params.Suite(), Epochs: genesis.Schedule(),
		Grace: genesis.Parameters.Grace, Capacity: c.cfg.PacketsPerEpoch,
	}, now)
	if err != nil {
		return err
	}
	return c.openDocuments()
}

// openDocuments takes up the network documents.
func (c *Chassis) openDocuments() error {
	genesis := c.Home.Genesis
	files, err := documents.OpenFiles(c.Home.Path("documents"))
	if err != nil {
		return err
	}
	cfg := documents.Config{
		Genesis: genesis, Store: files, Follow: documents.Node(genesis, c.cfg.History),
		Clock:  func() string { return ClockWords(c.Clocks.Ahead(time.Now())) },
		Behind: c.behind, Log: c.cfg.Log,
	}
	c.Documents, err = documents.Open(cfg.From(c.Home.Identity.ID(), c.transport))
	return err
}

// behind says that this computer's clock is behind those of others by so much that it is in an
// epoch that is over.
func (c *Chassis) behind(now time.Time) bool {
	ahead, _ := c.Clocks.Ahead(now)
	return ahead > c.Home.Genesis.Parameters.EpochLength/2
}

// Transport opens links as this node.
func (c *Chassis) Transport() link.Transport { return c.transport }

// Close gives the home back. It is idempotent, and for a node that is not running.
func (c *Chassis) Close() error {
	var err error
	if c.keys != nil {
		err = c.keys.close()
	}
	return errors.Join(err, c.lock.Close())
}

// describe makes the node's descriptor whose keys begin with epoch e.
func (c *Chassis) describe(e directory.Epoch) (*directory.Descriptor, error) {
	received, _ := c.Counts.Totals()
	d := &directory.Descriptor{
		Network: c.Home.Genesis.ID(), ID: c.Home.Identity.ID(), Role: c.cfg.Role, Name: c.cfg.Name,
		Addr:  c.cfg.Address,
		Epoch: e, Storing: c.cfg.Storing && (c.retiring == nil || !c.retiring()),
		Capacity: uint64(c.allowance.capacity(c.cfg.PacketsPerEpoch,
			c.Home.Genesis.Parameters.EpochLength)),
		Packets: received - c.packets, Family: c.cfg.Family,
		Serial:  uint64(time.Now().UnixNano()),
		Version: release.Version,
	}
	c.packets = received
	if d.Name == "" {
		d.Name = fmt.Sprintf("node-%x", d.ID[:4])
	}
	for i := range d.Keys {
		key, err := c.keys.public(e + directory.Epoch(i))
		if err != nil {
			return nil, err
		}
		d.Keys[i] = key
	}
	if err := d.GiveTokens(c.Home.Identity, c.Home.Genesis.Schedule()); err != nil {
		return nil, err
	}
	d.Sign(c.Home.Identity)
	return d, nil
}
