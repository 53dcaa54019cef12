package level

import (
	"context"
	"fmt"
	"time"

	"murmuration/sim/des"
	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// follow runs one replication with a tap on every link and traces messages through the mixes,
// evenly spread over those that entered in the middle of the run, so that all of their posterior is
// inside.
func (p eventPlan) follow(ctx context.Context) (Replication, error) {
	config, tap := p.config, p.tap()
	config.Tap, config.Labels = tap, true
	result, err := des.Run(ctx, config)
	if err != nil {
		return Replication{}, err
	}
	r := p.collect(result)
	mixing := func(node int32) bool {
		return int(node) >= config.Providers && node < config.Parties().Nodes
	}
	from, to := int64(config.Warmup), traceable(config.Warmup+config.Duration, config.MeanHop,
		config.Layers)
	targets := entries(tap.Events, &result.Labels, mixing, from, to, p.targets)
	tracer := trace.Tracer{Parties: config.Parties(), Mixing: mixing, Link: int64(config.Link)}
	guesses, err := tracer.Trace(tap.Events, targets)
	if err != nil {
		return r, fmt.Errorf("tracing messages: %w", err)
	}
	metrics, samples := entropies(guesses, &result.Labels)
	r.Metrics = append(r.Metrics, metrics...)
	if p.samples {
		r.Samples = append(r.Samples, samples)
	}
	return r, nil
}

// traceable is until when a packet may enter the mixes so that all of its posterior is out by the
// end.
func traceable(end, meanHop time.Duration, layers int) int64 {
	return int64(end) - 20*int64(meanHop)*int64(layers)
}

// entries picks events, from a time to another, in which a message enters the first mix.
func entries(
	events []trace.Event, l *trace.Labels, mixing func(int32) bool, from, to int64, count int,
) []int {
	var all []int
	for i, e := range events {
		if e.At >= from && e.At < to && mixing(e.To) && !mixing(e.From) && l.Packets[i] >= 0 {
			all = append(all, i)
		}
	}
	if len(all) <= count {
		return all
	}
	picked := make([]int, count)
	for i := range picked {
		picked[i] = all[i*len(all)/count]
	}
	return picked
}

func entropies(guesses []trace.Guess, l *trace.Labels) ([]stat.Metric, Sample) {
	shannon := Sample{Name: "shannon_bits"}
	var surprisal []float64
	for _, g := range guesses {
		if s, ok := trace.Surprise(g, l); ok {
			shannon.Values = append(shannon.Values, g.Entropy)
			surprisal = append(surprisal, s)
		}
	}
	var calibration stat.Running
	for i, h := range shannon.Values {
		calibration.Add(surprisal[i] - h)
	}
	return []stat.Metric{stat.Mean("shannon_bits_mean", "bits", shannon.Values),
		stat.Mean("surprisal_bits_mean", "bits", surprisal),
		stat.FromRunning("calibration_bits", "bits", calibration)}, shannon
}
