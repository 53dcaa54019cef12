package des

import (
	"bytes"
	"crypto/sha256"
	"math"
	"testing"
	"time"

	"murmuration/sim/flow"
	"murmuration/sim/stat"
	"murmuration/sim/theory"
	"murmuration/sim/trace"
)

// follow traces messages through the mixes of a tapped run and returns the entropies and
// surprises of the targets.
func follow(t *testing.T, c Config, every int) (entropy, surprise stat.Running) {
	t.Helper()
	b := &trace.Buffer{Parties: c.Parties()}
	c.Tap, c.Labels, c.Warmup = b, true, 0
	r := run(t, c)
	isMix := func(n int32) bool { return int(n) >= c.Providers }
	var targets []int
	seen := 0
	for i, e := range b.Events {
		into := e.To < b.Parties.Nodes && isMix(e.To) && !isMix(e.From)
		if into && r.Labels.Packets[i] >= 0 && e.At > int64(20*time.Second) {
			if seen++; seen%every == 0 {
				targets = append(targets, i)
			}
		}
	}
	guesses, err := trace.Tracer{Parties: b.Parties, Mixing: isMix, Link: int64(c.Link)}.Trace(
		b.Events, targets)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range guesses {
		if s, ok := trace.Surprise(g, &r.Labels); ok {
			surprise.Add(s)
			entropy.Add(g.Entropy)
		}
	}
	if entropy.N() < 200 {
		t.Fatalf("only %d targets", entropy.N())
	}
	return entropy, surprise
}

// The calibration identity: on average, the observer's surprise at the truth is the entropy
// that it claims.
func calibrated(t *testing.T, entropy, surprise stat.Running) {
	t.Helper()
	if diff, se := surprise.Mean()-entropy.Mean(), surprise.StdErr(); !(math.Abs(diff) < 4*se) {
		t.Errorf("mean surprise %v, mean entropy %v, standard error %v", surprise.Mean(),
			entropy.Mean(), se)
	}
}

func TestTracedEntropyIsExact(t *testing.T) {
	t.Parallel()
	const rho = 5
	c := small()
	c.Layers, c.Width, c.Clients, c.Duration = 1, 1, rho, 40*time.Minute
	entropy, surprise := follow(t, c, 3)
	calibrated(t, entropy, surprise)
	exact, err := theory.PoissonMix(rho)
	if err != nil {
		t.Fatal(err)
	}
	if diff := math.Abs(entropy.Mean() - exact); diff > 5*entropy.StdErr() {
		t.Errorf("mean entropy %v, exact %v, standard error %v", entropy.Mean(), exact,
			entropy.StdErr())
	}
	// The control: an observer who miscounts the packets inside is not calibrated.
	if math.Abs(surprise.Mean()-0.8*entropy.Mean()) < 4*surprise.StdErr() {
		t.Error("the test cannot tell a fifth")
	}
}

// The event engine and the flow engine agree on the entropy of a network, latencies and all.
func TestAgreesWithFlow(t *testing.T) {
	t.Parallel()
	c := small()
	c.Link, c.Duration = 50*time.Millisecond, 12*time.Minute
	entropy, surprise := follow(t, c, 10)
	calibrated(t, entropy, surprise)
	f, err := flow.Run(t.Context(), flow.Config{
		Layers: c.Layers, Width: c.Width, Mix: flow.Mix{MeanDelay: 1},
		Link: flow.Link{Min: 0.05, Max: 0.05},
		Rate: float64(c.Clients), Targets: 500,
	}, 1, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	var fast stat.Running
	for _, one := range f.Traces {
		fast.Add(one.Shannon)
	}
	se := math.Hypot(entropy.StdErr(), fast.StdErr())
	if diff := math.Abs(entropy.Mean() - fast.Mean()); diff > 4*se || se > 0.05 {
		t.Errorf("mean entropy %v by events, %v by flow, standard error %v", entropy.Mean(),
			fast.Mean(), se)
	}
}

// One seed, one trace, byte for byte; and the file holds what the tap saw.
func TestTraceFileIsReproducible(t *testing.T) {
	t.Parallel()
	write := func(replication uint64) []byte {
		c := ours()
		c.Warmup, c.Duration, c.Drain, c.Replication = 0, time.Minute, time.Second, replication
		var out bytes.Buffer
		w, err := trace.NewWriter(&out, trace.Header{Parties: c.Parties()})
		if err != nil {
			t.Fatal(err)
		}
		c.Tap = w
		run(t, c)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	first := write(0)
	if !bytes.Equal(first, write(0)) {
		t.Error("two traces of one seed differ")
	}
	t.Logf("trace events is %x", sha256.Sum256(first)) // for `just traces`
	if bytes.Equal(first, write(1)) {
		t.Error("traces of two replications are the same")
	}
	head, events, err := trace.ReadAll(bytes.NewReader(first), 0)
	c := ours()
	if err != nil || head.Parties != c.Parties() || len(events) < 1000 {
		t.Errorf("%d events of %+v, %v", len(events), head.Parties, err)
	}
}

// A tap that fails ends the run with its error.
func TestTapFails(t *testing.T) {
	t.Parallel()
	c := small()
	c.Tap = &trace.Buffer{Parties: c.Parties(), Limit: 100}
	if _, err := Run(t.Context(), usual(c)); err == nil {
		t.Error("a full tap went unnoticed")
	}
}
