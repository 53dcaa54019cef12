package sim

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"murmuration/sim/des"
	"murmuration/sim/flow"
	"murmuration/sim/level"
	"murmuration/sim/scenario"
)

// Speed is what one core did with one set-up.
type Speed struct {
	Level      string  `json:"level"`
	Setup      string  `json:"setup"`
	Events     int64   `json:"events"` // flow: departures from mixes; des: events
	Packets    int64   `json:"packets"`
	Seconds    float64 `json:"seconds"`
	EventRate  float64 `json:"events_per_s"`
	PacketRate float64 `json:"packets_per_s"`
	Memory     uint64  `json:"memory_bytes"` // of the whole process, from the operating system
	Peer       string  `json:"peer"`         // what published simulators take for the same
}

// Published costs of the simulators that are used today, measured once on the kind of machine that
// this program was developed on (docs/simulation.md, "Speed").
const (
	flowPeers = "MiXiM 595 µs of CPU a message, WPES 2021 Nym simulator 186 µs"
	desPeers  = "SimPy 37,000 to 140,000 events/s, Rollercoaster's artefact (PyPy) 279,000 " +
		"hop-sends/s"
)

// Bench measures both engines on one core with fixed set-ups, each for a few seconds.
func Bench(ctx context.Context) ([]Speed, error) {
	dense := flow.Config{
		Layers: 3, Width: 10, Mix: flow.Mix{MeanDelay: 1.6}, Link: flow.Link{Min: 0.05, Max: 0.05},
		Rate: 5000, Targets: 64,
	}
	sparse := dense
	sparse.Targets, sparse.Duration = 8, 600
	var all []Speed
	for _, f := range []struct {
		setup string
		c     flow.Config
	}{{"MiXiM Fig 7a, 3 layers, 5 s, 64 targets traced without a pause",
		dense}, {"the same, 8 targets in ten minutes", sparse}} {
		s, err := timed(ctx, "flow", f.setup, flowPeers, func() (events, packets int64, err error) {
			r, err := flow.Run(ctx, f.c, 1, 0, 0)
			if err != nil {
				return 0, 0, err
			}
			return r.Hops, r.Packets, nil
		})
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	for _, hops := range []bool{false, true} {
		c := des.BenchConfig(10_000, hops)
		c.Duration = 2 * time.Minute
		s, err := timed(ctx, "des",
			fmt.Sprintf("10,000 clients, 1 packet/s each, every hop an event: %t", hops), desPeers,
			func() (events, packets int64, err error) {
				r, err := des.Run(ctx, c)
				if err != nil {
					return 0, 0, err
				}
				return r.Events, r.Packets, nil
			})
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// BenchScenario measures one replication of each cell of a scenario on one core.
func BenchScenario(ctx context.Context, f *scenario.File) ([]Speed, error) {
	peers := map[string]string{"flow": flowPeers, "des": desPeers}
	var all []Speed
	for _, c := range f.Cells {
		s, err := timed(ctx, c.Scenario.Level, c.Label(), peers[c.Scenario.Level],
			func() (events, packets int64, err error) {
				r, err := level.Run(ctx, c, 0)
				return r.Events, r.Packets, err
			})
		if err != nil {
			return nil, fmt.Errorf("measuring cell %d %s: %w", c.Index, c.Label(), err)
		}
		all = append(all, s)
	}
	return all, nil
}

func timed(
	ctx context.Context, at, setup, peer string, run func() (int64, int64, error),
) (Speed, error) {
	if err := ctx.Err(); err != nil {
		return Speed{}, err
	}
	begun := time.Now()
	events, packets, err := run()
	seconds := time.Since(begun).Seconds()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Speed{Level: at, Setup: setup, Events: events, Packets: packets, Seconds: seconds,
		EventRate: float64(events) / seconds, PacketRate: float64(packets) / seconds, Memory: m.Sys,
		Peer: peer}, err
}
