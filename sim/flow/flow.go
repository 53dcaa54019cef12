// Package flow is a Monte Carlo engine (L1) for mix networks without feedback, with exact message
// tracing. Where nothing that comes out changes what goes in, a layer's departures follow from its
// arrivals alone, so that there is no event queue: per step of time and layer, delays are drawn,
// departures filed by the step in which they fall due, sorted there, and merged with the arrivals.
// The merge is also the trace, see pools. Queues, retransmissions, churn and adversaries who act
// belong to sim/des.
//
// One replication runs on one goroutine and depends on nothing but its configuration and the name
// of its seed. Memory follows the packets inside the network, not the length of a run. The package
// must not read files, clocks or unseeded randomness.
package flow

import (
	"context"
	"math"

	"murmuration/sim/stat"
)

// engine is one replication under way.
type engine struct {
	cfg     *Config
	perStep float64 // 1/length of a step
	stages  []stage
	clients *stream
	targets schedule
	lanes   []lane
	tracing bool // some packet may have mass
	unit    [][]float64
	senders *senderMeter // of a run with labelled senders
	journal *journal     // of a backward run
	clock   clock
	hops    int64 // departures from mixes
	entered int64 // packets from clients
}

// schedule is when targets enter.
type schedule struct {
	left    int
	next    float64
	spacing float64
}

func newEngine(c *Config, seed, cell, replication uint64) *engine {
	random := func(entity int, purpose string) *stat.Rand {
		return stat.Seed(seed, cell, replication, uint64(entity), "flow "+purpose)
	}
	e := &engine{cfg: c, perStep: 1 / c.step(), lanes: make([]lane, c.lanes())}
	e.targets = schedule{left: c.Targets, next: c.warmUp(), spacing: c.spacing()}
	e.clock.until = e.targets.next + float64(c.Targets-1)*e.targets.spacing // a span before the end
	e.clients = c.birthsIn(0, random(0, "clients"))
	if c.SenderRate > 0 {
		e.senders, e.tracing = newSenderMeter(e.targets), true
		e.targets.left = 0
	} else if c.Direction == Backward {
		e.journal, e.tracing = newJournal(c.Layers), true
		e.clock.until -= c.span() // the run ends with the last target
	} else if len(e.lanes) >
		1 { // as targets make up a visible part of the traffic, the others are that much fewer
		e.clients.thin(1 / e.targets.spacing)
	}
	routes := newRoutes(c, random(0, "placement"))
	for hop := range c.Layers {
		e.stages = append(e.stages, newStage(c, hop, &routes, len(e.lanes), random))
		if hop > 0 {
			e.stages[hop-1].base().ahead = e.stages[hop].base().road
		}
	}
	e.unit = make([][]float64, len(e.lanes))
	for i := range e.unit {
		e.unit[i] = make([]float64, len(e.lanes))
		e.unit[i][i] = 1
	}
	e.start(random)
	return e
}

func newStage(
	c *Config, hop int, routes *routes, lanes int, random func(int, string) *stat.Rand,
) stage {
	l := layer{
		hop:    hop,
		road:   newRoad(c.Link, lanes, random(hop, "links")),
		births: c.birthsIn(hop+1, random(hop, "births")),
		pools:  newPools(c.Width, lanes),
		told:   c.Direction == Backward,
		routes: routes,
		route:  random(hop, "routes"),
	}
	if hop == c.Layers-1 {
		l.logs, l.stale = make([]float64, c.Width*lanes), make([]bool, c.Width)
		l.forgetLogs()
	}
	if c.Mix.Strategy == Poisson {
		return &timer{
			layer: l, mean: c.Mix.MeanDelay, calendar: newCalendar(), delay: random(hop, "delays"),
		}
	}
	return &batcher{
		layer: l, mix: c.Mix, held: make([][]packet, c.Width), new: make([]int, c.Width),
		rng: random(hop, "batches"),
	}
}

// start fills mixes and links.
func (e *engine) start(random func(int, string) *stat.Rand) {
	e.clients.begin()
	for _, s := range e.stages {
		l := s.base()
		l.births.begin()
		s.fill(e)
		if !l.inStep(e.cfg) {
			l.fillRoad(e, random(l.hop, "start"))
		}
	}
}

func (e *engine) run(ctx context.Context) ([]Trace, error) {
	var traces []Trace
	for step := 0; !e.over(); step++ {
		if step&63 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		e.inject(step)
		for _, s := range e.stages {
			s.step(e, step)
		}
		traces = e.collect(traces)
	}
	if e.journal != nil {
		return e.journal.traces(e.pools()), nil
	}
	return traces, nil
}

func (e *engine) over() bool {
	if e.senders != nil {
		return e.senders.left == 0
	}
	if e.journal != nil {
		return e.journal.complete(e.cfg.Targets)
	}
	return e.targets.left == 0 && !busy(e.lanes)
}

