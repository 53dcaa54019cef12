package level

import (
	"testing"

	"murmuration/internal/long"
)

// feed is a small network in which one person follows each author, and the attacks of coalitions.
const feed = `
level = "des"
seed = 3
[topology]
kind = "ring"
width = 2
providers = 4
[mix]
mean_delay = "2s"
delay_cap = 10.0
entry_delay = true
exit_delay = true
[link]
delay = "50ms"
[clients]
count = 60
payload_every = "10s"
loop_every = "40s"
drop_every = "15s"
build_ahead = true
[time]
warmup = "1h"
duration = "12h"
drain = "10min"
[boxes]
reading = "bulletins"
[workload]
kind = "groups"
groups = 30
group_size = 2
every = "40min"
`

func attackOn(t *testing.T, text string) map[string]float64 {
	t.Helper()
	r, err := Run(t.Context(), parse(t, text).Cells[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, m := range r.Metrics {
		found[m.Name] = m.Value
	}
	return found
}

func against(attack, without string) string {
	return feed + "[adversary]\nattack = \"" + attack + "\"\nwithout = \"" + without + "\"\n"
}

// Entry, holders and a follower name a reader soon if nobody fetches what it does not read, as they
// do where boxes are polled, and not if everybody fetches everything. The author they name by the
// frames that are no cover.
func TestCoalitions(t *testing.T) {
	quick(t)
	t.Parallel()
	for _, c := range []struct {
		attack, without string
		least, most     float64
	}{
		{"readers", "crowd", 2, 60}, {"readers", "nothing", 1000, 2e6},
		{"authors", "cover", 1, 3}, {"authors", "nothing", 15, 100},
		{"listings", "nothing", 60, 1500},
	} {
		if c.attack != "readers" && !long.Form() {
			continue
		}
		got := attackOn(t, against(c.attack, c.without))["named_after"]
		if got < c.least || got > c.most {
			t.Errorf("%s without %s are named after %g events, expected %g to %g", c.attack,
				c.without, got, c.least, c.most)
		}
	}
}

// Polling names the only follower of a feed within a day.
func TestPollersAreNamedInADay(t *testing.T) {
	t.Parallel()
	got := attackOn(t, against("readers", "nothing")+
		"[[sweep]]\n\"boxes.reading\" = [\"polls\"]\n\"boxes.watched\" = [32]\n")
	if days := got["named_after_days"]; !(days > 0 && days < 1) {
		t.Errorf("named after %g days", days)
	}
}

// Where everybody is told the same, a bulletin for one client alone is found out by what providers
// attest, within some slots, and proven by the questions of an epoch or two. Who does not compare
// never finds out, and is shown one post after the other.
func TestForksAreFoundOut(t *testing.T) {
	quick(t)
	t.Parallel()
	const forks = "hold_for = \"10min\"\n[[sweep]]\n\"topology.providers\" = [8]\n" +
		"\"boxes.writes_per_day\" = [400]\n\"time.duration\" = [\"8h\"]\n"
	got := attackOn(t, against("forked", "nothing")+forks)
	if s := got["fork_suspected"]; !(s >= 3 && s < 12) {
		t.Errorf("suspected after %g slots", s)
	}
	if p := got["fork_proven"]; got["forks_proven"] < 0.99 || p < got["fork_suspected"] {
		t.Errorf("%g of them proven, after %g slots", got["forks_proven"], p)
	}
	blind := attackOn(t, against("forked", "heads")+forks)
	if p, ok := blind["forks_proven"]; p != 0 || !ok {
		t.Errorf("%g were proven by nobody's word", p)
	}
	if n, more := got["posts_per_fork"], blind["posts_per_fork"]; n > 1.1 || more < n {
		t.Errorf("%g posts a fork, and %g if nobody finds out", n, more)
	}
	if n := blind["named_after"]; !(n <= 8) {
		t.Errorf("what is shown to one alone names it after %g posts", n)
	}
}

// A box that is listed and was never written tells nothing where everybody fetches it, and names
// the members of its feed if they alone do.
func TestBaits(t *testing.T) {
	long.Only(t)
	t.Parallel()
	const every = "hold_for = \"1h\"\n"
	if n := attackOn(t, against("baits", "nothing")+every)["named_after"]; n < 1000 {
		t.Errorf("named after %g baits", n)
	}
	if n := attackOn(t, against("baits", "false")+every)["named_after"]; !(n < 250) {
		t.Errorf("named after %g baits that nobody else fetches", n)
	}
}

// What others fetch late, or at all, hides what its readers fetch; without that rule each attack
// finds them.
func TestRulesHideReaders(t *testing.T) {
	quick(t)
	t.Parallel()
	const (
		away = "[[sweep]]\n\"clients.session\" = [\"8h\"]\n\"clients.absence\" = [\"16h\"]\n" +
			"\"time.warmup\" = [\"12h\"]\n\"time.duration\" = [\"72h\"]\n"
		eight = "[[sweep]]\n\"clients.count\" = [8]\n\"workload.groups\" = [1]\n" +
			"\"workload.group_size\" = [8]\n\"workload.every\" = [\"16s\"]\n"
		large = "[[sweep]]\n\"workload.groups\" = [1]\n\"workload.group_size\" = [60]\n" +
			"\"workload.every\" = [\"10min\"]\n\"workload.photos\" = [\"50%\"]\n" +
			"\"boxes.writes_per_day\" = [400]\n"
	)
	for _, c := range []struct {
		attack, without, world, metric string
		least, most                    float64
	}{
		{"absence", "missed", away, "named_after", 1, 12},
		{"absence", "nothing", away, "named_after", 40, 2e6},
		{"own-boxes", "own", eight, "named_after", 1, 400},
		{"own-boxes", "nothing", eight, "named_after", 3000, 2e6},
		{"photo-age", "photo", large, "photo_age_auc", 0.97, 1},
		{"photo-age", "nothing", large, "photo_age_auc", 0, 0.8},
	} {
		if c.attack != "own-boxes" && !long.Form() {
			continue
		}
		got := attackOn(t, against(c.attack, c.without)+c.world)[c.metric]
		if !(got >= c.least && got <= c.most) {
			t.Errorf("%s without %s: %s is %g, expected %g to %g", c.attack, c.without, c.metric,
				got, c.least, c.most)
		}
	}
}
