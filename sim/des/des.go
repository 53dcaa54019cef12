// Package des is level 2 of the simulator: a sequential engine of discrete events for
// whatever feeds back on itself — queues of clients, spools, polling readers, boxes,
// retransmission, mixes of finite speed, group posting, active adversaries.
//
// One run is one replication: a pure function of its Config. It uses one goroutine and
// no clock; whoever wants both cores runs two replications. Packets are not built, only
// accounted for. Waiting clients cost nothing: the Poisson streams of all clients are
// superposed into one, and the client whose slot it is is drawn when the slot comes.
//
// Its files are many because its parts are: each has its own state and its methods to itself, and
// the engine hands it the events that are for it.
//
// This package must not know scenario files, nor import the code of real nodes.
package des

import (
	"context"
	"fmt"
	"math"
	"time"

	"murmuration/sim/des/wheel"
	"murmuration/sim/stat"
)

// engine is one run: its parts, and the order in which things happen to them. Each part owns its
// fields, which only its own methods change, and reaches the others through the engine. All belong
// to the one goroutine of Run.
type engine struct {
	cfg   Config
	now   int64
	start int64 // measuring begins
	end   int64 // measuring ends
	stop  int64 // at the latest
	left  int   // deliveries of measured posts and requests still to come

	wheel    *wheel.Wheel
	clients  clients  // their slots, and who is online
	outboxes outboxes // what clients want to send
	bundles  bundles  // packets that leave a client as one
	routes   routes   // which nodes a packet passes, and how long each delays it
	links    links    // packets between two nodes, or a client and its provider
	nodes    nodes    // what providers and mixes do with a packet
	spools   spools   // packets that wait for their clients
	mixLoops mixLoops // of mixes to themselves, and their alarms
	requests requests // of clients to providers, and the answers
	boxes    boxes    // written ones at their holders
	watched  watched  // places in which clients poll
	board    board    // what providers have listed in bulletins
	readers  readers  // how far clients have read in bulletins, and what they follow there
	fetches  fetches  // of clients, for themselves and as the crowd of others
	runs     runs     // of boxes that clients write, real or cover
	forks    forks    // bulletins that are signed for one client alone
	baits    baits    // entries of boxes that nobody wrote
	posts    posts    // messages on their way
	groups   groups   // who is in them, and how posts spread in them
	recovery recovery // of a post from members who are absent
	work     work     // what people want
	attack   adversary
	tap      tap     // what a watcher sees, and the truth for scorers
	seen     insight // what providers see together
	m        measures
}

// Run simulates one replication. It fails on a bad configuration, on a tap that fails, and
// when ctx ends. It uses memory for what is in flight, not for what has passed.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	e := newEngine(cfg.complete())
	for e.step() {
		if e.m.events&(1<<16-1) == 0 && ctx.Err() != nil {
			return nil, fmt.Errorf("simulating events: %w", context.Cause(ctx))
		}
	}
	if e.tap.err != nil {
		return nil, fmt.Errorf("tapping links: %w", e.tap.err)
	}
	return e.result(), nil
}

func newEngine(cfg Config) *engine {
	e := &engine{
		cfg:   cfg,
		start: int64(cfg.Warmup),
		end:   int64(cfg.Warmup + cfg.Duration),
		stop:  int64(cfg.Warmup + cfg.Duration + cfg.Drain),
	}
	e.wheel = wheel.New(1e9 / max(cfg.packetRate()*float64(cfg.stepsPerPacket()), 1))
	e.m.init(e)
	e.tap.init(e)
	e.routes.init(e)
	e.links.init(e)
	e.nodes.init(e)
	e.outboxes.init(e)
	e.bundles.init(e)
	e.spools.init(e)
	e.clients.init(e)
	e.posts.e, e.requests.e, e.boxes.e = e, e, e
	e.recovery.init(e)
	e.groups.e = e
	e.work.init(e)
	e.boxes.init(e)
	e.watched.init(e)
	e.board.init(e)
	e.readers.init(e)
	e.fetches.init(e)
	e.runs.init(e)
	e.forks.init(e)
	e.baits.init(e)
	e.seen.init(e)
	e.mixLoops.init(e)
	e.attack.init(e)
	return e
}

