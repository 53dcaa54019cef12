package level

import (
	"context"
	"fmt"
	"math"

	"murmuration/sim/scenario"
	"murmuration/sim/stat"
	"murmuration/sim/theory"
)

// checkFormula takes the value already: that costs little, and only the formula knows its domain.
func checkFormula(c scenario.Cell) error {
	_, err := evaluate(c.Scenario)
	return err
}

func formulaMemory(scenario.Scenario) float64 { return 1 << 20 }

func runFormula(_ context.Context, c scenario.Cell, _ int) (Replication, error) {
	metrics, err := evaluate(c.Scenario)
	return Replication{Metrics: metrics}, err
}

// Expected is what theory says of a cell that was simulated: nothing outside its domain.
func Expected(s scenario.Scenario) (metrics []stat.Metric) {
	if s.Level == "theory" || s.Mix.Kind != "poisson" {
		return nil
	}
	add := func(name, unit string, v float64, err error) {
		if err == nil && !math.IsNaN(v) {
			metrics = append(metrics, Exact(name+"_theory", unit, v))
		}
	}
	if entropyKnown(s) {
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

// entropyKnown reports whether a network is one whose entropy has a closed form: nobody corrupt,
// all seen, no dummies.
func entropyKnown(s scenario.Scenario) bool {
	ours := s.Topology.Kind == "stratified" || s.Topology.Kind == "ring" && s.Level == "flow"
	seen := s.Adversary.Corrupt == 0 && s.Adversary.Observe == "global"
	return ours && seen && s.Mix.Dummies.PerSecond == 0
}

// pathDelay is the delay of a way through the network where nothing but mixes and links takes time,
// as in the flow engine with Poisson mixes and constant links.
func pathDelay(s scenario.Scenario) (theory.Erlang, bool) {
	if s.Level != "flow" || s.Mix.Kind != "poisson" || s.Link.Kind != "constant" {
		return theory.Erlang{}, false
	}
	layers := s.Topology.Layers
	return theory.Erlang{
		Hops: layers, MeanHop: s.Mix.MeanDelay.Seconds(),
		Fixed: float64(layers+1) * s.Link.Delay.Seconds(),
	}, true
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
	return theory.Stratified{
		Layers: s.Topology.Layers, Width: s.Topology.Width, Rate: s.Clients.Rate.PerSecond,
		MeanHop: mean,
	}.Entropy()
}
