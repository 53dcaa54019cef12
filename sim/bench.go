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

// benchmark is a set-up of one engine, whose run returns events and packets.
type benchmark struct {
	level, setup, peer string
	run                func(context.Context) (events, packets int64, err error)
}

// fixed are the set-ups that Bench measures, each for a few seconds.
func fixed() []benchmark {
	dense := flow.Config{
		Layers: 3, Width: 10, Mix: flow.Mix{MeanDelay: 1.6}, Link: flow.Link{Min: 0.05, Max: 0.05},
		Rate: 5000, Targets: 64,
	}
	sparse := dense
	sparse.Targets, sparse.Duration = 8, 600
	const clients = "10,000 clients, 1 packet/s each, every hop an event: %t"
	return []benchmark{
		{"flow", "MiXiM Fig 7a, 3 layers, 5 s, 64 targets traced without a pause", flowPeers,
			ofFlow(dense)},
		{"flow", "the same, 8 targets in ten minutes", flowPeers, ofFlow(sparse)},
		{"des", fmt.Sprintf(clients, false), desPeers, ofEvents(false)},
		{"des", fmt.Sprintf(clients, true), desPeers, ofEvents(true)},
	}
}

func ofFlow(c flow.Config) func(context.Context) (events, packets int64, err error) {
	return func(ctx context.Context) (events, packets int64, err error) {
		r, err := flow.Run(ctx, c, 1, 0, 0)
		if err != nil {
			return 0, 0, err
		}
		return r.Hops, r.Packets, nil
	}
}

func ofEvents(hops bool) func(context.Context) (events, packets int64, err error) {
	c := des.BenchConfig(10_000, hops)
	c.Duration = 2 * time.Minute
	return func(ctx context.Context) (events, packets int64, err error) {
		r, err := des.Run(ctx, c)
		if err != nil {
			return 0, 0, err
		}
		return r.Events, r.Packets, nil
	}
}

// Bench measures both engines on one core with fixed set-ups.
func Bench(ctx context.Context) (all []Speed, err error) {
	for _, b := range fixed() {
		s, err := b.measure(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// BenchScenario measures one replication of each cell of a scenario on one core.
func BenchScenario(ctx context.Context, f *scenario.File) (all []Speed, err error) {
	peers := map[string]string{"flow": flowPeers, "des": desPeers}
	for _, c := range f.Cells {
		at := c.Scenario.Level
		b := benchmark{at, c.Label(), peers[at], func(ctx context.Context) (int64, int64, error) {
			r, err := level.Run(ctx, c, 0)
			return r.Events, r.Packets, err
		}}
		s, err := b.measure(ctx)
		if err != nil {
			return nil, fmt.Errorf("measuring cell %d %s: %w", c.Index, c.Label(), err)
		}
		all = append(all, s)
	}
	return all, nil
}

func (b benchmark) measure(ctx context.Context) (Speed, error) {
	if err := ctx.Err(); err != nil {
		return Speed{}, err
	}
	begun := time.Now()
	events, packets, err := b.run(ctx)
	seconds := time.Since(begun).Seconds()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Speed{
		Level: b.level, Setup: b.setup, Events: events, Packets: packets, Seconds: seconds,
		EventRate: float64(events) / seconds, PacketRate: float64(packets) / seconds,
		Memory: m.Sys, Peer: b.peer,
	}, err
}
