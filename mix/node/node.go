package node

import (
	"context"
	"crypto/rand"
	"math"
	mrand "math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/internal/directory"
	"murmuration/internal/transit"
	"murmuration/mix"
)

// Node is a running mix: the driver of a Relay and its Loops.
type Node struct {
	machine *Chassis
	relay   *mix.Relay
	loops   *mix.Loops
	metrics *Metrics
}

// New opens the mix in cfg.Home. Nothing moves before Run.
func New(cfg Config) (*Node, error) {
	n := &Node{}
	machine, err := Open(Options{
		Config: cfg, Role: directory.RoleMix, Core: n.core,
		Apply:  func(_ time.Time, doc *directory.Document) { n.loops.SetDocument(doc) },
		Expire: func() { n.loops.SetDocument(nil) },
	})
	if err != nil {
		return nil, err
	}
	n.machine = machine
	n.metrics = NewMetrics(cfg.Metrics, machine.Healthy, machine.Counts, machine.Links, append(machine.Gauges(n.relay.Held), n.gauges()...)...)
	return n, nil
}

// gauges are those of loops: one number for the node, one for its worst link, none that names a link.
func (n *Node) gauges() []Gauge {
	return []Gauge{
		{"murmur_loop_return_ratio", "Share of this mix's own loops that came back lately; 0 before the first.", func() float64 { return hundredths(n.loopState().ratio) }},
		{"murmur_loop_worst_link_ratio", "The same of the link over which the fewest came back.", func() float64 { return hundredths(n.loopState().worst) }},
		{"murmur_loop_alarm", "1 when loops are being lost in a row: a neighbour is down or drops packets.", func() float64 {
			if n.loopState().alarm {
				return 1
			}
			return 0
		}},
	}
}

func hundredths(x float64) float64 { return math.Floor(100*x) / 100 }

func (n *Node) core(m *Chassis) (Core, *mix.Relay, error) {
	var times, choice [32]byte
	if _, err := rand.Read(times[:]); err != nil {
		return nil, nil, err
	}
	if _, err := rand.Read(choice[:]); err != nil {
		return nil, nil, err
	}
	n.loops = mix.NewLoops(mix.LoopsConfig{
		Self: m.Home.Identity.ID(), Params: m.Params, Epochs: m.Home.Genesis.Schedule(), Every: m.Home.Genesis.Parameters.MixLoopEvery,
		Times: mrand.New(mrand.NewChaCha8(times)), Choice: mrand.New(mrand.NewChaCha8(choice)), Secrets: rand.Reader,
	}, time.Now())
	n.relay = mix.NewRelay(m.cfg.MaxHeld, n.loops)
	return n.relay, n.relay, nil
}

// Run mixes until ctx ends.
func (n *Node) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return n.machine.Run(ctx) })
	group.Go(func() error { return n.metrics.Run(ctx) })
	group.Go(func() error { return n.watchLoops(ctx) })
	return group.Wait()
}

// watchLoops says when loops are lost in a row, and when they come back. It ends with ctx.
func (n *Node) watchLoops(ctx context.Context) error {
	tick := time.NewTicker(n.machine.Home.Genesis.Parameters.MixLoopEvery)
	defer tick.Stop()
	for alarmed := false; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		state := n.loopState()
		if state.alarm == alarmed {
			continue
		}
		if alarmed = state.alarm; alarmed {
			n.machine.cfg.Log.Warn("this mix's own loops do not come back: a node is down or drops packets", "returned", hundredths(state.ratio), "neighbours", state.names)
		} else {
			n.machine.cfg.Log.Info("loops come back again", "returned", hundredths(state.ratio))
		}
	}
}

// loopState is what the loops tell at one moment.
type loopState struct {
	ratio, worst float64
	alarm        bool
	names        []string // of the neighbours on whose links loops are lost in a row
}

func (n *Node) loopState() (s loopState) {
	n.machine.Pipeline.Do(func(now time.Time) {
		returns := n.loops.Returns()
		returns.Expire(now)
		s.ratio, s.alarm = returns.Ratio()
		var alarmed []directory.NodeID
		s.worst, alarmed = returns.Worst()
		s.alarm = s.alarm || len(alarmed) > 0
		for _, id := range alarmed {
			s.names = append(s.names, n.loops.Name(id))
		}
	})
	return s
}

// LoopReturns is the share of this mix's own loops that came back lately, and whether so many were lost
// in a row, in all or over one link, that an attack must be supposed.
func (n *Node) LoopReturns() (ratio float64, alarm bool) {
	s := n.loopState()
	return s.ratio, s.alarm
}

// Totals are the packets taken in and sent since the start.
func (n *Node) Totals() (received, sent uint64) { return n.machine.Counts.Totals() }

// Dropped is the number of packets dropped for one reason.
func (n *Node) Dropped(r transit.Reason) uint64 { return n.machine.Counts.Dropped(r) }

// Close gives the home back after Run, or instead of it.
func (n *Node) Close() error { return n.machine.Close() }
