package des

import (
	"context"
	"fmt"
	"math"
	"time"

	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// engine is one run. Every field belongs to the one goroutine of Run.
type engine struct {
	cfg   Config
	now   int64
	start int64 // measuring begins
	end   int64 // measuring ends
	stop  int64 // at the latest

	steady   bool // links take constant time
	regions  int
	loopsFly bool // no client's loop is seen on its way or keeps others waiting

	queue *queue
	links lane // packets between nodes
	ups   lane // from clients
	downs lane // to clients
	dues  lane // of mixes' loops

	slots    clock // all clients' streams in one
	work     clock // all workloads in one
	mixLoops clock

	clients []client
	// Of all clients, and of the packets they send.
	offline, withMail, withSpool set
	payloadShare, loopShare      float64

	outbox  []item // arena of all outboxes
	outFree int32
	spools  []spoolItem
	spFree  int32

	posts     []post
	postFree  []int32
	published int64
	left      int // deliveries of measured posts and requests still to come
	friends   []int32
	members   []int32   // of all groups
	heard     [][]int32 // with Groups.Timeout: from whom each client heard, the last at the end
	popular   []float64 // cumulative weights of recipients

	bundles    []parcel
	bundleFree []int32

	requests []exchangeRecord
	reqFree  []int32

	places  []place
	reading []int32
	boxes   []box
	streams [][]int32 // boxes of each author

	mixFree []int64 // when each mix has served what waits for it
	inside  []int32 // packets in each mix
	census  int64   // when insides are looked at next

	loops  loopBook
	attack adversary

	tap     trace.Sink
	tapErr  error
	labels  trace.Labels
	busy    []int64 // since when, never if not busy
	untilNo int     // links until the next loss

	// Streams of random numbers, one per purpose, so that a change of one does not
	// shift another.
	onNet, onSlot, onWork, onLoop, onLoss, onLife *stat.Rand

	m measures
}

// Run simulates one replication. It fails on a bad configuration, on a tap that fails, and
// when ctx ends. It uses memory for what is in flight, not for what has passed.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	e := newEngine(cfg.withDefaults())
	for e.step() {
		if e.m.events&(1<<16-1) == 0 && ctx.Err() != nil {
			return nil, fmt.Errorf("simulating events: %w", context.Cause(ctx))
		}
	}
	if e.tapErr != nil {
		return nil, fmt.Errorf("tapping links: %w", e.tapErr)
	}
	return e.result(), nil
}

func newEngine(cfg Config) *engine {
	e := &engine{
		cfg:   cfg,
		start: int64(cfg.Warmup),
		end:   int64(cfg.Warmup + cfg.Duration),
		stop:  int64(cfg.Warmup + cfg.Duration + cfg.Drain),
		tap:   cfg.Tap, outFree: none, spFree: none,
	}
	for e.regions*e.regions < len(cfg.Regions) {
		e.regions++
	}
	e.steady = e.regions == 0 && cfg.LinkSpread == 0
	e.loopsFly = cfg.Retrieval != Exchange && cfg.OnlineFor == 0 && cfg.Tap == nil
	e.seed()
	e.queue = newQueue(1e9 / max(e.packetRate()*float64(e.stepsPerPacket()), 1))
	e.mixFree = make([]int64, cfg.nodes())
	e.inside = make([]int32, cfg.nodes())
	e.untilNo = e.nextLoss()
	e.m.init(e)
	e.initClients()
	e.initWork()
	e.initBoxes()
	e.initLoops()
	e.attack.init(e)
	return e
}

func (e *engine) seed() {
	c := &e.cfg
	stream := func(purpose string) *stat.Rand { return stat.Seed(c.Seed, c.Cell, c.Replication, 0, purpose) }
	e.onNet, e.onSlot, e.onWork = stream("des network"), stream("des slots"), stream("des work")
	e.onLoop, e.onLoss, e.onLife = stream("des mix loops"), stream("des loss"), stream("des sessions")
}

// packetRate is the number of packets that all clients send in a second while online.
func (e *engine) packetRate() float64 {
	c := &e.cfg
	rate := perSecond(c.PayloadEvery) + perSecond(c.LoopEvery) + perSecond(c.DropEvery)
	return rate * float64(c.Clients) * float64(e.bundleSize())
}

// stepsPerPacket guesses how many events in the wheel a packet makes.
func (e *engine) stepsPerPacket() int {
	if e.cfg.Hops {
		return e.cfg.Layers + 1
	}
	return 1
}

// perSecond is the rate of something that happens every d; never for zero.
func perSecond(d time.Duration) float64 {
	if d == 0 {
		return 0
	}
	return 1 / d.Seconds()
}

// clock is a Poisson process: a rate and the time of its next event.
type clock struct {
	mean float64 // nanoseconds between events
	next int64
	rng  *stat.Rand
}

func newClock(rate float64, rng *stat.Rand) clock {
	c := clock{mean: 1e9 / rate, next: never, rng: rng}
	if rate > 0 {
		c.next = 0
		c.advance()
	}
	return c
}

func (c *clock) advance() {
	c.next += int64(math.Round(c.mean * c.rng.Exp()))
}

// step does the next thing that happens; it reports false when the run is over.
func (e *engine) step() bool {
	t := min(e.slots.next, e.work.next, e.mixLoops.next)
	t = min(t, e.links.peek(), e.ups.peek(), e.downs.peek())
	t = min(t, e.dues.peek())
	// No source at all: the wheel alone decides.
	if w := e.queue.peek(t); w < t {
		t = w
	}
	if t >= e.end && (e.left == 0 || t >= e.stop) || e.tapErr != nil {
		return false
	}
	e.now = t
	e.m.events++
	if t >= e.census {
		e.takeCensus()
	}
	switch t {
	case e.slots.next:
		e.slots.advance()
		e.slot()
	case e.links.peek():
		e.handle(e.links.pop())
	case e.ups.peek():
		e.handle(e.ups.pop())
	case e.downs.peek():
		e.handle(e.downs.pop())
	case e.work.next:
		e.work.advance()
		e.arise()
	case e.mixLoops.next:
		e.mixLoops.advance()
		e.sendMixLoop()
	case e.dues.peek():
		e.handle(e.dues.pop())
	default:
		e.handle(e.queue.pop())
	}
	return true
}

func (e *engine) handle(ev event) {
	switch ev.kind {
	case atNode:
		e.arrive(ev)
	case leaves:
		e.leave(ev)
	case spooled:
		e.spool(ev)
	case atClient:
		e.receive(ev)
	case pulled:
		e.pull(ev.src)
	case expired:
		e.expire(ev)
	case toggled:
		e.toggle(ev)
	case copied:
		e.boxes[ev.ref].stored[ev.aux] = min(e.now, e.boxes[ev.ref].stored[ev.aux])
	case partDue:
		e.handOver(ev)
	case loopDue:
		e.judgeLoop(ev)
	}
}

// later schedules an event d nanoseconds from now.
func (e *engine) later(d int64, ev event) {
	ev.at = e.now + d
	e.queue.push(ev)
}

// measuring reports whether what arises now is measured.
func (e *engine) measuring() bool { return e.now >= e.start && e.now < e.end }
