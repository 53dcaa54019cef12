package scenario

// Each test here is of a bug that was there once, with a line of its history.

import (
	"strings"
	"testing"
)

// History: Scenarios of new users failed in the middle of a run, or with a message about another
// line.
//
// What a researcher met on the first day: attacks that failed only after their run, places without
// a line, and one mistake told three times.
func TestMistakesOfTheFirstDay(t *testing.T) {
	ring := "level = \"des\"\n[topology]\nkind = \"ring\"\n[workload]\nkind = " +
		"\"messages\"\n[adversary]\nattack = \"disclosure\"\n"
	for _, c := range []struct{ text, want string }{
		{ring + "rounds = 100",
			"x.toml:6:2: adversary.method: least squares cannot fit 1000 clients to 100 rounds"},
		{ring + "rounds = 1000\n[time]\nduration = \"16h\"",
			"x.toml:8:1: adversary.rounds: 1000 rounds of 1m0s are longer than the run of 16h0m0s"},
		{"name = \"x\"\nlevel = \"des\"", "x.toml:2:1: topology.kind: level \"des\" cannot do"},
	} {
		if _, err := parse(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\ngave %v\nwant %s", c.text, err, c.want)
		}
	}
	mustParse(t, ring+"rounds = 1000")
	mustParse(t, ring+"rounds = 1000\n[time]\nduration = \"17h\"")
	mustParse(t, ring+"rounds = 100\nmethod = \"background\"")
	if _, err := parse("[topology]\nwidth = -3"); err == nil ||
		strings.Count(err.Error(), "x.toml") != 1 {
		t.Errorf("one mistake: %v", err)
	}
}

// History: What is wrong with a table that is written in dotted keys, or with a default of one, was
// told without a line; and of nobody it was told, too, that nobody sends.
func TestDottedTablesHaveALine(t *testing.T) {
	for text, want := range map[string]string{
		"name = \"x\"\nreplicate.half_width = 0.5": "x.toml:2:1: replicate: when to stop",
		"\n\nclients.absence = \"1h\"":             "x.toml:3:1: clients.session: how long",
		"clients.count = 0":                        "x.toml:1:1: clients.count: 0 is too few",
	} {
		if _, err := parse(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}
