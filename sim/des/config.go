package des

import (
	"time"
	"unsafe"

	"murmuration/internal/protocol"
	"murmuration/sim/des/wheel"
	"murmuration/sim/trace"
)

// Config says what to simulate. Zero means what each comment says; where none is said, zero
// means that the thing does not exist.
type Config struct {
	// Seed, Cell and Replication name the sources of random numbers (stat.Seed).
	Seed, Cell, Replication uint64

	// Warmup is simulated first and not measured. Duration is what follows; messages
	// given to clients in it are measured. Drain is how much longer at most the run goes
	// on for those that are still under way.
	Warmup, Duration, Drain time.Duration

	Clients   int // at least 1
	Providers int // layer 0 of the ring; client c uses provider c mod Providers
	Layers    int // of mixes, 1 to 6
	Width     int // mixes in each layer

	// MeanHop is the mean delay 1/μ at each hop that delays. DelayCap bounds a delay, in
	// multiples of the mean: the sender draws again above it; zero means no bound.
	MeanHop  time.Duration
	DelayCap float64
	// EntryDelay and ExitDelay say whether the first and the last provider delay as mixes
	// do: both in our protocol, the first in the Rollercoaster artefact, none in Loopix.
	EntryDelay, ExitDelay bool

	// Link is the time between two nodes, ClientLink that between a client and its
	// provider. Loss is the share of packets that each link loses, clients' included.
	Link, ClientLink time.Duration
	Loss             float64
	// LinkSpread draws the time of each packet between two nodes uniformly from
	// Link±LinkSpread. Regions, n by n row by row, replaces Link by the time from the region
	// of one node to that of the other; node i lies in region i mod n. Constant times are
	// the fastest to simulate.
	LinkSpread time.Duration
	Regions    []time.Duration

	// PayloadEvery, LoopEvery and DropEvery are the mean times 1/λP, 1/λL, 1/λD between
	// packets of the three streams of one client.
	PayloadEvery, LoopEvery, DropEvery time.Duration
	// NoCover leaves a payload slot empty when there is nothing to say. With no loop and drop
	// streams this is the network without cover that attacks need as their control.
	NoCover bool
	// BuildAhead says that a client builds the packet of a slot when the slot before it is over,
	// whatever stream it is of: what is wanted in between waits for the slot after. Our clients do.
	BuildAhead bool

	Retrieval  Retrieval
	PullEvery  time.Duration // for Pull
	SpoolLimit int           // packets a provider keeps per client

	// OnlineFor and OfflineFor are the means of exponential sessions and absences. Without
	// them all are always online.
	OnlineFor, OfflineFor time.Duration

	// Service is the time a mix needs for one packet, Queue how many may wait for it; a
	// packet that finds the queue full is dropped. Zero Service is infinite speed.
	Service time.Duration
	Queue   int

	// MixLoopEvery is the mean time 1/λM between loops of one mix. A loop that is not back
	// after MixLoopTimeout is lost; zero means twelve mean delays and the links.
	MixLoopEvery, MixLoopTimeout time.Duration

	Messages Messages
	Requests Requests
	Groups   Groups
	Boxes    Boxes
	// Bulletins is how readers learn of boxes; with none of them they poll Boxes.Watched.
	Bulletins Bulletins
	Attacks   []Attack

	// Hops simulates each hop of each packet. It is implied by what looks at hops (a tap,
	// Service, Attacks); without it the hops of a packet are drawn at once, because
	// Poisson mixes of infinite speed do not make packets wait for each other.
	Hops bool

	// Tap takes what a watcher of all links sees. PacketSize is for the tap and bandwidth,
	// in bytes. TapClients leaves out the links between nodes.
	Tap        trace.Sink
	TapClients bool
	// Labels keeps the truth for scorers in memory: who wrote to whom and was busy when,
	// and with a tap 8 bytes per event for what each packet was.
	Labels     bool
	PacketSize int
	// Coalition keeps in memory what providers see together of clients and of posts' boxes.
	Coalition bool

	// Samples bounds the raw samples kept of each quantity; more are thinned evenly
	// (reservoir). Zero means 100,000.
	Samples int
}

// Retrieval is how packets get from a client's spool to the client.
type Retrieval uint8

const (
	Push     Retrieval = iota // at once, when they arrive (Loopix's measurements)
	Pull                      // all of them, every PullEvery (Loopix, Rollercoaster)
	Exchange                  // one with each packet that the client sends (our protocol)
)

// Messages is the workload of messages from client to client.
type Messages struct {
	Every   time.Duration // mean time between messages of one client
	Friends int           // size of each client's fixed set of recipients; zero is everybody
	// FriendsOf is how many clients, the first ones, have friends, while the others write to
	// everybody; zero is all.
	FriendsOf int
	Zipf      float64 // recipients by rank^-Zipf, when Friends is zero; zero is uniform
	Senders   int     // clients 0..Senders-1 write; zero is all
}

