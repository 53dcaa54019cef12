package scenario

import (
	"errors"
	"strings"
	"testing"

	"murmuration/internal/config"
)

// Whatever the bytes, Parse returns cells that contradict nothing or problems with this file's
// name, and never panics.
func FuzzParse(f *testing.F) {
	f.Add("")
	f.Add(Commented())
	f.Add("[[sweep]]\n\"topology.layers\" = [1, 2]\n\"mix.mean_delay\" = [\"1s\", \"2d\"]")
	f.Add("level = \"des\"\nnetwork = \"default\"\n[adversary]\ncorrupt_fraction = \"10%\"")
	f.Add("[[check]]\nmetric = \"m\"\nrow = { id = \"G5\", setup = \"{clients.rate:number}\", " +
		"metric = \"x\" }")
	f.Add("[clients]\nbudget = \"1e300MB/day\"\n[link]\nmatrix = [\"1s\"]\n[[cover]]\nrate = " +
		"\"NaN/s\"")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Count(text, ",") > 12 {
			return // sweeps of many cells are slow, not interesting
		}
		file, err := Parse("f.toml", []byte(text), func(name string) ([]byte, error) {
			return readPreset("f.toml", name,
				func(string) ([]byte, error) { return nil, errors.New("none") })
		})
		if err != nil {
			var file *config.FileError
			if !errors.As(err, &file) || len(file.Problems) == 0 || file.Name != "f.toml" ||
				file.Problems[0].Text == "" {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		for _, c := range file.Cells {
			if s := c.Scenario; s.Adversary.Corrupt > s.mixes() || s.Topology.Layers < 1 ||
				s.Mix.MeanDelay.Duration <= 0 {
				t.Fatalf("a contradiction was accepted: %+v", s)
			}
			file.Explain(c)
		}
	})
}
