package level

import (
	"fmt"

	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// worldCounts are what a world has counted so far.
type worldCounts struct {
	sent, resent, lost, overload, spoolFull, replays, other int
}

// census looks into every mix.
func (r *worldRun) census() {
	for _, n := range r.w.Nodes()[r.providers:] {
		r.occupancy = append(r.occupancy, float64(n.Relay().Held()))
	}
}

func (r *worldRun) counts() (c worldCounts) {
	for _, p := range r.w.People() {
		s := p.Stats()
		for _, n := range s.Sent {
			c.sent += int(n)
		}
		c.resent += int(s.Resent)
	}
	for reason, n := range r.w.Drops() {
		switch reason {
		case "drop_stream":
		case "lost":
			c.lost += n
		case "spool_full":
			c.spoolFull += n
		case "overload", "pool_full":
			c.overload += n
		case "replayed":
			c.replays += n
		default:
			c.other += n
		}
	}
	return c
}

// otherwise counts drops that the event engine does not know; there are none while all is well.
const otherwise = "packets_dropped_otherwise"

// collect gathers the metrics under the names of the event engine.
func (r *worldRun) collect() (Replication, error) {
	out := Replication{Events: r.w.Hops()}
	if r.posts != nil {
		r.series(&out, "latency", "s", r.posts.Latencies)
		r.series(&out, "kept", "s", r.posts.Kept)
		for i, name := range []string{"way_stored", "way_listed", "way_asked", "way_answered"} {
			r.series(&out, name, "s", r.posts.Ways[i])
		}
		out.Metrics = append(out.Metrics,
			stat.Proportion("delivered", r.posts.Delivered, r.posts.Wanted))
	}
	if r.load != nil {
		r.series(&out, "queue_wait", "s", r.load.Waits)
	}
	r.series(&out, "spool_wait", "s", r.spooled)
	r.series(&out, "mix_occupancy", "packets", r.occupancy)
	if r.load != nil {
		r.series(&out, "round_trip", "s", r.load.RoundTrips)
		out.Metrics = append(out.Metrics,
			stat.Proportion("round_trips_completed", r.load.Completed, r.load.Asked))
	}
	now := r.counts()
	out.Packets = int64(now.sent)
	elapsed := r.w.Now().Sub(r.w.Genesis().Start) - r.warmup
	rate := float64(now.sent-r.before.sent) / elapsed.Seconds() / float64(r.clients)
	for _, m := range []struct {
		name, unit string
		value      float64
	}{
		{"client_packets_per_s", "1/s", rate},
		{"client_bytes_per_day", "B", rate * 86400 * float64(r.packet)},
		{"packets_lost", "packets", float64(now.lost - r.before.lost)},
		{"packets_dropped_overload", "packets", float64(now.overload - r.before.overload)},
		{"packets_dropped_spool_full", "packets", float64(now.spoolFull - r.before.spoolFull)},
		{otherwise, "packets", float64(now.other - r.before.other)},
		{"replays_refused", "packets", float64(now.replays - r.before.replays)},
		{"requests_repeated", "requests", float64(now.resent - r.before.resent)},
	} {
		if m.value > 0 || m.name != otherwise {
			out.Metrics = append(out.Metrics,
				stat.Metric{Name: m.name, Unit: m.unit, Value: m.value, N: 1, Method: "count"})
		}
	}
	return out, r.trace(&out)
}

// trace follows packets through the mixes, as a watcher of all links can.
func (r *worldRun) trace(out *Replication) error {
	if r.record == nil {
		return nil
	}
	mixing := func(node int32) bool { return int(node) >= r.providers && node < r.parties().Nodes }
	to := traceable(r.warmup+r.duration, r.par.MeanHopDelay, r.layers)
	targets := entries(r.record.Events, &r.record.Labels, mixing, int64(r.warmup), to, r.targets)
	tracer := trace.Tracer{Parties: r.parties(), Mixing: mixing, Link: int64(r.link)}
	guesses, err := tracer.Trace(r.record.Events, targets)
	if err != nil {
		return fmt.Errorf("tracing requests: %w", err)
	}
	metrics, samples := entropies(guesses, &r.record.Labels)
	out.Metrics = append(out.Metrics, metrics...)
	if r.samples {
		out.Samples = append(out.Samples, samples)
	}
	return nil
}

// series adds a quantity's mean, spread and quantiles, if it occurred.
func (r *worldRun) series(out *Replication, name, unit string, values []float64) {
	if len(values) == 0 {
		return
	}
	if r.samples {
		out.Samples = append(out.Samples, Sample{name + "_" + unit, values})
	}
	out.Metrics = append(out.Metrics, stat.Describe(name, unit, values)...)
}
