package flow

import (
	"context"
	"fmt"
	"math"
	"testing"

	"murmuration/sim/groundtruth"
	"murmuration/sim/stat"
)

// rows of one figure; the first alone under the race detector.
func rows(id string) []groundtruth.Row {
	found := groundtruth.Find(id)
	if racing {
		return found[:1]
	}
	return found
}

func run(t testing.TB, c Config, seed uint64) *Result {
	t.Helper()
	r, err := Run(context.Background(), c, seed, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Traces) != c.Targets && c.SenderRate == 0 {
		t.Fatalf("%d traces of %d targets", len(r.Traces), c.Targets)
	}
	if r.Exact && len(r.Traces) >= 8 {
		calibrated(t, r)
	}
	return r
}

// calibrated checks the calibration identity: a run of this suite may be off by five standard
// errors.
func calibrated(t testing.TB, r *Result) {
	t.Helper()
	if m := r.calibration(); math.Abs(m.Value) > 5*m.StdErr+1e-3 {
		t.Errorf("the observer is %.3f ± %.3f bit more surprised than it expects", m.Value,
			m.StdErr)
	}
}

func shannon(r *Result) stat.Metric {
	for _, m := range r.Metrics() {
		if m.Name == "shannon_mean" {
			return m
		}
	}
	return stat.Metric{}
}

// poisson runs one Poisson mix.
func poisson(rho float64, targets int) Config {
	return Config{Layers: 1, Width: 1, Mix: Mix{MeanDelay: 1}, Rate: rho, Targets: targets}
}

func TestOneMixIsExact(t *testing.T) {
	for _, r := range rows("G5") {
		var rho float64
		fmt.Sscanf(r.Setup, "one Poisson mix, rho=lambda/mu=%g,", &rho)
		m := shannon(run(t, poisson(rho, 2000/(1+int(rho/10))), 1))
		if math.Abs(m.Value-r.Value) > r.Errors()*m.StdErr {
			t.Errorf("rho %g: %.4f ± %.4f, exact %.4f", rho, m.Value, m.StdErr, r.Value)
		}
		if wrong := r.Value + 10*m.StdErr; math.Abs(m.Value-wrong) < r.Errors()*m.StdErr {
			t.Errorf("control: an entropy wrong by ten standard errors passes")
		}
	}
}

// reproduces checks a published mean against independent replications, as `murmur sim verify` does.
func reproduces(t *testing.T, r groundtruth.Row, c Config, replications int) {
	t.Helper()
	results, err := Replicate(context.Background(), c, 1, 0, 0, replications, 2)
	if err != nil {
		t.Fatal(err)
	}
	var h stat.Running
	for _, result := range results {
		h.Add(shannon(result).Value)
		if result.Exact {
			calibrated(t, result)
		}
	}
	if h.StdErr() > r.Allowed()/3 {
		t.Errorf("%s %s: standard error %.4f, allowed %.4f", r.ID, r.Setup, h.StdErr(),
			r.Allowed()/3)
	}
	if diff := h.Mean() - r.Value; math.Abs(diff) > r.Allowed() {
		t.Errorf("%s %s: %.4f ± %.4f, published %.4f", r.ID, r.Setup, h.Mean(), h.StdErr(), r.Value)
	}
}

// mixim is a set-up of MiXiM: links of 50 ms, and what they leave of the end-to-end delay shared by
// the layers.
func mixim(layers, width int, rate, endToEnd float64, targets int) Config {
	const link = 0.05
	hop := (endToEnd - float64(layers+1)*link) / float64(layers)
	return Config{
		Layers: layers, Width: width, Mix: Mix{MeanDelay: hop}, Link: Link{link, link}, Rate: rate,
		Targets: targets,
	}
}

func TestMiXiMFig7a(t *testing.T) {
	for _, r := range rows("F1") {
		var layers, width int
		var rate, endToEnd float64
		if _, err := fmt.Sscanf(r.Setup,
			"stratified layers=%d width=%d net_rate=%f/s link=50ms mean_hop=(%fs", &layers, &width,
			&rate, &endToEnd); err != nil {
			t.Fatal(err)
		}
		if endToEnd <= 1 && layers%2 == 1 { // the others are in `just verify`
			reproduces(t, r, mixim(layers, width, rate, endToEnd, int(8/endToEnd)), 5)
		}
	}
}

