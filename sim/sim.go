// Package sim runs scenarios: it takes each cell of a scenario to the engine of its level, replicates until the
// interval is narrow enough, and keeps what came out in a result folder that can be continued, merged, compared and
// reported. The same scenario and seed give the same bytes, on one core or many, in one piece or in shards; only the
// `run` section of manifest.json tells how it came about. It must not model anything itself: the engines do.
package sim

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/sim/scenario"
	"murmuration/sim/stat"
)

// Options say how a scenario is run, which has no influence on what comes out.
type Options struct {
	Folder   string    // where the results go; made if it is not there
	Shard    Shard     // zero means Whole
	Workers  int       // replications at a time; 0 takes one for each processor
	Progress *Progress // filled while running; may be nil
}

// Progress counts replications; any goroutine may read it while a run goes on. Planned grows when intervals turn out
// too wide.
type Progress struct{ Done, Planned atomic.Int64 }

// Run runs the cells of a shard and leaves a result folder. If the folder holds an unfinished run of the same scenario,
// what is there is kept and the rest is run. When ctx ends, finished replications stay, the folder is marked as
// unfinished, and the error is ctx's.
func Run(ctx context.Context, f *scenario.File, o Options) error {
	if o.Shard.Of == 0 {
		o.Shard = Whole
	}
	if err := Check(f, o); err != nil {
		return err
	}
	folder, err := openFolder(o.Folder, f)
	if err != nil {
		return err
	}
	defer folder.lock.Close()
	started := time.Now()
	kept, err := folder.replications()
	if err != nil {
		return err
	}
	b := newBatch(f, o, kept)
	b.keep = folder.add
	ran := b.run(ctx)
	if err := folder.finish(b, o, started); err != nil {
		return err
	}
	return ran
}

// refuseMemory refuses a run before it starts if its estimate exceeds the limit.
func refuseMemory(f *scenario.File, o Options) error {
	for _, c := range f.Cells {
		need := engineOf(c.Scenario.Level).memory(c.Scenario) * float64(workers(o))
		if limit := c.Scenario.Limits.Memory.Bytes; o.Shard.holds(c.Index) && need > limit {
			return scenario.Problems{{File: f.Path, Key: "limits.memory",
				Reason: fmt.Sprintf("cell %d %s would need about %s, the limit is %s", c.Index, c.Label(), bytesText(need), bytesText(limit)),
				Hint:   "Raise limits.memory, run fewer replications at a time (--workers), or simulate fewer clients, targets or seconds."}}
		}
	}
	return nil
}

// Memory says in words what one replication of a cell needs at most, roughly.
func Memory(s scenario.Scenario) string { return bytesText(engineOf(s.Level).memory(s)) }

func bytesText(n float64) string {
	for _, unit := range []string{"B", "KiB", "MiB", "GiB"} {
		if n < 1024 {
			return fmt.Sprintf("%.4g %s", n, unit)
		}
		n /= 1024
	}
	return fmt.Sprintf("%.4g TiB", n)
}

