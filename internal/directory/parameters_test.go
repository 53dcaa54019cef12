package directory

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDefaults(t *testing.T) {
	for _, suite := range []string{"xwing", "x25519"} {
		p, err := Defaults(suite)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.ValidateFor(3); err != nil {
			t.Error(err)
		}
		if p.Ciphertext() != 8272 || p.Request() != 8404 || p.Hops() != 9 {
			t.Errorf("%s: ciphertext %d, request %d, %d hops", suite, p.Ciphertext(), p.Request(),
				p.Hops())
		}
	}
	if _, err := Defaults("rot13"); err == nil {
		t.Error("defaults for a suite that does not exist")
	}
}

// Each case breaks one rule, which the error names by the key of the preset; the first is the
// control.
func TestParametersValidate(t *testing.T) {
	cases := []struct {
		key    string
		change func(p *Parameters)
		says   string
	}{
		{"", func(*Parameters) {}, ""},
		{"suite", func(p *Parameters) { p.Suite = "rot13" }, "rot13"},
		{"layers", func(p *Parameters) { p.Layers = 0 }, "is 0"},
		{"box_plaintext", func(p *Parameters) { p.BoxPlaintext = 64 }, "is 64"},
		{"stream_per_day", func(p *Parameters) { p.StreamPerDay = 0 }, "is 0"},
		{"replicas", func(p *Parameters) { p.Replicas = 0 }, "is 0"},
		{"retention_days", func(p *Parameters) { p.RetentionDays = 100 }, "is 100"},
		{"clients", func(p *Parameters) { p.Clients = 0 }, "is 0"},
		{"fetch_load", func(p *Parameters) { p.FetchLoad = math.NaN() }, "NaN"},
		{"fetch_load", func(p *Parameters) { p.FetchLoad = 1 }, "is 1"},
		{"fetch_load", func(p *Parameters) { p.FetchLoad = 0.12345 }, "thousandths"},
		{"mean_hop_delay", func(p *Parameters) { p.MeanHopDelay = 0 }, "is 0s"},
		{"mean_hop_delay", func(p *Parameters) { p.MeanHopDelay += time.Microsecond },
			"whole milliseconds"},
		{"payload_every", func(p *Parameters) { p.PayloadEvery = -time.Second }, "is -1s"},
		{"loop_every", func(p *Parameters) { p.LoopEvery = 25 * time.Hour }, "is 25h0m0s"},
		{"hop_delay_limit", func(p *Parameters) { p.HopDelayLimit = 4 * p.MeanHopDelay },
			"five times"},
		{"drop_every", func(p *Parameters) { p.DropEvery = time.Minute }, "(λP + λL)/4"},
		{"epoch_length", func(p *Parameters) { p.HopDelayLimit = 51 * time.Second },
			"9 delays of at most 51s"},
		{"epoch_length", func(p *Parameters) {
			p.EpochLength, p.Grace = 9*time.Hour,
				9*time.Hour/4
		}, "is 9h0m0s"},
		{"epoch_length", func(p *Parameters) { p.Grace = time.Minute }, "quarter"},
		{"epoch_length", func(p *Parameters) { p.EpochLength += 4 * time.Millisecond },
			"multiple of 8ms"},
	}
	for _, c := range cases {
		p, _ := Defaults("xwing")
		c.change(&p)
		err := p.Validate()
		var rule *RuleError
		switch {
		case c.key == "" && err != nil:
			t.Error(err)
		case c.key != "" && (!errors.As(err, &rule) || rule.Key() != c.key ||
			!strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: got %v", c.key, err)
		}
	}
}

func TestValidateJoinsAllErrors(t *testing.T) {
	err := (Parameters{}).Validate()
	for _, key := range []string{"suite", "layers", "mean_hop_delay", "epoch_length"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("%s is missing in %v", key, err)
		}
	}
}

