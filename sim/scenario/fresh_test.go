package scenario

import (
	"strings"
	"testing"
	"time"
)

// Found by a fresh pair of eyes: units that overflowed, NaN days, and files that took minutes to
// refuse.
func TestNumbersThatAreNoneAreRefused(t *testing.T) {
	for _, text := range []string{
		"[mix]\nmean_delay = \"NaNd\"", "[mix]\nmean_delay = \"36500d2000000h\"",
		"[clients]\nrate = \"1e308/ms\"",
		"[limits]\nmemory = \"1e308GiB\"", "[clients]\nbudget = \"1e300TB/ms\"",
	} {
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), "x.toml:2:") {
			t.Errorf("%s: %v, want a refusal with its line", text, err)
		}
	}
	if f := mustParse(t,
		"[mix]\nmean_delay = \"1d\""); f.Cells[0].Scenario.Mix.MeanDelay.Duration != 24*time.Hour {
		t.Error("a day is refused too")
	}
}

func TestWideSweepsAreCountedFirst(t *testing.T) {
	ten := "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"
	text := "[[sweep]]\n"
	for _, key := range strings.Fields(
		"topology.layers topology.width mix.threshold mix.pool mix.queue clients.count " +
			"clients.spool measure.targets adversary.rounds") {
		text += "\"" + key + "\" = " + ten + "\n"
	}
	f, err := parse(text)
	if err == nil || f != nil || !strings.Contains(err.Error(), "more than 100000 cells") {
		t.Fatal(err)
	}
}

// A key of a hundred thousand parts is refused at once.
func TestDeepKeysAreRefused(t *testing.T) {
	if _, err := parse(strings.Repeat("a.", 100_000) + "b = 1"); err == nil ||
		!strings.HasPrefix(err.Error(), "x.toml:1:1: ") {
		t.Errorf("%.100s", err)
	}
}

func TestNotFiniteAndBeyondTheDefaultRun(t *testing.T) {
	des := "level = \"des\"\n[topology]\nkind = \"ring\"\n[adversary]\nattack = \"drop\"\nfrom = "
	for _, text := range []string{
		"[mix]\ndelay_cap = nan", "[topology]\nwidth = 1\nweights = [inf]",
		"[[check]]\nmetric = \"x\"\nmin = nan",
		"level = \"theory\"\n[theory]\nargs = { load = -inf }",
		"[[sweep]]\n\"workload.zipf\" = [1.0, nan]", des + "\"2h\"",
	} {
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), "x.toml:") {
			t.Errorf("%s: %v, want a refusal", text, err)
		}
	}
	mustParse(t, des+"\"30min\"")
}

func TestCountsThatNobodyMeansAreRefused(t *testing.T) {
	for _, text := range []string{
		"[replicate]\nmax = 9223372036854775807", "[replicate]\nmin = 100001\nmax = 100001",
		"[topology]\nwidth = 4611686018427387904", "[clients]\ncount = 1000000001",
	} {
		if _, err := parse(text); err == nil ||
			!strings.Contains(err.Error(), "more than this tool runs") {
			t.Errorf("%s: %v, want a refusal", text, err)
		}
	}
	mustParse(t, "[replicate]\nmax = 1000")
}

// Zeros that the event engine took for "whatever is usual" while the file seemed to say "none".
func TestZerosThatMeantTheUsualAreRefused(t *testing.T) {
	for _, text := range []string{
		"[clients]\nspool = 0", "[workload]\ntries = 0", "[workload]\nfanout = 0",
		"[workload]\nbundle = 0",
		"[workload]\nheavy_weight = 0.0",
	} {
		if _, err := parse(text); err == nil || !strings.HasPrefix(err.Error(), "x.toml:2:1: ") {
			t.Errorf("%s: %v", text, err)
		}
		mustParse(t, strings.NewReplacer("0.0", "1.0", "= 0", "= 1").Replace(text))
	}
}
