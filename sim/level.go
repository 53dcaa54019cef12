package sim

import (
	"context"
	"fmt"
	"math"
	"strings"

	"murmuration/sim/scenario"
	"murmuration/sim/stat"
	"murmuration/sim/theory"
)

// engine is one level of simulation.
type engine struct {
	replicate func(ctx context.Context, c scenario.Cell, index int) (Replication, error)
	memory    func(s scenario.Scenario) float64 // bytes that one replication needs at most, roughly
	validate  func(c scenario.Cell) error       // what the engine cannot do, known before any work
}

func engineOf(level string) engine { return engines[level] }

var engines = map[string]engine{
	"theory": {closedForm, func(scenario.Scenario) float64 { return 1 << 20 }, checkFormula},
}

func replicate(ctx context.Context, c scenario.Cell, index int) (Replication, error) {
	r, err := engineOf(c.Scenario.Level).replicate(ctx, c, index)
	r.Cell, r.Index = c.Index, index
	return r, err
}

// Check refuses what an engine cannot do and what would need more memory than a scenario allows, cell by cell and before
// any work. Whatever the file itself shows to be wrong was refused when it was read.
func Check(f *scenario.File, o Options) error {
	var all scenario.Problems
	for _, c := range f.Cells {
		if err := engineOf(c.Scenario.Level).validate(c); err != nil && len(all) < 10 {
			reason, hint, _ := strings.Cut(err.Error(), "\n")
			all = append(all, scenario.Problem{File: f.Path, Reason: strings.TrimSpace(reason + " " + inCell(c)), Hint: strings.TrimSpace(hint)})
		}
	}
	if len(all) > 0 {
		return all
	}
	return refuseMemory(f, o)
}

func inCell(c scenario.Cell) string {
	if len(c.Params) == 0 {
		return ""
	}
	return fmt.Sprintf("(in cell %d %s)", c.Index, c.Label())
}

// checkFormula takes the value already: that costs little, and only the formula knows its domain.
func checkFormula(c scenario.Cell) error {
	_, err := evaluate(c.Scenario)
	return err
}

func closedForm(_ context.Context, c scenario.Cell, _ int) (Replication, error) {
	metrics, err := evaluate(c.Scenario)
	return Replication{Metrics: metrics}, err
}

// theoryOf is what theory says of a cell that was simulated: nothing outside its domain.
func theoryOf(s scenario.Scenario) (metrics []stat.Metric) {
	if s.Level == "theory" || s.Mix.Kind != "poisson" {
		return nil
	}
	add := func(name, unit string, v float64, err error) {
		if err == nil && !math.IsNaN(v) {
			metrics = append(metrics, exact(name+"_theory", unit, v))
		}
	}
	if (s.Topology.Kind == "stratified" || s.Topology.Kind == "ring" && s.Level == "flow") && s.Adversary.Corrupt == 0 && s.Adversary.Observe == "global" && s.Mix.Dummies.PerSecond == 0 {
		h, err := entropyOf(s)
		add("shannon_bits_mean", "bits", h, err)
	}
	if e, ok := pathDelay(s); ok {
		mean, err := e.Mean()
		add("latency_s_mean", "s", mean, err)
		for _, percent := range []int{50, 90, 99} {
			q, err := e.Quantile(float64(percent) / 100)
			add(fmt.Sprintf("latency_s_p%d", percent), "s", q, err)
		}
	}
	return metrics
}

// pathDelay is the delay of a way through the network where nothing but mixes and links takes time, as in the flow
// engine with Poisson mixes and constant links.
func pathDelay(s scenario.Scenario) (theory.Erlang, bool) {
	if s.Level != "flow" || s.Mix.Kind != "poisson" || s.Link.Kind != "constant" {
		return theory.Erlang{}, false
	}
	return theory.Erlang{Hops: s.Topology.Layers, MeanHop: s.Mix.MeanDelay.Seconds(), Fixed: float64(s.Topology.Layers+1) * s.Link.Delay.Seconds()}, true
}

// LatencyTheory is the distribution function of the latency in a cell, where theory knows it.
func LatencyTheory(s scenario.Scenario) (cdf func(seconds float64) (float64, error), known bool) {
	e, known := pathDelay(s)
	return e.CDF, known
}

func entropyOf(s scenario.Scenario) (float64, error) {
	mean := s.Mix.MeanDelay.Seconds()
	if s.Topology.Layers == 1 {
		return theory.PoissonMix(s.Clients.Rate.PerSecond * mean / float64(s.Topology.Width))
	}
	return theory.Stratified{Layers: s.Topology.Layers, Width: s.Topology.Width, Rate: s.Clients.Rate.PerSecond, MeanHop: mean}.Entropy()
}