func workers(o Options) int {
	if o.Workers > 0 {
		return o.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// batch is the work of one run: for each cell the replications so far, in order.
type batch struct {
	file   *scenario.File
	checks []scenario.Check
	shard  Shard
	limit  int
	count  *Progress
	keep   func(Replication) error // called by many goroutines
	done   map[int][]Replication   // by cell; owned by the goroutine that calls run
	absent []int                   // cells that are left to other shards, in a merge
}

func newBatch(f *scenario.File, o Options, kept []Replication) *batch {
	b := &batch{file: f, checks: f.Checks(), shard: o.Shard, limit: workers(o), count: o.Progress, done: byCell(kept)}
	if b.count == nil {
		b.count = new(Progress)
	}
	b.count.Done.Add(int64(len(kept)))
	b.count.Planned.Add(int64(len(kept)))
	return b
}

// job is one replication to be run.
type job struct {
	cell  scenario.Cell
	index int
}

// run works in rounds until no cell wants more. Whether a cell wants more is decided between rounds from its
// replications in order, so that it does not depend on which came first.
func (b *batch) run(ctx context.Context) error {
	for {
		var jobs []job
		for _, c := range b.file.Cells {
			if b.shard.holds(c.Index) {
				jobs = append(jobs, b.wanted(c)...)
			}
		}
		if len(jobs) == 0 {
			return nil
		}
		b.count.Planned.Add(int64(len(jobs)))
		if err := b.round(ctx, jobs); err != nil {
			return err
		}
		if err := b.unmeasured(jobs[0].cell); err != nil {
			return err
		}
	}
}

// unmeasured finds metrics that a cell's rules wait for and that its engine does not measure, which would otherwise
// only show in needless replications.
func (b *batch) unmeasured(c scenario.Cell) error {
	var problems scenario.Problems
	want := func(check int, name string) {
		measured := slices.ContainsFunc(b.done[c.Index], func(r Replication) bool { _, ok := r.Metric(name); return ok })
		if name != "" && !measured && !strings.HasSuffix(name, "_theory") {
			problems = append(problems, b.file.Unmeasured(c, check, name, b.names(c)))
		}
	}
	want(-1, c.Scenario.Replicate.Metric)
	for i, check := range b.checks {
		if c.Concerns(check) {
			want(i, check.Metric)
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// names lists the metrics of a cell, points of curves left out.
func (b *batch) names(c scenario.Cell) (names []string) {
	for _, m := range b.done[c.Index][0].Metrics {
		if !strings.Contains(m.Name, "@") {
			names = append(names, m.Name)
		}
	}
	return names
}

// round runs jobs on all workers and takes their results in order.
func (b *batch) round(ctx context.Context, jobs []job) error {
	results := make([]*Replication, len(jobs))
	g, running := errgroup.WithContext(ctx)
	g.SetLimit(b.limit)
	for i, j := range jobs {
		g.Go(func() error { // ends with its replication, or when running does
			if err := running.Err(); err != nil {
				return err
			}
			r, err := replicate(running, j.cell, j.index)
			if err != nil {
				return fmt.Errorf("running replication %d of cell %d %s: %w", j.index, j.cell.Index, j.cell.Label(), err)
			}
			results[i] = &r
			b.count.Done.Add(1)
			return b.keep(r)
		})
	}
	err := g.Wait()
	for _, r := range results {
		if r != nil && len(b.done[r.Cell]) == r.Index { // after an interruption only a gapless beginning counts
			b.done[r.Cell] = append(b.done[r.Cell], *r)
		}
	}
	return err
}

// wanted lists the replications that a cell needs next.
func (b *batch) wanted(c scenario.Cell) (jobs []job) {
	have := len(b.done[c.Index])
	for i := have; i < b.target(c, have); i++ {
		jobs = append(jobs, job{c, i})
	}
	return jobs
}

// target is how many replications a cell shall have, given how many it has. It grows by half when intervals are too
// wide, so that few decisions are made on the same data.
func (b *batch) target(c scenario.Cell, have int) int {
	rule := c.Scenario.Replicate
	stages := []int{rule.Min}
	if c.Scenario.Level == "theory" {
		stages[0], rule.Max = 1, 1
	}
	for stages[len(stages)-1] < rule.Max {
		last := stages[len(stages)-1]
		stages = append(stages, min(rule.Max, last+max(1, last/2)))
	}
	for _, n := range stages {
		if have < n || b.narrow(c, b.done[c.Index][:n]) {
			return n
		}
	}
	return rule.Max
}

// narrow reports whether the rule of the scenario and each check of the cell are content with these replications.
func (b *batch) narrow(c scenario.Cell, reps []Replication) bool {
	if rule := c.Scenario.Replicate; rule.Metric != "" {
		m, err := joined(reps, rule.Metric)
		if err != nil || (m.Hi-m.Lo)/2 > rule.HalfWidth {
			return false
		}
	}
	for _, check := range b.checks {
		if !c.Concerns(check) {
			continue
		}
		m, err := joined(reps, check.Metric)
		if v := verdict(c, check, m, nil); err == nil && v.StdErr > v.Tolerance/3 {
			return false
		}
	}
	return true
}

// joined is a metric over replications. One replication of a closed form is exact.
func joined(reps []Replication, name string) (stat.Metric, error) {
	var each []stat.Metric
	for _, r := range reps {
		if m, ok := r.Metric(name); ok {
			each = append(each, m)
		}
	}
	if len(each) == 1 && each[0].StdErr == 0 {
		return each[0], nil
	}
	return stat.Replicated(each)
}
