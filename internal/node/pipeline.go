package node

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/internal/durable"
	"murmuration/internal/node/metrics"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
)

// pipeline drives a core: workers peel packets, a journal writer makes replay tags durable, and a
// clock lets packets go when their time has come.
type pipeline struct {
	cfg     pipelineConfig
	work    chan arrived  // peeling is the bottleneck: packets that find it full are dropped
	written chan struct{} // one place: "tags wait for the journal writer"
	sooner  chan struct{} // one place: "something is due earlier than the clock thinks"

	mu    sync.Mutex // guards core and alarm
	core  Core
	alarm time.Time // when the clock wakes up; zero while it is awake

	// why the core could not make a packet of its own, empty when it could; owned by the goroutine
	// of clock
	fault string
}

// arrived is a packet that waits for a worker. judged, if there is one, hears whether one of the
// node's keys opened it.
type arrived struct {
	packet []byte
	judged func(opened bool)
}

// pipelineConfig is what an pipeline needs. Workers and Queue have defaults.
type pipelineConfig struct {
	Params  *sphinx.Params
	Keys    *keyring
	Core    Core
	Links   *links
	Buffers *buffers
	Counts  *metrics.Counts
	Workers int // goroutines that peel; GOMAXPROCS by default
	Queue   int // packets that wait for a worker; 256 per worker by default
	// Allowance bounds what is taken in; nil does not.
	Allowance *allowance
	Log       *slog.Logger
}

// newPipeline allocates; nothing happens before Run.
func newPipeline(cfg pipelineConfig) *pipeline {
	if cfg.Workers == 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	if cfg.Queue == 0 {
		cfg.Queue = 256 * cfg.Workers
	}
	return &pipeline{
		cfg: cfg, core: cfg.Core, work: make(chan arrived, cfg.Queue),
		written: make(chan struct{}, 1), sooner: make(chan struct{}, 1),
	}
}

// submit takes a packet from a link; the pipeline owns its bytes from here on. It never blocks.
func (p *pipeline) submit(a arrived) {
	if !p.cfg.Allowance.take(time.Now()) {
		p.drop(a.packet, transit.OverCap)
		return
	}
	select {
	case p.work <- a:
	default:
		p.drop(a.packet, transit.Overload)
	}
}

// do runs f with the core locked, and sees to what became due by it.
func (p *pipeline) do(f func(now time.Time)) {
	p.mu.Lock()
	f(time.Now())
	p.rouse()
	p.mu.Unlock()
}

// rouse wakes whoever has something to do now. The caller holds mu.
func (p *pipeline) rouse() {
	nudge(p.written)
	if next, ok := p.core.Next(); ok && !p.alarm.IsZero() && next.Before(p.alarm) {
		nudge(p.sooner)
	}
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run peels, persists and sends until ctx ends or the tags cannot be made durable any more.
func (p *pipeline) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for range p.cfg.Workers {
		group.Go(func() error { return p.peel(ctx) })
	}
	group.Go(func() error { return p.writeJournal(ctx) })
	group.Go(func() error { return p.clock(ctx) })
	return group.Wait()
}

// peel is one worker; it ends with ctx.
func (p *pipeline) peel(ctx context.Context) error {
	unwrapper := sphinx.NewUnwrapper(p.cfg.Params)
	for {
		select {
		case <-ctx.Done():
			return nil
		case a := <-p.work:
			p.receive(unwrapper, a)
		}
	}
}

func (p *pipeline) receive(u *sphinx.Unwrapper, in arrived) {
	a, reason := p.cfg.Keys.unwrap(time.Now(), u, in.packet)
	if in.judged != nil {
		in.judged(reason == transit.Accepted)
	}
	if reason == transit.Accepted {
		p.mu.Lock()
		reason = p.core.Receive(time.Now(), a)
		p.rouse()
		p.mu.Unlock()
	}
	if reason != transit.Accepted {
		p.drop(in.packet, reason)
		return
	}
	p.cfg.Counts.TookIn()
}

