package des

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"murmuration/sim/trace"
)

func TestValidateRefuses(t *testing.T) {
	t.Parallel()
	if err := usual(ours()).Validate(); err != nil {
		t.Fatal(err) // the control
	}
	bad := map[string]func(*Config){
		"no clients":           func(c *Config) { c.Clients = 0 },
		"seven layers":         func(c *Config) { c.Layers = 7 },
		"no width":             func(c *Config) { c.Width = 0 },
		"too many nodes":       func(c *Config) { c.Width = 1 << 15 },
		"negative delay":       func(c *Config) { c.MeanHop = -1 },
		"no duration":          func(c *Config) { c.Duration = 0 },
		"half a session":       func(c *Config) { c.OnlineFor = time.Hour },
		"cap below one":        func(c *Config) { c.DelayCap = 0.5 },
		"loss above one":       func(c *Config) { c.Loss = 1.5 },
		"loss no number":       func(c *Config) { c.Loss = math.NaN() },
		"work without payload": func(c *Config) { c.PayloadEvery = 0 },
		"pull without period":  func(c *Config) { c.Retrieval = Pull },
		"unknown retrieval":    func(c *Config) { c.Retrieval = 9 },
		"too many members":     func(c *Config) { c.Groups.Size = 41 },
		"posts without time":   func(c *Config) { c.Groups.Every = 0 },
		"boxes without places": func(c *Config) { c.Boxes.Watched = 0 },
		"too many places":      func(c *Config) { c.Boxes.Watched = 65 },
		"two providers":        func(c *Config) { c.Providers = 2 },
		"polling uncovered":    func(c *Config) { c.NoCover = true },
		"attack on nobody":     func(c *Config) { c.Attacks = []Attack{{Node: 10, From: -1}} },
		"attack ends early": func(c *Config) {
			c.Attacks = []Attack{{From: -1, Start: 2, End: 1}}
		},
		"too many friends":     func(c *Config) { c.Messages.Friends = 40 },
		"senders from nowhere": func(c *Config) { c.Messages.Senders = 41 },
		"endless tries":        func(c *Config) { c.Requests.Tries = 256 },
		"messages with boxes":  func(c *Config) { c.Messages.Every = time.Second },
		"group of one":         func(c *Config) { c.Groups.Size = 1 },
		"strategy unknown":     func(c *Config) { c.Groups.Strategy = 3 },
		"unicast with boxes":   func(c *Config) { c.Groups.Strategy = Unicast },
		"bundled exchange":     func(c *Config) { c.Groups.Bundle = 2 },
		"burst too long":       func(c *Config) { c.Groups.Burst = 2000 },
		"hand over a box":      func(c *Config) { c.Groups.Timeout = 1 },
		"more writers":         func(c *Config) { c.Groups.Writers = 3 },
		"steep Zipf":           func(c *Config) { c.Messages.Zipf = 11 },
		"attack unknown":       func(c *Config) { c.Attacks = []Attack{{Kind: 9, From: -1}} },
		"attack too much":      func(c *Config) { c.Attacks = []Attack{{Share: 2, From: -1}} },
		"attack on client":     func(c *Config) { c.Attacks = []Attack{{Target: 40, From: -1}} },
		"negative region":      func(c *Config) { c.Regions = []time.Duration{-1} },
		"spool of nothing":     func(c *Config) { c.SpoolLimit = 0 },
		"tries of nothing":     func(c *Config) { c.Requests.Tries = 0 },
		"decoys without life":  func(c *Config) { c.Boxes.DecoyLife = 0 },
		"tap of nothing":       func(c *Config) { c.Tap, c.PacketSize = new(trace.Buffer), 0 },
		"odd regions":          func(c *Config) { c.Regions = make([]time.Duration, 3) },
		"wide spread":          func(c *Config) { c.LinkSpread = time.Second },
	}
	for name, spoil := range bad {
		c := usual(ours())
		spoil(&c)
		if _, err := Run(t.Context(), c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Scaling all times scales all latencies: nothing in the engine has a time of its own.
func TestTimeScales(t *testing.T) {
	t.Parallel()
	// Times are whole nanoseconds: once in ten thousand networks two packets come within the same
	// one, take each other's draws, and the two runs are different samples from there on.
	others, exact := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		c := Config{
			Seed: rapid.Uint64().Draw(r, "seed"), Duration: 2 * time.Minute, Drain: time.Minute,
			Clients: rapid.IntRange(2, 30).Draw(r, "clients"), Providers: 2,
			Layers:  rapid.IntRange(1, 4).Draw(r, "layers"),
			Width:   rapid.IntRange(1, 3).Draw(r, "width"),
			MeanHop: 512 * time.Millisecond, PayloadEvery: time.Second,
			Hops: rapid.Bool().Draw(r, "hops"), Messages: Messages{Every: 4 * time.Second},
		}
		a := run(t, c)
		const k = 4 // a power of two, so that rounding is the same
		c.Duration, c.Drain, c.MeanHop = k*c.Duration, k*c.Drain, k*c.MeanHop
		c.PayloadEvery, c.Messages.Every = k*c.PayloadEvery, k*c.Messages.Every
		b := run(t, c)
		x, y := value(t, a, "latency_s_mean"), value(t, b, "latency_s_mean")
		if math.Abs(y-k*x) > 0.1*y {
			r.Errorf("latency %v became %v when all times were multiplied by %d", x, y, k)
		}
		if math.Abs(y-k*x) > 1e-5*y {
			others++
		} else {
			exact++
		}
	})
	if others > 1+exact/1000 {
		t.Errorf("in %d of %d networks latency did not scale with time", others, others+exact)
	}
}
