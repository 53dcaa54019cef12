package level

import (
	"context"
	"fmt"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/protocol"
	"murmuration/sim/scenario"
	"murmuration/sim/stat"
	"murmuration/sim/trace"
	"murmuration/sim/world"
)

// worldPlan is all that level "world" reads of a cell: two cells with the same plan give the same
// numbers.
type worldPlan struct {
	seed, cell                        uint64
	warmup, duration, drain           time.Duration
	clients, providers, layers, width int
	par                               directory.Parameters
	loops, ahead                      bool // of mixes; packets are built before their slot
	link, clientLink                  time.Duration
	loss                              float64
	spool, packet                     int
	every                             time.Duration // between two requests of a client; 0: none
	groups, groupSize                 int           // with posts instead of requests; zero: none
	posting                           string
	targets                           int  // traced packets; zero: there is no tap
	samples                           bool // whether raw samples are kept
}

func planWorld(c scenario.Cell) worldPlan {
	s := c.Scenario
	p := worldPlan{
		seed: uint64(s.Seed), cell: uint64(c.Index),
		warmup: eventWarmUp(s), duration: s.Time.Duration.Duration, drain: s.Time.Drain.Duration,
		clients: s.Clients.Count, providers: s.Topology.Providers, layers: s.Topology.Layers,
		width: s.Topology.Width,
		par:   worldParameters(s), loops: s.Mix.LoopEvery.Duration > 0, ahead: s.Clients.BuildAhead,
		link: s.Link.Delay.Duration, clientLink: s.Link.ClientDelay.Duration, loss: s.Link.Loss.Of,
		spool: s.Clients.Spool, packet: int(s.Clients.Packet.Bytes), samples: s.Measure.Samples,
	}
	switch s.Workload.Kind {
	case "requests":
		p.every = s.Workload.Every.Duration
	case "groups":
		p.every = s.Workload.Every.Duration
		p.groups, p.groupSize = s.Workload.Groups, s.Workload.GroupSize
		p.posting = s.Workload.Posting
	}
	if s.Adversary.Attack == "tracing" {
		p.targets = s.Measure.Targets
	}
	return p
}

// worldParameters are a scenario's values as a network's document has them. What a scenario does
// not say does not matter to what is measured: packets are small and hide nothing, epochs are long.
func worldParameters(s scenario.Scenario) directory.Parameters {
	const longest = 8 * time.Hour
	ms := func(d time.Duration) time.Duration {
		return max(time.Millisecond,
			d.Round(time.Millisecond))
	}
	p := directory.Parameters{
		Suite: "x25519", Layers: s.Topology.Layers, BoxPlaintext: protocol.RecordHeader + 64,
		MeanHopDelay:   ms(s.Mix.MeanDelay.Duration),
		HopDelayLimit:  ms(time.Duration(s.Mix.DelayCap * float64(s.Mix.MeanDelay.Duration))),
		ReplyAllowance: ms(s.Boxes.Allowance.Duration),
		PayloadEvery:   ms(s.Clients.PayloadEvery.Duration),
		LoopEvery:      ms(s.Clients.LoopEvery.Duration),
		DropEvery:      ms(s.Clients.DropEvery.Duration), MixLoopEvery: 24 * time.Hour,
		ReplicateEvery: ms(s.Boxes.ReplicateAfter.Duration),
		Replicas:       min(2, s.Topology.Providers),
		RetentionDays:  14, EpochLength: longest, Grace: protocol.KeyGrace(longest),
		Clients: max(1, s.Clients.Count),
	}
	readBulletins(&p, s)
	if s.Mix.LoopEvery.Duration > 0 {
		p.MixLoopEvery = ms(s.Mix.LoopEvery.Duration)
	}
	return p
}

// readBulletins has a world read bulletins as a scenario says. Where packets carry posts they are
// those of the network, since bulletins fill what replies leave of them.
func readBulletins(p *directory.Parameters, s scenario.Scenario) {
	b := s.Boxes
	const day, mostPerDay = 24 * time.Hour, 10_000
	p.BulletinEvery, p.Hold, p.CatchUp = b.Bulletins.Duration, b.Hold.Duration, b.CatchUp.Duration
	p.FetchDelay = max(b.FetchDelay.Duration, 10*p.MeanHopDelay)
	p.FetchLoad, p.WritesPerDay, p.StreamPerDay = b.FetchLoad, b.WritesPerDay, b.StreamPerDay
	if p.StreamPerDay == 0 {
		p.StreamPerDay = mostPerDay
	}
	if s.Workload.Kind != "groups" {
		return
	}
	p.Suite, p.BoxPlaintext = "xwing", protocol.DefaultPlaintext
	p.SlowDelay, p.EpochLength = b.SlowDelay.Duration, b.Epoch.Duration
	p.Grace = protocol.KeyGrace(p.EpochLength)
	p.RetentionDays = int(b.Retention.Duration / day)
}

