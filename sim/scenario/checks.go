package scenario

import (
	"fmt"
	"strings"

	"murmuration/internal/config"
	"murmuration/sim/groundtruth"
)

// Unmeasured refuses a metric, awaited by the check of that index or, below 0, by replicate, that
// no replication gave.
func (f *File) Unmeasured(c Cell, check int, name string, measured []string) config.Problem {
	key, at := nameOf(&field.Replicate.Metric), f.about(nameOf(&field.Replicate.Metric))
	if check >= 0 {
		key, at = f.check(check)
	}
	text := fmt.Sprintf("%s: level %q does not measure %q in cell %d%s", key, c.Scenario.Level,
		name, c.Index, c.remark())
	return f.doc.Problem(at, text, "It measures "+strings.Join(measured, ", ")+".")
}

// check is what an error calls the check of that index, and where it begins; where checks are
// written inline, the first one.
func (f *File) check(i int) (name string, at config.Place) {
	name, at = fmt.Sprintf("check %d", i+1), f.doc.About(nameOf(&field.Check))
	if heads := f.doc.Heads(nameOf(&field.Check)); i < len(heads) {
		at = heads[i]
	}
	return name, at
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
	return groundtruth.Row{}, fmt.Errorf("no published row %s with metric %s and set-up %q", row.ID,
		row.Metric, setup)
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
func (f *File) contradictoryChecks() {
	for i, check := range f.Checks() {
		name, at := f.check(i)
		refuse := func(reason, hint string, args ...any) {
			f.doc.Refuse(at, name+": "+fmt.Sprintf(reason, args...), hint)
		}
		if check.Metric == "" {
			refuse("it names no metric", "Add metric = \"shannon_bits\" or another of summary.csv.")
		}
		if check.Equals == nil && check.Min == nil && check.Max == nil && check.Theory == "" &&
			check.Row == nil {
			refuse("it asserts nothing", "Add equals, min, max, theory or row.")
		}
		if (check.Equals != nil || check.Theory != "") && check.Tolerance <= 0 {
			refuse("equals and theory need a tolerance",
				"Add tolerance = 0.05, in the metric's unit.")
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
}
