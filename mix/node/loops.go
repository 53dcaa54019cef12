package node

import (
	"context"
	"math"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/node"
	"murmuration/internal/node/metrics"
)

// loopState is what the loops tell at one moment.
type loopState struct {
	ratio, worst float64
	alarm        bool
	names        []string // of the neighbours on whose links loops are lost in a row
}

func (n *Node) loopState() (s loopState) {
	n.node.Do(func(now time.Time) {
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

// state adds what loops tell.
func (n *Node) state(s *node.State) {
	loops := n.loopState()
	s.Loops, s.LoopAlarm, s.Neighbours = hundredths(loops.ratio), loops.alarm, loops.names
}

// LoopReturns is the share of this mix's own loops that came back lately, and whether so many were
// lost in a row, in all or over one link, that an attack must be supposed.
func (n *Node) LoopReturns() (ratio float64, alarm bool) {
	s := n.loopState()
	return s.ratio, s.alarm
}

// watchLoops says when loops are lost in a row, and when they come back. It ends with ctx.
func (n *Node) watchLoops(ctx context.Context) error {
	tick := time.NewTicker(n.node.Home.Genesis.Parameters.MixLoopEvery)
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
			n.log.Warn("this mix's own loops do not come back: a node is down or drops packets; "+
				"ask the operators of these neighbours", "returned", hundredths(state.ratio),
				"neighbours", state.names)
		} else {
			n.log.Info("loops come back again", "returned", hundredths(state.ratio))
		}
	}
}

// gauges are those of loops: one number for the node, one for its worst link, none that names a
// link.
func (n *Node) gauges() []metrics.Metric {
	return []metrics.Metric{
		{Name: "murmur_loop_return_ratio",
			Help:  "Share of this mix's own loops that came back lately; 0 before the first.",
			Value: func() float64 { return hundredths(n.loopState().ratio) }},
		{Name: "murmur_loop_worst_link_ratio",
			Help:  "The same of the link over which the fewest came back.",
			Value: func() float64 { return hundredths(n.loopState().worst) }},
		{Name: "murmur_loop_alarm", Kind: metrics.State,
			Help: "1 when loops are being lost in a row: a neighbour is down or drops packets.",
			Value: func() float64 {
				if n.loopState().alarm {
					return 1
				}
				return 0
			}},
	}
}

func hundredths(x float64) float64 { return math.Floor(100*x) / 100 }
