package demo

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"

	"murmuration/internal/counted"
)

// leakLimit is the growth in percent an hour that is allowed.
const leakLimit = 1.0

// gauges are what must not grow, each read after a full collection.
var gauges = []struct {
	name string
	read func() (float64, error)
}{
	{"heap bytes", func() (float64, error) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc), nil
	}},
	{"goroutines", func() (float64, error) { return float64(runtime.NumGoroutine()), nil }},
	{"open files", func() (float64, error) {
		entries, err := os.ReadDir("/dev/fd")
		return float64(len(entries)), err
	}},
}

// samples are what was measured, by gauge.
type samples [][]float64

func newSamples() samples { return make(samples, len(gauges)) }

func (s samples) take() error {
	runtime.GC()
	for i, g := range gauges {
		value, err := g.read()
		if err != nil {
			return fmt.Errorf("reading %s: %w", g.name, err)
		}
		s[i] = append(s[i], value)
	}
	return nil
}

// judge fails what grows beyond doubt, and says of the rest how small a growth was still visible.
// The gauges in `shown` are not judged.
func (s samples) judge(t *testing.T, perHour float64, shown ...string) {
	t.Helper()
	for i, g := range gauges {
		growth, half := slope(s[i], perHour)
		counted.Say(t, "soak", "%s: %.4g at the end of %d samples, growth %.3f ± %.3f %% an hour",
			g.name, s[i][len(s[i])-1], len(s[i]), growth, half)
		if growth-half > leakLimit && !slices.Contains(shown, g.name) {
			t.Errorf("%s grow by %.3f ± %.3f %% an hour: more than %.0f %%", g.name, growth, half,
				leakLimit)
		}
	}
}
