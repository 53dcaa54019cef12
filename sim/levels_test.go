package sim

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"murmuration/sim/result"
	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// Both engines with randomness: same bytes on one core and many, other bytes with another seed, and
// a replayed replication is the one that was kept.
func TestEnginesAreReproducible(t *testing.T) {
	for level, text := range map[string]string{
		"des":     "level = \"des\"" + engines2,
		"tracing": "level = \"des\"" + engines2 + "[adversary]\nattack = \"tracing\"\n",
		"flow": strings.NewReplacer("kind = \"messages\"\nevery = \"5s\"", "", "[workload]", "",
			"duration = \"2min\"", "").Replace(engines2),
	} {
		dir := run(t, text, Options{Workers: 1})
		if d := difference(contents(t, dir), contents(t, run(t, text, Options{Workers: 3}))); d !=
			"" {
			t.Errorf("%s: %s differs", level, d)
		}
		if difference(contents(t, dir),
			contents(t, run(t, strings.Replace(text, "seed = 7", "seed = 8", 1), Options{}))) ==
			"" {
			t.Errorf("%s: another seed gives the same bytes", level)
		}
		kept, err := result.Kept(dir, parse(t, text), 0, 2)
		if err != nil {
			t.Fatal(err)
		}
		other := parse(t, strings.Replace(text, "seed = 7", "seed = 8", 1))
		if _, err := result.Kept(dir, other, 0, 2); err == nil {
			t.Errorf("%s: a folder of another scenario is compared with", level)
		}
		again, err := result.Replay(t.Context(), parse(t, text), 0, 2, nil)
		if err != nil || !result.Same(again, kept) {
			t.Errorf("%s: replayed replication differs: %v", level, err)
		}
		calibrated(t, dir)
	}
}

// calibrated checks the calibration identity wherever a run has traced: within five standard
// errors.
func calibrated(t *testing.T, dir string) {
	t.Helper()
	results, err := result.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if m, ok := r.Metric("calibration_bits"); ok && math.Abs(m.Value) > 5*m.StdErr+0.05 {
			t.Errorf("%s: calibration %g ± %g", r.Cell.Label(), m.Value, m.StdErr)
		}
	}
}

func TestReplayWritesALinkTrace(t *testing.T) {
	var links bytes.Buffer
	f := parse(t, "level = \"des\""+engines2)
	if _, err := result.Replay(t.Context(), f, 0, 0, &links); err != nil {
		t.Fatal(err)
	}
	h, events, err := trace.ReadAll(&links, 1<<20)
	if err != nil || len(events) < 1000 || h.Clients != 40 {
		t.Errorf("%d events of %+v, %v", len(events), h, err)
	}
	for _, cell := range []int{-1, 1} {
		if _, err := result.Replay(t.Context(), f, cell, 0, nil); err == nil {
			t.Errorf("cell %d was replayed", cell)
		}
	}
}

func TestBench(t *testing.T) {
	speeds, err := BenchScenario(t.Context(), parse(t, "level = \"des\""+engines2))
	if err != nil || len(speeds) != 1 || speeds[0].Events == 0 || speeds[0].Packets == 0 ||
		speeds[0].Peer == "" {
		t.Errorf("%+v, %v", speeds, err)
	}
}

// A level is checked against the one above: the flow engine and a traced event run of the same
// network agree on entropy, and both on what theory says of its latency.
func TestLevelsAgree(t *testing.T) {
	const network = `
[topology]
kind = "ring"
layers = 2
width = 2
[mix]
mean_delay = "500ms"
[clients]
count = 40
payload_every = "1s"
retrieval = "push"
[measure]
targets = 400
[replicate]
min = 4
`
	mean := func(text, metric string) stat.Metric {
		results, err := result.Read(run(t, text, Options{}))
		if err != nil {
			t.Fatal(err)
		}
		m, ok := results[0].Metric(metric)
		if !ok {
			t.Fatalf("no %s", metric)
		}
		return m
	}
	flow := mean("level = \"flow\""+network, "shannon_bits_mean")
	const traced = "[time]\nduration = \"10min\"\n[workload]\nkind = \"messages\"\nevery = " +
		"\"10s\"\n[adversary]\nattack = \"tracing\"\n"
	des := mean("level = \"des\""+network+traced, "shannon_bits_mean")
	if d := math.Abs(flow.Value - des.Value); d > 5*math.Hypot(flow.StdErr, des.StdErr) {
		t.Errorf("flow %g ± %g, des %g ± %g", flow.Value, flow.StdErr, des.Value, des.StdErr)
	}
	other := mean("level = \"flow\""+strings.Replace(network, "500ms", "700ms", 1),
		"shannon_bits_mean")
	if d := math.Abs(other.Value - des.Value); d < 5*math.Hypot(other.StdErr, des.StdErr) {
		t.Errorf("the control passes: delays of 700 ms give %g, of 500 ms %g", other.Value,
			des.Value)
	}
	latency, theory := mean("level = \"flow\""+network, "latency_s_mean"), mean(
		"level = \"flow\""+network, "latency_s_mean_theory")
	if d := math.Abs(latency.Value - theory.Value); d > 5*latency.StdErr+0.01 {
		t.Errorf("latency %g ± %g, theory %g", latency.Value, latency.StdErr, theory.Value)
	}
}