func (p *pipeline) drop(packet []byte, reason transit.Reason) {
	p.cfg.Counts.Drop(reason)
	p.cfg.Buffers.put(packet)
}

// groupEvery is the least time from one group of tags to the next. Without it a busy node on a fast
// disk makes a group of each tag, and spends more on system calls and wake-ups than on anything but
// the key operation. The first tag after a quiet time waits for nothing, and what waits is small
// beside a hop delay.
const groupEvery = time.Millisecond

// writeJournal makes tags durable in groups: while one is being written, the tags of the next
// collect. It ends with ctx, or when the disk refuses: a mix that cannot remember must not forward.
func (p *pipeline) writeJournal(ctx context.Context) error {
	var seen []transit.Seen
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.written:
		}
		began := time.Now()
		var err error
		if seen, err = p.persist(ctx, seen[:0]); err != nil {
			return err
		}
		if !sleepUntil(ctx, began.Add(groupEvery)) {
			return nil
		}
	}
}

// persist makes the tags that wait durable and lets their packets go; seen is where it collects
// them.
func (p *pipeline) persist(ctx context.Context, seen []transit.Seen) ([]transit.Seen, error) {
	p.mu.Lock()
	seen = p.core.TakeFresh(seen)
	p.mu.Unlock()
	if len(seen) == 0 {
		return seen, nil
	}
	if err := p.remember(ctx, seen); err != nil {
		return seen, fmt.Errorf("remembering replay tags: %w", err)
	}
	if ctx.Err() != nil {
		return seen, nil
	}
	p.mu.Lock()
	p.core.Persisted(seen[len(seen)-1].Ticket)
	p.rouse()
	p.mu.Unlock()
	return seen, nil
}

// passingPause is how long whoever met a passing error of the disk waits before it tries again.
const passingPause = time.Second

// remember waits on a disk that is full or fails for now: what came since then does not leave, and
// when too much is held, no more is taken.
func (p *pipeline) remember(ctx context.Context, seen []transit.Seen) error {
	err := p.cfg.Keys.persist(seen)
	if durable.Passing(err) {
		p.cfg.Log.Error("packets cannot be remembered: they wait, and soon no more are taken, "+
			"until they can; "+durable.Trouble(err), "error", err)
	}
	for durable.Passing(err) && sleepUntil(ctx, time.Now().Add(passingPause)) {
		err = p.cfg.Keys.persist(nil)
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// clock hands packets to the links when they are due; it ends with ctx.
func (p *pipeline) clock(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var out []transit.Departure
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-p.sooner:
		}
		out = p.depart(out[:0])
		timer.Reset(p.untilNext())
	}
}

func (p *pipeline) depart(out []transit.Departure) []transit.Departure {
	p.mu.Lock()
	p.alarm = time.Time{}
	out, err := p.core.Due(time.Now(), out)
	p.mu.Unlock()
	p.complain(err)
	for i, d := range out {
		if p.cfg.Links.send(d.To, d.Packet) {
			p.cfg.Counts.SentOut()
		} else {
			p.drop(d.Packet, transit.LinkDown)
		}
		out[i] = transit.Departure{}
	}
	return out
}

// complain says why loops cannot be sent, once for each reason.
func (p *pipeline) complain(err error) {
	if err == nil {
		return
	}
	if text := err.Error(); text != p.fault {
		p.fault = text
		p.cfg.Log.Warn("this mix's own loops cannot be made, and nobody would notice a neighbour "+
			"that drops packets", "error", err)
	}
}

// idleAlarm is how long the clock sleeps when nothing is held: it is woken by what comes.
const idleAlarm = time.Hour

func (p *pipeline) untilNext() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	next, ok := p.core.Next()
	if !ok {
		next = now.Add(idleAlarm)
	}
	p.alarm = next
	return max(0, next.Sub(now))
}
