package sim

import (
	"cmp"
	"context"
	"slices"

	"murmuration/sim/groundtruth"
	"murmuration/sim/level"
	"murmuration/sim/result"
	"murmuration/sim/scenario"
)

// Verify runs every cell for which a scenario has a check that points at a published row, and
// judges it. Checks marked long are left out if short is set. Rows that no scenario reproduces come
// last, as failures.
func Verify(
	ctx context.Context, files []*scenario.File, short bool, o Options,
) ([]result.Verdict, error) {
	var all []result.Verdict
	for _, f := range files {
		verdicts, err := conform(ctx, f, short, o)
		if err != nil {
			return all, err
		}
		all = append(all, verdicts...)
	}
	if !short {
		all = append(all, missing(all)...)
	}
	place := map[string]int{} // of the first row of an id
	for i, r := range groundtruth.Rows() {
		if _, known := place[r.ID]; !known {
			place[r.ID] = i
		}
	}
	slices.SortStableFunc(all,
		func(a, b result.Verdict) int { return cmp.Compare(place[a.ID], place[b.ID]) })
	return all, nil
}

// conform runs the cells of one file that have checks with rows, in memory.
func conform(
	ctx context.Context, f *scenario.File, short bool, o Options,
) (all []result.Verdict, err error) {
	only := *f
	only.Cells = nil
	var checks []scenario.Check
	for _, check := range f.Checks() {
		if check.Row != nil && !(short && check.Long) {
			checks = append(checks, check)
		}
	}
	for _, c := range f.Cells {
		if concerned(c, checks) {
			only.Cells = append(only.Cells, c)
		}
	}
	o.Shard = result.Whole
	if err := refuseMemory(&only, o); err != nil {
		return nil, err
	}
	b := newBatch(&only, o, nil)
	b.checks, b.keep = checks, func(level.Replication) error { return nil }
	if err := b.run(ctx); err != nil {
		return nil, err
	}
	return result.JudgeChecks(&only, checks, b.done)
}

func concerned(c scenario.Cell, checks []scenario.Check) bool {
	for _, check := range checks {
		if c.Concerns(check) {
			return true
		}
	}
	return false
}

// missing lists the published rows that no verdict is about.
func missing(all []result.Verdict) (rest []result.Verdict) {
	type key struct{ id, setup, metric string }
	seen := map[key]bool{}
	for _, v := range all {
		seen[key{v.ID, v.Setup, v.Metric}] = true
	}
	for _, r := range groundtruth.Rows() {
		if !seen[key{r.ID, r.Setup, r.Metric}] {
			rest = append(rest,
				result.Verdict{ID: r.ID, Setup: r.Setup, Metric: r.Metric,
					Expected: result.Number(r.Value), Tolerance: result.Number(r.Allowed()),
					Measured: result.NaN, StdErr: result.NaN, Reason: "no scenario reproduces it"})
		}
	}
	return rest
}
