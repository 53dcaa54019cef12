package scenario

import (
	"fmt"
	"strings"

	"murmuration/sim/groundtruth"
)

// Checks returns the file's assertions, which are the same for every cell.
func (f *File) Checks() []Check {
	var s Scenario
	if err := f.decode(f.Text, &s); err != nil {
		return nil // Parse has decoded the same text
	}
	return s.Check
}

// Unmeasured refuses a metric, awaited by the check of that index or, below 0, by replicate, that no engine run gave.
func (f *File) Unmeasured(c Cell, check int, name string, measured []string) Problem {
	p := f.refuse("replicate.metric", "It measures "+strings.Join(measured, ", ")+".", "level %q does not measure %q in cell %d", c.Scenario.Level, name, c.Index)
	if check >= 0 {
		p.Key, p.Line = fmt.Sprintf("check %d", check+1), f.at.check(check)
	}
	p.Reason += c.remark()
	return p
}

// Concerns reports whether a check is for this cell.
func (c Cell) Concerns(check Check) bool {
	for key, value := range flatten("", check.Where) {
		if c.Value(key) != fmt.Sprint(value) {
			return false
		}
	}
	return true
}

// Published is the row of checkpoints.csv that a check of this cell compares with.
func (c Cell) Published(row Row) (groundtruth.Row, error) {
	setup := c.fill(row.Setup)
	for _, r := range groundtruth.Find(row.ID) {
		if r.Setup == setup && r.Metric == row.Metric {
			return r, nil
		}
	}
	return groundtruth.Row{}, fmt.Errorf("no published row %s with metric %s and set-up %q", row.ID, row.Metric, setup)
}

// fill puts the cell's values into a set-up: {key} as written, {key:number} without the unit.
func (c Cell) fill(setup string) string {
	var out strings.Builder
	for {
		head, rest, open := strings.Cut(setup, "{")
		out.WriteString(head)
		inner, tail, closed := strings.Cut(rest, "}")
		if !open || !closed {
			return out.String()
		}
		key, form, _ := strings.Cut(inner, ":")
		value := c.Value(key)
		if form == "number" {
			value = value[:len(value)-len(strings.TrimLeft(value, "+-.0123456789"))]
		}
		out.WriteString(value)
		setup = tail
	}
}

// contradictoryChecks refuses assertions that say nothing, or that no cell or row fits.
func (f *File) contradictoryChecks() (all Problems) {
	for i, check := range f.Checks() {
		refuse := func(reason, hint string, args ...any) {
			p := f.refuse("check", hint, reason, args...)
			p.Key, p.Line = fmt.Sprintf("check %d", i+1), f.at.check(i)
			all = append(all, p)
		}
		if check.Metric == "" {
			refuse("it names no metric", "Add metric = \"shannon_bits\" or another of summary.csv.")
		}
		if check.Equals == nil && check.Min == nil && check.Max == nil && check.Theory == "" && check.Row == nil {
			refuse("it asserts nothing", "Add equals, min, max, theory or row.")
		}
		if (check.Equals != nil || check.Theory != "") && check.Tolerance <= 0 {
			refuse("equals and theory need a tolerance", "Add tolerance = 0.05, in the metric's unit.")
		}
		matched := false
		for _, c := range f.Cells {
			if !c.Concerns(check) {
				continue
			}
			matched = true
			if check.Row == nil {
				continue
			}
			if _, err := c.Published(*check.Row); err != nil {
				refuse("%v", "Give id, setup and metric as they stand in checkpoints.csv.", err)
			}
		}
		if !matched {
			refuse("no cell has the values of its where", "Compare them with the sweep.")
		}
	}
	return all
}
