package level

import "testing"

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
	t.Parallel()
	for _, c := range []struct {
		attack, without string
		least, most     float64
	}{
		{"readers", "crowd", 2, 60}, {"readers", "nothing", 1000, 2e6},
		{"authors", "cover", 1, 3}, {"authors", "nothing", 15, 100},
		{"listings", "nothing", 60, 1500},
	} {
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