// Requests is the workload of round trips from a client to a random provider: sent in
// payload slots, answered through a reply block, sent again when lost.
type Requests struct {
	Every time.Duration // mean time between requests of one client
	Tries int           // most attempts, of boxes' writes too
}

// Strategy is how a post reaches its group.
type Strategy uint8

const (
	Unicast       Strategy = iota // the author sends to each member in turn
	Rollercoaster                 // members who have it send it on (USENIX Security 2021)
	PublishOnce                   // boxes, which readers learn of (ours; needs Boxes or Bulletins)
)

// Groups is the workload of posts to groups. Clients are dealt to groups in order, so
// that group g has the clients from g*Size on; if there are not enough of them for that,
// each group's members are drawn from all, and a client may be in several.
type Groups struct {
	Count, Size int
	Every       time.Duration // mean time between posts of one group
	Strategy    Strategy
	Burst       int // posts that an author makes at once, zero means 1
	// Fanout is k of Rollercoaster, the children per round. Bundle is its p: packets
	// leave p at a time in one that splits behind the second mix, and the streams are p
	// times as fast; zero and 1 are none.
	Fanout, Bundle int
	// Timeout makes Rollercoaster fault-tolerant: the author hands the part of a member that
	// has not acknowledged to another, after so many times the expected time. Zero is never.
	// LateIdle excuses members who were offline when their copy came from helping.
	Timeout  float64
	LateIdle bool
	// Heavy is the share of members, the first of each group, who write HeavyWeight times as
	// often as the others.
	Heavy       float64
	HeavyWeight float64
	Writers     int // members 0..Writers-1 post; zero is all
}

// Boxes is our storage protocol. With Watched above zero, loop slots and a share of the
// payload slots read watched boxes, and the other payload slots carry requests.
type Boxes struct {
	Watched   int           // places of a client's watched set, at most 64
	PollShare float64       // of the payload slots
	AgeScale  time.Duration // weight of a place is 1/(1+age/AgeScale)
	AgeCap    time.Duration // beyond it the weight falls no more
	DecoyLife time.Duration // mean life of a place without a real stream
	Allowance time.Duration // fixed time for executing a request
	Replicate time.Duration // until the second holder has a box
}

// Bulletins is our storage protocol: providers list in signed bulletins what they got, every client
// reads those of all, and fetches what it follows and a share of the rest.
type Bulletins struct {
	Every      time.Duration // length of a bulletin slot; zero is a network without bulletins
	Hold       time.Duration // mean of what an author lets holders wait before they list a box
	FetchDelay time.Duration // mean wait of a live fetch after its bulletin was read
	FetchLoad  float64       // share of a client's work that fetches for the crowd
	// WritesPerDay is how many boxes of cover a client writes while online; what it posts
	// takes the place of as many.
	WritesPerDay int
	CatchUp      time.Duration // window in which missed boxes are fetched
	StreamPerDay int           // boxes of one author and day that followers fetch live; zero: all
	Retention    time.Duration // age of the oldest boxes that a decoy asks for

	// SlowDelay is the mean of what a slow write waits in one mix out and in one back. None
	// leaves with the keys of an Epoch in its last SlowQuiet. SlowPosts is the share of posts
	// that are slow; of cover it is a half.
	SlowDelay, SlowQuiet, Epoch time.Duration
	SlowPosts                   float64

	// PhotoShare of the posts have a photo of so many boxes, which follow in the same stream.
	PhotoBoxes int
	PhotoShare float64
	// AwaitStored lets a box wait until the one before it in its run is acknowledged.
	AwaitStored bool

	// Withhold keeps the bulletin of each post that long from one client, a reader or not by an
	// even coin, as its first provider could.
	Withhold time.Duration
	// Fork shows each post to one client in bulletins that are signed for it alone, a reader or not
	// by an even coin, and lists it for everybody else so much later.
	Fork time.Duration
	// Baits is the mean time between two entries that providers list for one group's members though
	// nobody wrote such a box.
	Baits time.Duration
	// Without leaves out rules, as the control of an attack.
	Without Rules

	// ReplyBody is what a reply takes of a frame, in bytes; the rest carries bulletins.
	ReplyBody int
}

// AttackKind is what an active adversary does with a packet on a link.
type AttackKind uint8

const (
	Drop      AttackKind = iota // drops a share of the packets
	Delay                       // holds a share of them back for Delay
	Replay                      // sends a share of them twice
	Trickle                     // lets through at most one per Delay, drops the rest
	NMinusOne                   // drops all but the target's and a share of the others
)

// Attack is an adversary on the links into one node.
type Attack struct {
	Kind  AttackKind
	Node  int     // number of the attacked node: providers first, then mixes by layer
	From  int     // node or -1: only on the link from that node, or on all links
	Share float64 // of packets; for NMinusOne the share of others let through
	Delay time.Duration
	// Target is the client whose packets NMinusOne lets through.
	Target int
	// Start and End are times since the start of the run; zero End is its end.
	Start, End time.Duration
}