func TestValidateFor(t *testing.T) {
	p, _ := Defaults("xwing")
	if err := p.ValidateFor(1); err == nil || !strings.Contains(err.Error(), "replicas") {
		t.Error(err)
	}
	// 1,728 clients with 300 writes a day: 6 a second over 6 pairs, one a second each.
	if p.Clients = 1728; p.ValidateFor(3) != nil {
		t.Error(p.ValidateFor(3))
	}
	if p.Clients = 1729; p.ValidateFor(3) == nil {
		t.Error("replication is too slow for 1,729 clients")
	}
	p.Clients, p.ReplicateEvery = 1000, 1875*time.Millisecond // 16 boxes in 15 s to two others
	if err := p.ValidateFor(3); err == nil || strings.Contains(err.Error(), "may list") {
		t.Errorf("that much can be passed on: %v", err)
	}
	p.ReplicateEvery += time.Millisecond
	if err := p.ValidateFor(3); err == nil ||
		!strings.Contains(err.Error(), "may list 16 boxes every 15s") ||
		!strings.Contains(err.Error(), "with a frame every 1.875s") {
		t.Errorf("more boxes are listed than passed on: %v", err)
	}
	if rate := p.writesPerPair(1728, 3); math.Abs(rate-1) > 1e-12 {
		t.Errorf("%v writes per second", rate)
	}
}

// TestReplicateAmong: frames are as rare as the network's size allows, and never too rare for what
// may have to go on.
func TestReplicateAmong(t *testing.T) {
	p, _ := Defaults("xwing")
	const ms = time.Millisecond
	for providers, want := range map[int]time.Duration{
		1: 7500 * ms, 2: 500 * ms, 3: 864 * ms, 5: 2880 * ms, 10: 7500 * ms, 100: 7500 * ms,
	} {
		if got := p.ReplicateAmong(providers); got != want {
			t.Errorf("%d providers: a frame every %s, want %s", providers, got, want)
		}
	}
	for providers := 2; providers < 40; providers++ {
		for _, clients := range []int{1, 1000, 30_000} {
			p.Clients = clients
			every := p.ReplicateAmong(providers).Seconds()
			carried := every*max(2*p.writesPerPair(clients, providers),
				p.listedPerPair(providers)) < 1+1e-9
			if every > 7.5 || every > 0.5 && !carried {
				t.Errorf("%d providers, %d clients: a frame every %v s", providers, clients, every)
			}
		}
	}
	p.Clients = 1000
	d := Document{Parameters: p, Storing: []StoringSet{
		{Nodes: make([]NodeID, 2)}, {Nodes: make([]NodeID, 5)}, {Nodes: make([]NodeID, 4)}}}
	for range 10 {
		d.Nodes = append(d.Nodes, Node{Role: RoleProvider})
	}
	if d.ReplicateEvery() != p.ReplicateAmong(4) || p.ReplicateAmong(4) == p.ReplicateAmong(5) {
		t.Errorf("10 providers, 4 of which store tomorrow: a frame every %s", d.ReplicateEvery())
	}
}

func drawParameters(t *rapid.T) Parameters {
	ms := func(name string) uint32 { return rapid.Uint32().Draw(t, name) }
	w := wireParameters{Suite: rapid.String().Draw(t, "suite")}
	for i, f := range w.numbers() {
		*f = ms(string(rune('a' + i)))
	}
	return w.parameters()
}

func TestParametersRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawParameters(t)
		var back Parameters
		if err := decode(encode(p), MaxGenesis, &back); err != nil || back != p {
			t.Fatalf("%v:\n got %+v\nwant %+v", err, back, p)
		}
	})
}

func TestTwoDigits(t *testing.T) {
	for n, want := range map[uint64]uint64{0: 0, 7: 7, 99: 99, 100: 100, 104: 100, 105: 110,
		994: 990, 995: 1000, 123456: 120000, 1 << 48: 280000000000000} {
		if got := twoDigits(n); got != want || twoDigits(got) != got {
			t.Errorf("%d: got %d, want %d", n, got, want)
		}
	}
}
