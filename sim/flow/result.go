package flow

import (
	"context"
	"fmt"
	"math"

	"murmuration/sim/stat"
)

// Result is what one replication found.
type Result struct {
	Traces  []Trace  // in the order in which they were over
	Senders []Labels // in order of time, with SenderRate
	// s, of all packets from clients that entered before the last target
	Latency     *stat.Histogram
	MeanLatency float64 // s, of the same packets
	// share of paths on which all mixes are corrupt, as they were placed
	Compromised float64
	Exact       bool  // masses are posteriors, so that the calibration identity holds
	Packets     int64 // from clients
	Hops        int64 // hop-events: departures from mixes
}

// Run simulates one replication of a cell on the calling goroutine. The same arguments give the
// same result, on any machine of one processor architecture. It ends early, with ctx's error, when
// ctx is over.
func Run(ctx context.Context, c Config, seed, cell, replication uint64) (*Result, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("checking flow configuration: %w", err)
	}
	e := newEngine(&c, seed, cell, replication)
	traces, err := e.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("simulating flow: %w", err)
	}
	r := &Result{Traces: traces, Exact: c.exact(), Packets: e.entered, Hops: e.hops}
	r.Compromised = e.stages[0].base().routes.compromised(&c)
	r.Latency, r.MeanLatency = e.clock.result()
	if e.senders != nil {
		r.Senders = e.senders.seen
	}
	return r, nil
}

// Samples are the raw numbers of a replication by name, in a fixed order of names.
func (r *Result) Samples() []Sample {
	traced := func(name, unit string, of func(*Trace) float64) Sample {
		s := Sample{Name: name, Unit: unit}
		for i := range r.Traces {
			s.Values = append(s.Values, of(&r.Traces[i]))
		}
		return s
	}
	out := []Sample{
		traced("shannon", "bit", func(t *Trace) float64 { return t.Shannon }),
		traced("min_entropy", "bit", func(t *Trace) float64 { return t.MinEntropy }),
		traced("renyi2", "bit", func(t *Trace) float64 { return t.Renyi2 }),
		traced("one_guess", "1", func(t *Trace) float64 { return t.OneGuess }),
		traced("guesses", "1", func(t *Trace) float64 { return t.Guesses }),
		traced("surprisal", "bit", func(t *Trace) float64 { return t.Surprisal }),
		traced("target_latency", "s", func(t *Trace) float64 { return t.Latency }),
	}
	if len(r.Traces) == 0 {
		out = nil
	}
	return append(out, r.labelSamples()...)
}

// Sample is raw numbers of one kind.
type Sample struct {
	Name, Unit string
	Values     []float64
}

// Metrics are the means of the samples, with intervals that take samples for independent
// (replications make better ones), and what has no samples.
func (r *Result) Metrics() []stat.Metric {
	var out []stat.Metric
	for _, s := range r.Samples() {
		out = append(out, stat.Mean(s.Name+"_mean", s.Unit, s.Values))
	}
	if r.Exact && len(r.Traces) > 0 {
		out = append(out, r.calibration())
	}
	out = append(out, single("path_compromised", "1", r.Compromised))
	if r.Latency.N() > 0 {
		out = append(out, single("latency_mean", "s", r.MeanLatency),
			single("latency_sd", "s", r.Latency.SD()))
		for _, q := range []float64{0.5, 0.9, 0.99} {
			out = append(out,
				single(fmt.Sprintf("latency_p%.0f", 100*q), "s", r.Latency.Quantile(q)))
		}
	}
	return out
}

func single(name, unit string, value float64) stat.Metric {
	return stat.Metric{
		Name: name, Unit: unit, Value: value, StdErr: math.Inf(1), Lo: math.Inf(-1),
		Hi: math.Inf(1), N: 1, Method: "one replication",
	}
}

// calibration is the mean of Surprisal − Shannon over targets. For an exact trace its expectation
// is 0, whatever the network: an observer whose posterior is right is as surprised as it expects to
// be. It is the best test of all. The standard error is the one that the posteriors predict, which
// is sharper than that of a sample of skew numbers.
func (r *Result) calibration() stat.Metric {
	var d stat.Running
	variance := 0.0
	for i := range r.Traces {
		d.Add(r.Traces[i].Surprisal - r.Traces[i].Shannon)
		variance += r.Traces[i].Varentropy
	}
	m := stat.FromRunning("calibration", "bit", d)
	m.StdErr = math.Sqrt(variance) / max(1, float64(m.N))
	m.Lo, m.Hi, m.Method = m.Value-2*m.StdErr, m.Value+2*m.StdErr, "variance of the posteriors"
	return m
}