// random is a source of random numbers: one for each purpose, so that a change of one does not
// shift another.
func (e *engine) random(purpose string) *stat.Rand {
	return stat.Seed(e.cfg.Seed, e.cfg.Cell, e.cfg.Replication, 0, purpose)
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
	t := min(e.clients.slots.next, e.work.clock.next, e.mixLoops.clock.next)
	t = min(t, e.links.between.Peek(), e.links.ups.Peek(), e.links.downs.Peek())
	t = min(t, e.mixLoops.dues.Peek())
	// No source at all: the wheel alone decides.
	if w := e.wheel.Peek(t); w < t {
		t = w
	}
	if t >= e.end && (e.left == 0 || t >= e.stop) || e.tap.err != nil {
		return false
	}
	e.now = t
	e.m.events++
	if t >= e.m.census {
		e.m.takeCensus(e)
	}
	switch t {
	case e.clients.slots.next:
		e.clients.slots.advance()
		e.clients.slot()
	case e.links.between.Peek():
		e.handle(e.links.between.Pop())
	case e.links.ups.Peek():
		e.handle(e.links.ups.Pop())
	case e.links.downs.Peek():
		e.handle(e.links.downs.Pop())
	case e.work.clock.next:
		e.work.clock.advance()
		e.work.arise()
	case e.mixLoops.clock.next:
		e.mixLoops.clock.advance()
		e.mixLoops.send()
	case e.mixLoops.dues.Peek():
		e.handle(e.mixLoops.dues.Pop())
	default:
		e.handle(e.wheel.Pop())
	}
	return true
}

func (e *engine) handle(ev event) {
	switch ev.Kind {
	case atNode:
		e.nodes.arrive(ev)
	case leaves:
		e.nodes.leave(ev)
	case spooled:
		e.spools.take(ev)
	case atClient:
		e.receive(ev)
	case pulled:
		e.spools.pull(ev.Src)
	case expired:
		e.requests.expire(ev)
	case toggled:
		e.clients.toggle(ev)
	case copied:
		e.boxes.copied(ev.Ref, ev.Aux)
	case listed:
		e.board.list(ev.Ref)
	case published:
		e.board.publish(ev)
	case coverDue:
		e.runs.cover(ev)
	case boxDue:
		e.runs.write(ev.Ref)
	case shown:
		e.readers.shown(ev.Src, ev.Ref)
	case forked:
		e.forks.show(ev.Src, ev.Ref)
	case proven:
		e.forks.prove(ev)
	case baited:
		e.baits.list(ev)
	case partDue:
		e.recovery.handOver(ev)
	case loopDue:
		e.mixLoops.judge(ev)
	}
}

// receive is what a client does with a packet.
func (e *engine) receive(ev event) {
	switch ev.Class {
	case message:
		e.groups.deliver(ev)
	case ack:
		e.groups.acked(ev)
	case loop:
		e.m.count.loopsBack++
	case reply:
		e.forks.heard(&ev)
		e.requests.answered(ev)
	}
}

// later schedules an event d nanoseconds from now.
func (e *engine) later(d int64, ev event) {
	ev.At = e.now + d
	e.wheel.Push(ev)
}

// measuring reports whether what arises now is measured.
func (e *engine) measuring() bool { return e.now >= e.start && e.now < e.end }

// An event is a packet at some place, or something that a client meant to do. Its fields are:
//
//	Src   client, or node for loops of mixes
//	Dst   client, provider for requests and drops, first neighbour of a loop of a mix
//	Ref   record of a post, request or bundle; none for cover
//	Aux   serial of a request; last neighbour of a loop of a mix; part in a schedule
//	Late  it came while its client was offline
type (
	event = wheel.Event
	kind  = wheel.Kind
	class = wheel.Class
)

const (
	never = wheel.Never // later than any event
	none  = -1
)

// kind says what to do with an event when its time comes.
const (
	atNode    kind = iota // the packet arrives at the node
	leaves                // it leaves the node
	spooled               // it is put into the spool of its client
	atClient              // it arrives at its client
	pulled                // its client looks for it
	expired               // the request in ref was not answered in time
	toggled               // the client in src goes online or offline
	copied                // the box in ref reaches the second holder
	partDue               // the part in aux of the post in ref should be acknowledged by now
	loopDue               // the mix's loop in ref should be back by now
	listed                // a holder lists the box in ref
	published             // all have the bulletins of a slot
	coverDue              // some client begins a run of cover boxes
	boxDue                // the next box of the run in ref may be written
	shown                 // the client in src is told of the pair in ref, which was kept from it
	forked                // the client in src is told of the box in ref, which nobody else is
	proven                // the client in src has both bodies of the fork in ref
	baited                // providers list a box that nobody wrote
)

// class says what a packet is. Nobody on the way can see it.
const (
	message class = iota // to a client, with a post in ref
	ack                  // of a post, to its author
	loop                 // from a client to itself
	drop                 // to a provider that ignores it
	request              // to a provider that answers
	reply                // the answer
	mixLoop              // from a mix to itself
	bundle               // several of the above in one
)