// nodes returns the number of providers and mixes.
func (c *Config) nodes() int { return c.Providers + c.Layers*c.Width }

// mix returns the node number of a mix; layers count from 1.
func (c *Config) mix(layer, index int) int {
	return c.Providers + (layer-1)*c.Width + index
}

// Parties returns how a tap numbers nodes and clients.
func (c *Config) Parties() trace.Parties {
	return trace.Parties{Nodes: int32(c.nodes()), Clients: int32(c.Clients)}
}

// Polls is how many watched boxes a client asks for a second where it polls: with a share of the
// payload slots, and in every loop.
func Polls(share float64, payload, loop time.Duration) float64 {
	return share*protocol.Streams{Payload: payload}.PerSecond() +
		protocol.Streams{Loop: loop}.PerSecond()
}

// streams are those of a client.
func (c *Config) streams() protocol.Streams {
	return protocol.Streams{
		Payload: c.PayloadEvery, Loop: c.LoopEvery, Drop: c.DropEvery,
	}
}

// workRate is how many requests a client sends a second where nothing polls.
func (c *Config) workRate() float64 { return perSecond(c.PayloadEvery) + perSecond(c.LoopEvery) }

// boxed reports whether there are boxes.
func (c *Config) boxed() bool { return c.Boxes.Watched > 0 || c.Bulletins.Every > 0 }

// packetRate is the number of packets that all clients send in a second while online.
func (c *Config) packetRate() float64 {
	return c.streams().PerSecond() * float64(c.Clients) * float64(c.bundleSize())
}

// stepsPerPacket guesses how many events in the wheel a packet makes.
func (c *Config) stepsPerPacket() int {
	if c.Hops {
		return c.Layers + 1
	}
	return 1
}

func or[T int | float64 | time.Duration](v, standard T) T {
	if v == 0 {
		return standard
	}
	return v
}

// complete fills in what follows from other fields.
func (c Config) complete() Config {
	c.Samples = or(c.Samples, 100_000)
	c.MixLoopTimeout = or(c.MixLoopTimeout, 12*c.MeanHop+time.Duration(c.Layers+1)*c.Link)
	c.Hops = c.Hops || c.Service > 0 || len(c.Attacks) > 0 || c.Tap != nil && !c.TapClients
	return c
}

// Memory estimates the bytes that a run needs at most: what is fixed per client and node,
// and what is in flight in the long run. Queues that grow without bound, because more is
// wanted than there are slots for, are not foreseen.
func (c Config) Memory() int64 {
	c = c.complete()
	perClient := float64(unsafe.Sizeof(ends{})+unsafe.Sizeof(spoolOf{})) + 1
	if c.Boxes.Watched > 0 {
		perClient += float64(c.Boxes.Watched)*float64(unsafe.Sizeof(place{})) +
			float64(c.authorsWaiting())*8 + 24
		// A poll's record lives until its timer runs out, about three times its way.
		polls := Polls(c.Boxes.PollShare, c.PayloadEvery, c.LoopEvery)
		life := 3 * (9*c.MeanHop.Seconds() + float64(c.margin())/1e9)
		perClient += polls * life * float64(unsafe.Sizeof(awaited{})+unsafe.Sizeof(event{}))
	}
	perClient += float64(c.Messages.Friends) * 4
	fixed := c.bulletinMemory()
	way := float64(protocol.PathHops(c.Layers))*c.MeanHop.Seconds() +
		float64(c.Layers+1)*c.Link.Seconds()
	flying := c.packetRate() * way * 1.5 * float64(unsafe.Sizeof(event{}))
	samples := float64(c.Samples) * 8 * float64(len(new(measures).series()))
	fixed += float64(unsafe.Sizeof(wheel.Wheel{})) + float64(c.nodes())*16
	return int64(perClient*float64(c.Clients) + flying + samples + fixed)
}

// BenchConfig is the network that `murmur sim bench` measures the engine with: our default
// delays and exchanges, clients who send one packet a second in three streams and write a
// message every half minute, links of 50 ms.
func BenchConfig(clients int, hops bool) Config {
	return Config{
		Seed: 1, Warmup: 30 * time.Second, Duration: time.Hour, Drain: time.Nanosecond,
		Clients: clients, Providers: max(3, clients/1000), Layers: 3, Width: max(3, clients/1000),
		MeanHop: 2 * time.Second, DelayCap: 10, EntryDelay: true, ExitDelay: true,
		Link: 50 * time.Millisecond, ClientLink: 30 * time.Millisecond,
		PayloadEvery: 2 * time.Second, LoopEvery: 6 * time.Second, DropEvery: 3 * time.Second,
		Retrieval: Exchange, SpoolLimit: 64, MixLoopEvery: 10 * time.Second,
		Messages: Messages{Every: 30 * time.Second}, Hops: hops,
	}
}
