package scenario

import (
	"errors"
	"strings"
	"testing"
)

// Whatever the bytes, Parse returns cells that contradict nothing or Problems with this file's name, and never panics.
func FuzzParse(f *testing.F) {
	f.Add("")
	f.Add(Commented())
	f.Add("[[sweep]]\n\"topology.layers\" = [1, 2]\n\"mix.mean_delay\" = [\"1s\", \"2d\"]")
	f.Add("level = \"des\"\nnetwork = \"default\"\n[adversary]\ncorrupt_fraction = \"10%\"")
	f.Add("[[check]]\nmetric = \"m\"\nrow = { id = \"G5\", setup = \"{clients.rate:number}\", metric = \"x\" }")
	f.Add("[clients]\nbudget = \"1e300MB/day\"\n[link]\nmatrix = [\"1s\"]\n[[cover]]\nrate = \"NaN/s\"")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Count(text, ",") > 12 {
			return // sweeps of many cells are slow, not interesting
		}
		file, err := Parse("f.toml", []byte(text), func(name string) ([]byte, error) {
			return readPreset("f.toml", name, func(string) ([]byte, error) { return nil, errors.New("none") })
		})
		if err != nil {
			var ps Problems
			if !errors.As(err, &ps) || len(ps) == 0 || ps[0].File != "f.toml" || ps[0].Reason == "" {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		for _, c := range file.Cells {
			if s := c.Scenario; s.Adversary.Corrupt > s.Mixes() || s.Topology.Layers < 1 || s.Mix.MeanDelay.Duration <= 0 {
				t.Fatalf("a contradiction was accepted: %+v", s)
			}
			file.Explain(c)
		}
	})
}

func FuzzQuantities(f *testing.F) {
	for _, s := range []string{"", "1s", "14d", "-3h", "5/s", "1e9/day", "64KiB", "B", "/", "10%", "%", "1e400s", "10min", "min"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for unit, read := range quantities {
			if n, err := read(s); err == nil && (n != n || n-n != 0) {
				t.Errorf("%q is a %s of %g", s, unit, n)
			}
		}
	})
}
