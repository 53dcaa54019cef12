// Package world is a whole network in one piece of memory and in virtual time: real relays, edges
// and box services, the voters of the directory, and senders, joined by one event heap and no
// socket. One seed gives one trace, byte for byte.
//
// A world is made by [New] from a [Config], or by a [Script] from lines of text, and lives in
// [World.Run]. What it shows to a watcher goes to sinks of package trace. Faults (loss, liars,
// crashes with and without the disk, partitions, full disks, wrong clocks, absence) are calls and
// lines.
//
// docs/world.md says what is real in it and what is not: between two cores there are no drivers, so
// nothing takes time but what the cores ask for and what links take. The package must not decide
// anything that a node or a client decides: it hands packets, documents and times to the cores, and
// carries what they give back.
//
// Its seventeen files stay together because each thing that a core meets (a node, a person, a
// holder, the council, links with faults) acts on the time, seeds and trace of the one world:
// split, they would have to export all of these to each other.
package world

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"murmuration/client/person"
	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
	"murmuration/provider"
	"murmuration/sim/trace"
)

// Config says what world to make. Only Network is required.
type Config struct {
	// Seed gives the whole trace.
	Seed uint64
	// Network names the nodes.
	Network Network
	// Parameters are the genesis's; zero means Quick. Their Layers are those of Network, and their
	// Grace follows from the epoch.
	Parameters directory.Parameters
	// Start is that of epoch 0; zero means the first of June 2026, noon.
	Start time.Time
	// Authorities is how many of the providers vote, the first ones; zero means one. Several need
	// the whole epoch 0 to make the first document, so that New then returns in epoch 1.
	Authorities int
	// Cold has New return before anybody has handed in a descriptor; there can be no people yet.
	Cold bool
	// Null takes packets of the same sizes without cryptography.
	Null bool
	// Link is the time between two nodes, ClientLink between a person and their provider; a
	// negative one means none, zero Link means 5 ms.
	Link, ClientLink time.Duration
	// Loss is the share of packets that each link loses, people's included.
	Loss float64
	// Limits are every provider's; zero means enough for any test, with PerSpool replies that wait
	// for one person (zero: 64).
	Limits   provider.Limits
	PerSpool int
	// Pool is the most packets that a mix holds, and Tags the most replay tags of one key that are
	// expected; more of them cost time, and nothing else.
	Pool, Tags int
	// Spread delays a message between authorities by up to so much, at random.
	Spread time.Duration
	// Barren are the providers that keep no boxes.
	Barren []string
	// NoLoops leaves out mixes' own loops.
	NoLoops bool
	// AtSlot has senders build a packet when its slot comes. Drivers build it as soon as the slot
	// before it is over, so that what is wanted in between waits for the slot after.
	AtSlot bool
	// Turn is how often people look at the clock; zero: as drivers do. Worlds of weeks are cheaper
	// if they do it seldom.
	Turn time.Duration
	// NoCover has people write no cover, and empty boxes at once: what would be seen then.
	NoCover bool
	// Tap takes what a watcher of all links sees.
	Tap trace.Sink
	// Told takes a line for whatever is worth telling of people, drops and the directory; nil tells
	// nobody.
	Told func(at time.Time, kind, line string)
}

// Network is the names of its nodes: providers, which are layer 0, and the mixes of each layer.
type Network struct {
	People    []string // who joins at once, the i-th at provider i modulo their number
	Providers []string
	Layers    [][]string
}

// Quick are parameters of short epochs: nine capped delays fit into an eighth of 8 s.
func Quick() directory.Parameters {
	par, err := directory.Defaults("x25519")
	if err != nil {
		panic(err) // the name is constant
	}
	const ms = time.Millisecond
	par.MeanHopDelay, par.HopDelayLimit, par.ReplyAllowance = 20*ms, 100*ms, 50*ms
	par.PayloadEvery, par.LoopEvery, par.DropEvery = 250*ms, time.Second, 500*ms
	par.MixLoopEvery, par.ReplicateEvery = time.Second, 20*ms
	par.EpochLength, par.Grace = 8*time.Second, 2*time.Second
	par.BulletinEvery, par.Hold, par.FetchDelay = 500*ms, 0, 200*ms
	par.CatchUp, par.SlowDelay = 10*time.Second, 50*ms
	par.WriteTokens = 0 // who only speaks and listens has none
	return par
}

// World is a network and the time in it. Everything in it belongs to the one goroutine of Run.
type World struct {
	agenda
	cfg     Config
	genesis *directory.Genesis
	params  *sphinx.Params
	unwrap  *sphinx.Unwrapper
	seeds   seeds

	nodes   []*Node // providers first, then the mixes by layer
	byID    map[directory.NodeID]*Node
	byName  map[string]*Node
	council *council
	people  []*Person

	spools map[sphinx.SURBID]int64 // with Spooled: when replies come into their spools
	drops  map[string]int
	hops   int64
	// listing, if set, is told of every box that a provider lists.
	listing func(box.ID)

	frame []byte // of the last down frame

	seen    []transit.Seen // memory of calls to cores
	out     []transit.Departure
	refused []transit.Reason

	// Links are those between nodes, with what is wrong with them.
	Links *Links

	// HandIn, if set, says whether a node's descriptor reaches an authority.
	HandIn func(node, authority *Node) bool
	// Arrived and Left, if set, are told of every packet that a node opens or makes, with the time
	// that it is to stay beyond its delay, and of every one that leaves it. Packets are known by
	// their memory.
	Arrived func(n *Node, packet []byte, extra time.Duration)
	Left    func(n *Node, packet []byte)
	// Spooled, if set, is told how long each reply waited for its client.
	Spooled func(wait time.Duration)
}

