package result

// Each test here is of a bug that was there once, with a line of its history.

import (
	"math"
	"testing"

	"murmuration/sim/level"
	"murmuration/sim/scenario"
	"murmuration/sim/stat"
)

// History: A check against theory passed where theory gave no number, and one whose standard error
// was no number passed too: all comparisons with those are false.
func TestNoNumberPassesNoCheck(t *testing.T) {
	against := scenario.Check{Metric: "a", Theory: "t", Tolerance: 1}
	for _, c := range []struct {
		theory, noise float64
		pass          bool
	}{{math.NaN(), 0, false}, {2, math.NaN(), false}, {2, 0, true}} {
		m := stat.Metric{Name: "a", Value: 2, StdErr: c.noise}
		v := verdict(parse(t, sweep).Cells[0], against, m,
			[]stat.Metric{level.Exact("t", "s", c.theory)})
		if v.Pass != c.pass {
			t.Errorf("2 ± %g against %g passes: %t", c.noise, c.theory, v.Pass)
		}
	}
}
