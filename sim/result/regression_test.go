package result

// Each test here is of a bug that was there once, with a line of its history.

import (
	"math"
	"strings"
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

// History: Folders with different cells were compared with nothing, in rows of NaN.
func TestCellsWithoutPartnersAreNamed(t *testing.T) {
	var all []Cell
	for _, c := range parse(t, sweep).Cells {
		all = append(all, Cell{Cell: c})
	}
	if err := partners("a", all, all); err != nil {
		t.Errorf("the same cells: %v", err)
	}
	err := partners("a", all, all[1:])
	alone := "only a has these cells: " + all[0].Cell.Label()
	if err == nil || !strings.Contains(err.Error(), alone) ||
		strings.Contains(err.Error(), all[1].Cell.Label()) {
		t.Errorf("the first without a partner: %v", err)
	}
	if err := partners("b", all[1:], all); err != nil {
		t.Errorf("the other way: %v", err)
	}
	if err := partners("a", make([]Cell, maxNamed+2), all); err == nil ||
		!strings.Contains(err.Error(), "and 2 more") {
		t.Errorf("many: %v", err)
	}
}
