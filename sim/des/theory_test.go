package des

import (
	"math"
	"testing"
	"time"

	"murmuration/sim/stat"
	"murmuration/sim/theory"
)

// small is a network that carries messages between pairs, with everything else off.
func small() Config {
	return Config{
		Seed: 7, Warmup: time.Minute, Duration: 20 * time.Minute, Clients: 50, Providers: 2,
		Layers: 3, Width: 2,
		MeanHop: time.Second, PayloadEvery: time.Second,
		Messages: Messages{Every: 4 * time.Second},
	}
}

// usual fills in what these tests do not look at.
func usual(c Config) Config {
	c.Drain = or(c.Drain, 10*time.Minute)
	c.SpoolLimit = or(c.SpoolLimit, 64)
	c.Queue = or(c.Queue, 1000)
	c.PacketSize = or(c.PacketSize, 2048)
	c.Requests.Tries = or(c.Requests.Tries, 16)
	c.Groups.Fanout = or(c.Groups.Fanout, 1)
	c.Groups.HeavyWeight = or(c.Groups.HeavyWeight, 1)
	c.Boxes.AgeScale = or(c.Boxes.AgeScale, time.Hour)
	c.Boxes.AgeCap = or(c.Boxes.AgeCap, 24*time.Hour)
	c.Boxes.DecoyLife = or(c.Boxes.DecoyLife, 6*time.Hour)
	return c
}

func run(t testing.TB, c Config) *Result {
	t.Helper()
	r, err := Run(t.Context(), usual(c))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func value(t testing.TB, r *Result, name string) float64 {
	t.Helper()
	m, ok := r.Metric(name)
	if !ok {
		t.Fatalf("no metric %s", name)
	}
	return m.Value
}

// near fails if a value is further from what theory says than a share of that.
func near(t *testing.T, what string, got, want, share float64) {
	t.Helper()
	if math.Abs(got-want) > share*math.Abs(want) {
		t.Errorf("%s is %v, theory says %v", what, got, want)
	}
}

// fits fails if an independent sample does not come from the distribution.
func fits(t *testing.T, what string, sample []float64, cdf func(float64) float64) {
	t.Helper()
	if len(sample) < 1000 {
		t.Fatalf("%s: only %d values", what, len(sample))
	}
	if _, p := stat.KolmogorovSmirnov(sample, cdf); p < 1e-4 {
		t.Errorf("%s does not fit, p = %g", what, p)
	}
	// The control: the same values, stretched by a tenth, must not fit.
	stretched := make([]float64, len(sample))
	for i, x := range sample {
		stretched[i] = 1.1 * x
	}
	if _, p := stat.KolmogorovSmirnov(stretched, cdf); p > 1e-4 {
		t.Errorf("%s: the test cannot tell a tenth, p = %g", what, p)
	}
}

// A client whose queue is M/M/1: the wait for a slot is exponential with rate λP - a.
// Waits in one queue depend on each other, so they are thinned first.
func TestClientQueueIsMM1(t *testing.T) {
	t.Parallel()
	c := small()
	c.Duration = time.Hour
	c.Messages.Every = 2 * time.Second
	c.Samples = 10000
	q := theory.ClientQueue{Wanted: 0.5, Slots: 1}
	mean, err := q.Sojourn()
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, c)
	near(t, "mean wait", value(t, r, "queue_wait_s_mean"), mean, 0.03)
	fits(t, "wait", r.sample("queue_wait"),
		func(x float64) float64 { return 1 - math.Exp(-x/mean) })
}

// Push delivery without link delay and almost without queue: Erlang over the mixes, whether
// hops are simulated or flown over, and with as many more hops as providers delay.
func TestLatencyIsErlang(t *testing.T) {
	t.Parallel()
	for _, hops := range []bool{false, true} {
		for _, ends := range []int{0, 1, 2} {
			c := small()
			c.Clients, c.Hops, c.Samples = 200, hops, 8000
			c.Messages.Every = 30 * time.Second
			c.Duration, c.Warmup, c.NoCover = 10*time.Minute, 0, true
			c.PayloadEvery = 100 * time.Millisecond
			c.EntryDelay, c.ExitDelay = ends > 0, ends > 1
			r := run(t, c)
			// The wait for the slot is known for itself: subtract its mean and variance.
			wait := theory.ClientQueue{Wanted: 1. / 30, Slots: 10}
			sojourn, _ := wait.Sojourn()
			path := theory.Erlang{Hops: 3 + ends, MeanHop: 1}
			mean, _ := path.Mean()
			sd, _ := path.SD()
			near(t, "mean", value(t, r, "latency_s_mean")-sojourn, mean, 0.03)
			near(t, "sd", value(t, r, "latency_s_sd"), math.Hypot(sd, sojourn), 0.05)
			q99, _ := path.Quantile(0.99)
			near(t, "p99", value(t, r, "latency_s_p99"), q99+sojourn, 0.06)
			if value(t, r, "delivered") != 1 {
				t.Error("messages were lost without loss")
			}
		}
	}
}