func TestMiXiMFig8(t *testing.T) {
	for _, r := range rows("F3") {
		var width int
		if _, err := fmt.Sscanf(r.Setup,
			"stratified layers=3 width=%d net_rate=5000/s end_to_end=1s", &width); err != nil {
			t.Fatal(err)
		}
		if width%30 == 10 { // the others are in `just verify`
			reproduces(t, r, mixim(3, width, 5000, 1, 8), 4)
		}
	}
}

// MiXiM's link-based dummies are made by all mixes but those of the last layer, at the stated rate
// together; each of these mixes always holds the next one ready in its pool, where it counts.
func TestMiXiMFig9(t *testing.T) {
	for _, r := range rows("F4") {
		var dummies float64
		if _, err := fmt.Sscanf(r.Setup,
			"stratified layers=3 width=50 net_rate=100/s end_to_end=1s link-based dummies=%f/s",
			&dummies); err != nil {
			t.Fatal(err)
		}
		c := mixim(3, 50, 100, 1, 40)
		if dummies > 0 {
			c.Cover = LinkDummies(c.Layers, dummies)
		}
		reproduces(t, r, c, 8)
	}
}

func TestLoopixFig4(t *testing.T) {
	for _, r := range rows("F7") {
		var lambda, mu float64
		if _, err := fmt.Sscanf(r.Setup, "Loopix Fig 4 set-up: one mix lambda=%g mu=%g", &lambda,
			&mu); err != nil {
			t.Fatal(err)
		}
		c := poisson(lambda, 16+int(12_000*mu/lambda))
		c.Rate, c.Mix.MeanDelay = lambda, 1/mu
		reproduces(t, r, c, 6)
	}
}

func TestBinomialMixRow(t *testing.T) {
	for _, r := range rows("G13") {
		var m, p float64
		if _, err := fmt.Sscanf(r.Setup, "timed binomial mix m=%g p=%g", &m, &p); err != nil {
			t.Fatal(err)
		}
		c := Config{
			Layers: 1, Width: 1, Mix: Mix{Strategy: Binomial, Every: 1, SendShare: p}, Rate: m,
			Targets: 200,
		}
		reproduces(t, r, c, 8)
	}
}

func TestThresholdPoolRow(t *testing.T) {
	for _, r := range rows("G11") {
		var in, kept int
		if _, err := fmt.Sscanf(r.Setup, "threshold pool mix N=%d in, n=%d kept", &in,
			&kept); err != nil {
			t.Fatal(err)
		}
		c := Config{
			Layers: 1, Width: 1, Mix: Mix{Strategy: Threshold, Threshold: in, Keep: kept}, Rate: 10,
			Targets: 20,
		}
		for _, d := range []Direction{forward, Backward} {
			c.Direction = d
			if m := shannon(run(t, c, 1)); math.Abs(m.Value-r.Value) > 1e-5 || m.SD > 1e-5 {
				t.Errorf("direction %d: %.6f ± %.6f, exact %.6f", d, m.Value, m.SD, r.Value)
			}
		}
	}
}

// cascadeOfPools is log2 of the batch and the entropy of a negative binomial number of flushes.
func cascadeOfPools(layers int, in, kept float64) float64 {
	stay := kept / (in + kept)
	p, h := math.Pow(1-stay, float64(layers)), math.Log2(in)
	for r := 0; p > 1e-15; r++ {
		h -= p * math.Log2(p)
		p *= stay * float64(r+layers) / float64(r+1)
	}
	return h
}

func TestTimedMixRow(t *testing.T) {
	for _, r := range rows("G12") {
		var mean float64
		if _, err := fmt.Sscanf(r.Setup, "timed mix, mean %g messages a round", &mean); err != nil {
			t.Fatal(err)
		}
		c := Config{
			Layers: 1, Width: 1, Mix: Mix{Strategy: Timed, Every: 1}, Rate: mean, Targets: 1000,
		}
		if m := shannon(run(t, c, 1)); math.Abs(m.Value-r.Value) > 5*m.StdErr {
			t.Errorf("%s: %.4f ± %.4f, exact %.4f", r.Setup, m.Value, m.StdErr, r.Value)
		}
	}
}

// partialDummies are MiXiM's partial-route dummies (Fig 9) at this nominal rate in packets/s: as
// LinkDummies, but each goes on to the last layer, which discards it. Here the paper's rate counts
// the mixes of the last layer, which make none: its numbers come out at the rate divided by all
// layers, those of LinkDummies at that of the layers that send.
func partialDummies(layers int, rate float64) []Cover {
	var streams []Cover
	for from := 1; from < layers; from++ {
		streams = append(streams,
			Cover{From: from, To: layers, Rate: rate / float64(layers), Standby: true})
	}
	return streams
}
