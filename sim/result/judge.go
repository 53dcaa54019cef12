package result

import (
	"fmt"
	"math"
	"strings"

	"murmuration/sim/groundtruth"
	"murmuration/sim/level"
	"murmuration/sim/scenario"
	"murmuration/sim/stat"
)

// Verdict is one line of a conformance table: a check of one cell.
type Verdict struct {
	ID       string `json:"id,omitempty"` // of a published row
	Setup    string `json:"setup"`
	Metric   string `json:"metric"`
	Level    string `json:"level"`
	Expected Number `json:"expected"` // NaN where only bounds are given
	// allowed difference; NaN where only bounds are given
	Tolerance Number `json:"tolerance"`
	Bounds    string `json:"bounds,omitempty"` // where a least or greatest value is given
	Measured  Number `json:"measured"`
	StdErr    Number `json:"standard_error"`
	Pass      bool   `json:"pass"`
	Reason    string `json:"reason,omitempty"` // why it does not pass
}

// Judge evaluates the checks of a result folder's scenario on what is in it.
func Judge(path string) ([]Verdict, error) {
	f, reps, err := Open(path, true)
	if err != nil {
		return nil, err
	}
	return JudgeChecks(f, f.Checks(), ByCell(reps))
}

// JudgeChecks evaluates checks on finished cells, check by check and cell by cell.
func JudgeChecks(f *scenario.File, checks []scenario.Check, done Done) ([]Verdict, error) {
	results, err := aggregate(f, done)
	if err != nil {
		return nil, err
	}
	var all []Verdict
	for _, check := range checks {
		for _, r := range results {
			if !r.Cell.Concerns(check) {
				continue
			}
			m, ok := r.Metric(check.Metric)
			v := verdict(r.Cell, check, m, r.Metrics)
			if !ok {
				v.Pass, v.Measured, v.Reason = false, NaN, fmt.Sprintf(
					"the %s engine does not measure %s here", v.Level, check.Metric)
			}
			all = append(all, v)
		}
	}
	return all, nil
}

// verdict judges one metric. A value passes when its standard error is at most a third of the
// tolerance and it is no farther from the expected than the tolerance. others holds the cell's
// other metrics, for checks against theory.
func verdict(c scenario.Cell, check scenario.Check, m stat.Metric, others []stat.Metric) Verdict {
	v := Verdict{Setup: c.Label(), Metric: check.Metric, Level: c.Scenario.Level, Expected: NaN,
		Tolerance: NaN,
		Bounds:    bounds(check), Measured: Number(m.Value), StdErr: Number(m.StdErr)}
	switch {
	case check.Row != nil:
		row, err := c.Published(*check.Row)
		if err != nil {
			v.Reason = err.Error()
			return v
		}
		v.ID, v.Setup, v.Metric, v.Expected = row.ID, row.Setup, row.Metric, Number(row.Value)
		v.Tolerance = Number(allowance(row, check, c.Scenario.Level, m))
	case check.Equals != nil:
		v.Expected, v.Tolerance = Number(*check.Equals), Number(check.Tolerance)
	case check.Theory != "":
		t, ok := level.Metric(others, check.Theory)
		if !ok && others != nil {
			v.Reason = "theory says nothing here"
			return v
		}
		v.Expected, v.Tolerance = Number(t.Value), Number(check.Tolerance)
	}
	v.Reason = objection(v, check)
	v.Pass = v.Reason == ""
	return v
}

// allowance is a row's tolerance. Rows with a form of their own for simulations allow that many
// standard errors, and the check's tolerance bounds them, so that a noisy simulation does not pass
// for being noisy.
func allowance(row groundtruth.Row, check scenario.Check, at string, m stat.Metric) float64 {
	if row.Errors() == 0 || at == "theory" {
		return row.Allowed()
	}
	return min(check.Tolerance, row.Errors()*m.StdErr)
}

func bounds(check scenario.Check) string {
	var words []string
	if check.Min != nil {
		words = append(words, fmt.Sprintf("≥ %g", *check.Min))
	}
	if check.Max != nil {
		words = append(words, fmt.Sprintf("≤ %g", *check.Max))
	}
	return strings.Join(words, ", ")
}

func objection(v Verdict, check scenario.Check) string {
	measured, off := float64(v.Measured), float64(v.Measured-v.Expected)
	compares := check.Row != nil || check.Equals != nil || check.Theory != ""
	switch {
	case math.IsNaN(measured):
		return "nothing was measured"
	case compares && math.IsNaN(float64(v.Expected)):
		return "there is no number to compare with"
	case compares && !(v.StdErr <= v.Tolerance/3):
		return fmt.Sprintf("standard error %.3g is more than a third of the tolerance %.3g",
			v.StdErr, v.Tolerance)
	case compares && !(math.Abs(off) <= float64(v.Tolerance)):
		return fmt.Sprintf("off by %.3g, allowed are %.3g", off, v.Tolerance)
	case check.Min != nil && measured < *check.Min:
		return fmt.Sprintf("below %g", *check.Min)
	case check.Max != nil && measured > *check.Max:
		return fmt.Sprintf("above %g", *check.Max)
	}
	return ""
}