// Each mix is M/M/infinity.
func TestOccupancyIsPoisson(t *testing.T) {
	t.Parallel()
	c := small()
	c.Messages.Every, c.Hops = 0, true
	c.Clients, c.PayloadEvery = 20, time.Second
	c.Duration = 4 * time.Hour
	r := run(t, c)
	rho := 20.0 / 2 // all payload slots are drops, which pass one of two mixes of each layer
	seen := map[int]float64{}
	sample := r.sample("mix_occupancy")
	for _, n := range sample {
		seen[int(n)]++
	}
	var observed, expected, wrong []float64
	for n := range 40 {
		p, err := theory.Occupancy(rho, math.Inf(1), n)
		if err != nil {
			t.Fatal(err)
		}
		q, _ := theory.Occupancy(1.1*rho, math.Inf(1), n)
		observed = append(observed, seen[n])
		expected = append(expected, p*float64(len(sample)))
		wrong = append(wrong, q*float64(len(sample)))
	}
	if _, p, err := stat.ChiSquare(observed, expected, 0); err != nil || p < 1e-4 {
		t.Errorf("occupancy is not Poisson of mean %v: p = %g, %v", rho, p, err)
	}
	if _, p, _ := stat.ChiSquare(observed, wrong, 0); p > 1e-4 {
		t.Errorf("the test cannot tell a tenth, p = %g", p)
	}
}

// A mix with a processor is M/D/1: mean wait ρ·s/(2(1-ρ)) (Pollaczek and Khinchine).
func TestServiceIsMD1(t *testing.T) {
	t.Parallel()
	c := small()
	c.Messages.Every, c.Clients, c.Width = 0, 100, 1
	c.Service = 8 * time.Millisecond
	c.Duration = 30 * time.Minute
	rho := 100 * 0.008
	r := run(t, c)
	near(t, "mean wait", value(t, r, "mix_wait_s_mean"), rho*0.008/(2*(1-rho)), 0.04)
	if n := value(t, r, "packets_dropped_overload"); n != 0 {
		t.Errorf("%v packets found the queue full", n)
	}
	// Twice what it can serve: half is dropped, and the queue is full.
	c.Service, c.Queue, c.Duration = 20*time.Millisecond, 50, 20*time.Minute
	r = run(t, c)
	first := 100 * c.Duration.Seconds()
	near(t, "dropped", value(t, r, "packets_dropped_overload"), first/2, 0.02)
	near(t, "longest wait", value(t, r, "mix_wait_s_p99"), 50*0.02, 0.03)
}

// Loss is independent on each of the L+3 links: client up, L+1 between nodes, client down.
func TestLoss(t *testing.T) {
	t.Parallel()
	for _, hops := range []bool{false, true} {
		c := small()
		c.Loss, c.Hops, c.Drain = 0.05, hops, time.Minute
		r := run(t, c)
		near(t, "delivered", value(t, r, "delivered"), math.Pow(0.95, 6), 0.02)
	}
}

// Pulling waits half a period on average, uniformly.
func TestPullWait(t *testing.T) {
	t.Parallel()
	c := small()
	c.Retrieval, c.PullEvery, c.Samples = Pull, 3*time.Second, 4000
	r := run(t, c)
	fits(t, "wait in the spool", r.sample("spool_wait"),
		func(x float64) float64 { return min(x/3, 1) })
}

// In an exchange the spool is drained by every packet sent: arrivals λP+λL, service
// λP+λL+λD, mean wait 1/λD where what arrives is Poisson.
func TestExchangeDrains(t *testing.T) {
	quick(t)
	t.Parallel()
	c := small()
	c.Retrieval, c.Messages.Every = Exchange, 0
	c.LoopEvery, c.DropEvery = time.Second, 2*time.Second
	// Loops come home long after the frames that drained the spool when they were sent;
	// with ten seconds a hop they find it 3 % shorter, because bursts meet their own echo.
	c.MeanHop, c.Warmup, c.Duration = 2*time.Minute, time.Hour, 3*time.Hour
	c.PayloadEvery = 1000 * time.Second // drops, that bring nothing back
	c.Clients = 30
	r := run(t, c)
	near(t, "wait in the spool", value(t, r, "spool_wait_s_mean"), 2, 0.02)
	near(t, "loops", value(t, r, "loops_returned"), 1, 0.02)
	// The control: without the drop stream the queue is critical, and spools fill.
	c.DropEvery = 0
	if w := value(t, run(t, c), "spool_wait_s_mean"); w < 5 {
		t.Errorf("without the drop stream packets wait only %v s", w)
	}
}
