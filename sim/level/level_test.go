package level

import (
	"strings"
	"testing"

	"murmuration/sim/scenario"
)

func parse(t testing.TB, text string) *scenario.File {
	t.Helper()
	f, err := scenario.Parse("small.toml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const network = `
seed = 7
[topology]
kind = "ring"
layers = 2
width = 2
[mix]
mean_delay = "200ms"
[clients]
count = 40
[time]
duration = "2min"
[workload]
kind = "messages"
every = "5s"
[measure]
targets = 20
[replicate]
min = 3
`

// The attacks of watchers, each against a network without cover, where it must do better than
// guessing.
func TestWatchersAttacksWork(t *testing.T) {
	const open = "level = \"des\"" + network + `
[[sweep]]
"adversary.attack" = ["disclosure"]
"time.duration" = ["40min"]
"adversary.rounds" = [200]
"adversary.round" = ["10s"]
"clients.cover" = [false]
"workload.friends" = [2]
"clients.retrieval" = ["push"]
`
	f := parse(t, open)
	r, err := Run(t.Context(), f.Cells[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	hit, _ := r.Metric("disclosure_hit_rate")
	guess, _ := r.Metric("disclosure_guess")
	if hit.Value < 5*guess.Value {
		t.Errorf("without cover the attack hits %g, guessing %g", hit.Value, guess.Value)
	}
}

// Danezis' own world, where one person has friends and all others write to anybody, is the one in
// which his first attack, which takes the background for uniform, works. Where all have friends, it
// mistakes those who are popular for them.
func TestOriginalDisclosureNeedsUniformOthers(t *testing.T) {
	quick(t)
	const world = "level = \"des\"" + network + `
[[sweep]]
"adversary.attack" = ["disclosure"]
"adversary.method" = ["original"]
"adversary.rounds" = [600]
"adversary.round" = ["10s"]
"time.duration" = ["6000s"]
"clients.cover" = [false]
"clients.retrieval" = ["push"]
"workload.friends" = [2]
"workload.friends_of" = [1, 0]
`
	f := parse(t, world)
	mean := func(cell int) (sum float64) {
		for replication := range 6 {
			r, err := Run(t.Context(), f.Cells[cell], replication)
			if err != nil {
				t.Fatal(err)
			}
			hit, _ := r.Metric("disclosure_hit_rate")
			sum += hit.Value / 6
		}
		return sum
	}
	if uniform, friends := mean(0), mean(1); uniform < 0.9 || friends > uniform/2 {
		t.Errorf("among uniform others it hits %g, among friends %g", uniform, friends)
	}
}

// What a scenario says of a fault-tolerant Rollercoaster reaches the engine.
func TestAbsentMembersAreReplaced(t *testing.T) {
	const world = "level = \"des\"" + network + `
[[sweep]]
"clients.retrieval" = ["push"]
"clients.session" = ["10min"]
"clients.absence" = ["5min"]
"time.duration" = ["1h"]
"time.drain" = ["3h"]
"workload.every" = ["1min"]
"workload.kind" = ["groups"]
"workload.group_size" = [40]
"workload.posting" = ["rollercoaster"]
"workload.late_idle" = [false, true]
"workload.ack_timeout" = [0.0, 1.0]
`
	f := parse(t, world)
	var waits []float64
	for cell := range f.Cells {
		r, err := Run(t.Context(), f.Cells[cell], 0)
		if err != nil {
			t.Fatal(err)
		}
		wait, _ := r.Metric("latency_s_mean")
		waits = append(waits, wait.Value)
	}
	if plain, tolerant := waits[0], waits[3]; tolerant > 0.8*plain {
		t.Errorf("latency %g s with a time-out, %g s without", tolerant, plain)
	}
	if waits[1] == waits[3] {
		t.Error("late_idle changes nothing")
	}
}

func TestPollIntersectionFindsThoseWhoAskTheirOwn(t *testing.T) {
	text := "level = \"des\"" +
		strings.NewReplacer("kind = \"messages\"\nevery = \"5s\"",
			"kind = \"groups\"\ngroup_size = 20\n[boxes]\nwatched = 4", "width = 2",
			"width = 2\nproviders = 3").Replace(network) +
		"[adversary]\nattack = \"poll-intersection\"\nrounds = 60\n"
	r, err := Run(t.Context(), parse(t, text).Cells[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	if days, ok := r.Metric("poll_days"); !ok || days.Value < 1 || days.Value > 60 {
		t.Errorf("%+v", r.Metrics)
	}
}

// quick leaves a test out of -short: it has one goroutine, in which a race build finds nothing and
// takes ten times as long.
func quick(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: one goroutine and long; a race build finds nothing here")
	}
}