// inject sends what clients send within a step, targets among it.
func (e *engine) inject(step int) {
	road := e.stages[0].base().road
	target, lane := e.nextTarget(step)
	for e.clients.until(step, e.perStep) {
		for target < e.clients.next {
			e.depart(road, target, lane)
			target, lane = e.nextTarget(step)
		}
		p := e.clients.draw()
		e.entered++
		road.depart(p, e.rowOf(&p), e.perStep)
	}
	for lane >= 0 {
		e.depart(road, target, lane)
		target, lane = e.nextTarget(step)
	}
}

// nextTarget is when within this step the next target enters, and its lane; never and −1 if none
// does. A target that finds no lane free waits for the next step.
func (e *engine) nextTarget(step int) (at float64, lane int) {
	s := &e.targets
	if s.left > 0 && int(s.next*e.perStep) <= step {
		for i := range e.lanes {
			if !e.lanes[i].busy || e.journal != nil {
				return max(s.next, float64(step)/e.perStep), i
			}
		}
	}
	return math.Inf(1), -1
}

func (e *engine) depart(road *road, at float64, lane int) {
	e.entered++
	e.targets.left--
	e.targets.next += e.targets.spacing
	p := packet{at: at, key: key(nowhere, uint8(lane+1))}
	if e.journal != nil {
		row := e.journal.enter()
		e.journal.target(at)
		road.depart(p, row, e.perStep)
		return
	}
	e.lanes[lane].start()
	e.tracing = true
	road.depart(p, e.unit[lane], e.perStep)
}

// rowOf is what the observer notes of a packet from a client that is no target.
func (e *engine) rowOf(p *packet) []float64 {
	if e.journal != nil {
		return e.journal.enter()
	}
	if tag := p.tag(); e.senders != nil && (tag == 1 || tag == 2) {
		return e.unit[tag-1]
	}
	return nil
}

// arrive takes a packet into a pool.
func (e *engine) arrive(l *layer, pool uint32, mass []float64) {
	switch {
	case e.journal != nil:
		e.journal.arrive(l.hop, pool, mass)
		l.pools.count[pool]++
	case e.tracing:
		l.pools.arrive(pool, mass)
		l.touch(pool)
	default:
		l.pools.count[pool]++
	}
}

// forward sends a packet on from a mix: to the next layer, or out.
func (e *engine) forward(l *layer, p *packet, pool uint32) {
	var mass []float64
	if e.journal != nil {
		mass = e.journal.leave(l.hop, pool)
	} else if e.tracing {
		mass = l.pools.row(pool)
	}
	if l.ahead != nil {
		l.ahead.depart(*p, mass, e.perStep)
		return
	}
	d := l.road.delay()
	p.at += d
	p.age += float32(d)
	if p.tag() != unclocked {
		e.clock.record(p.at, p.age)
	}
	switch {
	case e.senders != nil:
		e.senders.output(p, mass)
	case e.journal != nil && p.tag() == 1:
		e.journal.output(p)
	case e.journal == nil && e.tracing:
		e.output(l, p, pool)
	}
}

// forwardAll is forward for many packets without masses.
func (e *engine) forwardAll(l *layer, ps []packet) {
	if l.ahead != nil {
		l.ahead.rush(ps, e.perStep)
		return
	}
	for i := range ps {
		if p := &ps[i]; p.tag() != unclocked {
			d := l.road.delay()
			e.clock.record(p.at+d, p.age+float32(d))
		}
	}
}

func (e *engine) pools() []*pools {
	var all []*pools
	for _, s := range e.stages {
		all = append(all, s.base().pools)
	}
	return all
}

func (e *engine) output(l *layer, p *packet, pool uint32) {
	var buffer [maxLanes]float64
	logs, row := l.logsOf(pool, &buffer), l.pools.row(pool)
	for j := range e.lanes {
		if row[j] > tiny {
			e.lanes[j].output(row[j], logs[j])
		}
	}
	if tag := p.tag(); tag != ordinary && int(tag) <= len(e.lanes) {
		t := &e.lanes[tag-1]
		t.arrived, t.truth, t.latency = true, row[tag-1], float64(p.age)
	}
}

// discard hands the masses on a dummy that ends at a mix to those of the mix's packets. A corrupt
// mix knows better: the dummy is not the target.
func (e *engine) discard(l *layer, column uint32, mass []float64) {
	if l.routes.isCorrupt(l.hop, column) {
		for j := range e.lanes {
			e.lanes[j].lost += mass[j]
		}
		return
	}
	l.pools.discard(column, mass)
	l.touch(column)
}

// collect takes the traces that are over at the end of a step, in the order of lanes.
func (e *engine) collect(traces []Trace) []Trace {
	for i := range e.lanes {
		if !e.lanes[i].finished() {
			continue
		}
		traces = append(traces, e.lanes[i].trace())
		e.lanes[i].busy = false
		for _, s := range e.stages {
			s.base().forget(i)
		}
	}
	e.tracing = e.senders != nil || e.journal != nil || busy(e.lanes)
	return traces
}