// New makes the network, its first document, and lets its people join.
func New(cfg Config) (*World, error) {
	w := &World{
		cfg: cfg, seeds: seeds(cfg.Seed), agenda: agenda{start: cfg.Start},
		byID: map[directory.NodeID]*Node{}, byName: map[string]*Node{},
		spools: map[sphinx.SURBID]int64{}, drops: map[string]int{},
	}
	if err := w.complete(); err != nil {
		return nil, err
	}
	w.Links = newLinks(w)
	w.council = &council{w: w, docs: map[directory.Epoch]*published{}}
	w.makeNodes()
	if err := w.council.found(); err != nil {
		return nil, fmt.Errorf("making a world: %w", err)
	}
	for i, name := range w.cfg.Network.People {
		if _, err := w.join(name,
			w.cfg.Network.Providers[i%len(w.cfg.Network.Providers)]); err != nil {
			return nil, err
		}
	}
	return w, w.err
}

// complete fills in what zero stands for, and refuses what cannot be.
func (w *World) complete() (err error) {
	c := &w.cfg
	if c.Parameters == (directory.Parameters{}) {
		c.Parameters = Quick()
	}
	c.Parameters.Layers = len(c.Network.Layers)
	c.Parameters.Grace = protocol.KeyGrace(c.Parameters.EpochLength)
	if w.start.IsZero() {
		w.start = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	}
	c.Authorities = max(1, c.Authorities)
	if c.Link == 0 {
		c.Link = 5 * time.Millisecond
	}
	c.Link, c.ClientLink = max(0, c.Link), max(0, c.ClientLink)
	if c.Limits == (provider.Limits{}) {
		c.Limits = provider.Limits{
			Packets: 1 << 20, Replies: 1 << 20, Spools: 1 << 20, PerSpool: cmp.Or(c.PerSpool, 64),
			SpoolAge: 10 * time.Minute, SpoolIdle: 7 * 24 * time.Hour, SpooledTotal: 1 << 20,
		}
	}
	c.Turn = cmp.Or(c.Turn, person.TurnEvery)
	if c.Pool == 0 {
		c.Pool = 1 << 20
	}
	if c.Tags == 0 {
		c.Tags = 1000
	}
	if len(c.Network.Providers) < c.Authorities {
		return fmt.Errorf("making a world: %d providers, and %d of them vote",
			len(c.Network.Providers), c.Authorities)
	}
	if w.params, err = c.Parameters.PacketParams(); err != nil {
		return fmt.Errorf("making a world: %w", err)
	}
	if c.Null {
		w.params = sphinx.NullParams(w.params)
	}
	w.unwrap = sphinx.NewUnwrapper(w.params)
	w.frame = make([]byte, w.params.PacketSize()+protocol.ExchangeOverhead)
	return nil
}

// Genesis is the network's.
func (w *World) Genesis() *directory.Genesis { return w.genesis }

// Params are the packets' sizes.
func (w *World) Params() *sphinx.Params { return w.params }

// tell says what happened, to whoever listens.
func (w *World) tell(kind, format string, args ...any) {
	if w.cfg.Told != nil {
		w.cfg.Told(w.Now(), kind, fmt.Sprintf(format, args...))
	}
}

// Drops counts the packets that were thrown away, by reason.
func (w *World) Drops() map[string]int { return w.drops }

// Hops is how many packets have reached nodes.
func (w *World) Hops() int64 { return w.hops }

// Nodes are the providers, then the mixes by layer: the order of their numbers in a trace.
func (w *World) Nodes() []*Node { return w.nodes }

// Node finds one by its name; nil if there is none.
func (w *World) Node(name string) *Node { return w.byName[name] }

// NodeOf finds one by its identity; nil if there is none.
func (w *World) NodeOf(id directory.NodeID) *Node { return w.byID[id] }

// People are those who have joined.
func (w *World) People() []*Person { return w.people }

// Person finds one by name; nil if there is none.
func (w *World) Person(name string) *Person {
	for _, p := range w.people {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// watch shows a frame or packet to the tap.
func (w *World) watch(from, to int32, size int) {
	if w.cfg.Tap == nil {
		return
	}
	if err := w.cfg.Tap.Add(trace.Event{At: w.now, From: from, To: to,
		Size: int32(size)}); err != nil {
		w.fail("tapping links: %w", err)
	}
}

// seeds is the seed of a world, from which every stream of random numbers is found by its name:
// none shifts another.
type seeds uint64

// of is the seed of a purpose of one thing.
func (s seeds) of(purpose, name string, n uint64) [32]byte {
	text := binary.LittleEndian.AppendUint64(nil, uint64(s))
	text = append(append(text, purpose...), 0)
	text = binary.LittleEndian.AppendUint64(append(text, name...), n)
	return sha256.Sum256(text)
}

func (s seeds) source(purpose, name string) *rand.ChaCha8 {
	return rand.NewChaCha8(s.of(purpose, name, 0))
}

func (s seeds) rand(purpose, name string) *rand.Rand { return rand.New(s.source(purpose, name)) }