func checkWorld(c scenario.Cell) error {
	p := planWorld(c)
	if err := p.par.Validate(); err != nil {
		return fmt.Errorf("level \"world\" runs what a network document can say: %w", err)
	}
	if p.clients > 100_000 {
		return fmt.Errorf("level \"world\" has real senders, at most 100,000, not %d", p.clients)
	}
	return nil
}

// clientBytes is what a sender and its spool need, with the document and its keys.
const clientBytes = 64 << 10

func worldMemory(s scenario.Scenario) float64 {
	p := planWorld(scenario.Cell{Scenario: s})
	return 64<<20 + clientBytes*float64(p.clients) + tapBytes*p.tapped()
}

// tapped is how many events a tap will see, roughly.
func (p worldPlan) tapped() float64 {
	if p.targets == 0 {
		return 0
	}
	rate := 0.0
	for _, every := range []time.Duration{p.par.PayloadEvery, p.par.LoopEvery, p.par.DropEvery} {
		rate += 1 / every.Seconds()
	}
	links := float64(p.par.Hops() + 2)
	return links * rate * float64(p.clients) * (p.warmup + p.duration + p.drain).Seconds()
}

func (p worldPlan) parties() trace.Parties {
	return trace.Parties{Nodes: int32(p.providers + p.layers*p.width), Clients: int32(p.clients)}
}

// config is the world of one replication.
func (p worldPlan) config(index int) world.Config {
	c := world.Config{
		Seed: stat.Seed(p.seed, p.cell, uint64(index), 0, "world").Uint64(), Parameters: p.par,
		Null:    true,
		NoLoops: !p.loops, AtSlot: !p.ahead, Link: p.link, ClientLink: p.clientLink, Loss: p.loss,
		PerSpool: p.spool,
	}
	if c.Link == 0 {
		c.Link = -1
	}
	for i := range p.providers {
		c.Network.Providers = append(c.Network.Providers, fmt.Sprint("p", i+1))
	}
	for layer := range p.layers {
		var names []string
		for i := range p.width {
			names = append(names, fmt.Sprint("m", layer*p.width+i+1))
		}
		c.Network.Layers = append(c.Network.Layers, names)
	}
	for i := range p.clients {
		c.Network.People = append(c.Network.People, fmt.Sprint("u", i+1))
	}
	return c
}

// worldRun is one replication while it runs.
type worldRun struct {
	worldPlan
	tap       trace.Sink
	w         *world.World
	load      *world.Load
	posts     *world.Posting
	record    *world.Recording
	occupancy []float64
	spooled   []float64
	before    worldCounts // when the warm-up ended
}

func runWorld(ctx context.Context, c scenario.Cell, index int) (Replication, error) {
	return planWorld(c).simulate(ctx, index, nil)
}

// simulate runs one replication; a tap, if there is one, takes what passes on links.
func (p worldPlan) simulate(ctx context.Context, index int, tap trace.Sink) (Replication, error) {
	r := &worldRun{worldPlan: p, tap: tap}
	if err := r.run(ctx, index); err != nil {
		return Replication{}, err
	}
	return r.collect()
}

func (r *worldRun) run(ctx context.Context, index int) (err error) {
	cfg := r.config(index)
	cfg.Tap = r.tap
	if r.targets > 0 {
		expected := int(r.tapped())
		r.record = world.NewRecording(r.parties(), expected+expected/2+1<<20)
		cfg.Tap = r.record
	}
	if r.w, err = world.New(cfg); err != nil {
		return err
	}
	if r.record != nil {
		r.record.Follow(r.w)
	}
	start := r.w.Now().Add(r.warmup)
	end := start.Add(r.duration)
	if err := r.begin(start, end); err != nil {
		return err
	}
	for r.w.Now().Before(end.Add(r.drain)) &&
		(r.w.Now().Before(end) || r.open() > 0) {
		if !r.w.Now().Before(start) {
			r.census()
		}
		if r.w.Now().Equal(start) {
			r.before = r.counts()
			r.w.Spooled = func(wait time.Duration) { r.spooled = append(r.spooled, wait.Seconds()) }
		}
		next := r.w.Now().Add(max(10*r.par.MeanHopDelay, time.Second))
		for _, edge := range []time.Time{start, end} {
			if r.w.Now().Before(edge) && next.After(edge) {
				next = edge
			}
		}
		if err := r.w.RunUntil(next); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("simulating a world: %w", context.Cause(ctx))
		}
	}
	return nil
}

// begin lets people want something.
func (r *worldRun) begin(start, end time.Time) (err error) {
	switch {
	case r.groups > 0:
		r.posts, err = r.w.Post(r.groups, r.groupSize, r.every, start, end)
	case r.every > 0:
		r.load = r.w.Ask(r.every, start, end, r.record)
	}
	return err
}

// open is how much of what they wanted is still to come.
func (r *worldRun) open() int {
	switch {
	case r.posts != nil:
		return r.posts.Open()
	case r.load != nil:
		return r.load.Open()
	}
	return 0
}
