// Package level holds the adapters between scenarios and what simulates them: each takes one cell
// to its level (closed forms, feed-forward Monte Carlo, discrete events, the real cores) and brings
// back what one replication measured, under the same names of metrics. It must not simulate
// anything itself, keep anything on disk, or decide how many replications there are.
package level

import (
	"context"
	"fmt"
	"io"
	"slices"

	"murmuration/sim/scenario"
	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// adapter takes cells to one level.
type adapter struct {
	run    func(ctx context.Context, c scenario.Cell, index int) (Replication, error)
	memory func(s scenario.Scenario) float64 // bytes that one replication needs at most, roughly
	refuse func(c scenario.Cell) error       // what the level cannot do, known before any work
	plan   func(c scenario.Cell) any         // all that it reads of a cell
}

// of returns the adapter of a scenario's level, which the scenario's reader has checked.
func of(s scenario.Scenario) adapter {
	switch s.Level {
	case "flow":
		return adapter{
			runFlow, flowMemory, checkFlow, func(c scenario.Cell) any { return planFlow(c) },
		}
	case "world":
		return adapter{
			runWorld, worldMemory, checkWorld, func(c scenario.Cell) any { return planWorld(c) },
		}
	case "des":
		return adapter{
			runEvents, eventMemory, checkEvents, func(c scenario.Cell) any { return planEvents(c) },
		}
	}
	return adapter{
		runFormula, formulaMemory, checkFormula,
		func(c scenario.Cell) any { return c.Scenario.Theory },
	}
}

// Run simulates one replication of a cell.
func Run(ctx context.Context, c scenario.Cell, index int) (Replication, error) {
	r, err := of(c.Scenario).run(ctx, c, index)
	r.Cell, r.Index = c.Index, index
	return r, err
}

// Validate refuses what a cell's level cannot do, before any work. Whatever the scenario itself
// shows to be wrong was refused when it was read. Of the error, what follows a line break is a
// hint.
func Validate(c scenario.Cell) error { return of(c.Scenario).refuse(c) }

// Memory is how many bytes one replication needs at most, roughly.
func Memory(s scenario.Scenario) float64 { return of(s).memory(s) }

// Replication is what one independent replication of one cell has measured.
type Replication struct {
	Cell, Index int
	Metrics     []stat.Metric
	Samples     []Sample

	Events, Packets int64 // the level's work; not kept in result folders
}

// Sample is a series of raw numbers of one metric, in the order in which they arose.
type Sample struct {
	Name   string // of its file, without extension; its unit comes last, as in latency_s
	Values []float64
}

// Metric returns the metric of a name.
func (r Replication) Metric(name string) (stat.Metric, bool) { return Metric(r.Metrics, name) }

// Metric returns the one of a name.
func Metric(metrics []stat.Metric, name string) (stat.Metric, bool) {
	i := slices.IndexFunc(metrics, func(m stat.Metric) bool { return m.Name == name })
	if i < 0 {
		return stat.Metric{}, false
	}
	return metrics[i], true
}

// Exact is a number without spread.
func Exact(name, unit string, value float64) stat.Metric {
	return stat.Metric{
		Name: name, Unit: unit, Value: value, Lo: value, Hi: value, N: 1, Method: "theory",
	}
}

// Trace is Run with what a watcher of all links sees written to links as a link trace. Only the
// levels "des" and "world" have links. Nobody attacks while a trace is written.
func Trace(ctx context.Context, c scenario.Cell, index int, links io.Writer) (Replication, error) {
	var parties trace.Parties
	var run func(tap trace.Sink) (Replication, error)
	switch c.Scenario.Level {
	case "des":
		p := planEvents(c).replication(index)
		parties = p.config.Parties()
		run = func(tap trace.Sink) (Replication, error) {
			p.config.Tap = tap
			return p.simulate(ctx)
		}
	case "world":
		p := planWorld(c)
		p.targets = 0
		parties = p.parties()
		run = func(tap trace.Sink) (Replication, error) { return p.simulate(ctx, index, tap) }
	default:
		return Replication{}, fmt.Errorf("level %q has no links to trace\n  Set level = \"des\".",
			c.Scenario.Level)
	}
	w, err := trace.NewWriter(links, trace.Header{Parties: parties})
	if err != nil {
		return Replication{}, fmt.Errorf("writing link trace: %w", err)
	}
	r, err := run(w)
	if err != nil {
		return r, err
	}
	r.Cell, r.Index = c.Index, index
	if err := w.Close(); err != nil {
		return r, fmt.Errorf("writing link trace: %w", err)
	}
	return r, nil
}
