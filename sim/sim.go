// Package sim is the simulator's front: it runs scenarios. It takes each cell of a scenario to its
// level, replicates until the intervals are narrow enough, and keeps what came out in a result
// folder. It also compares with published numbers (Verify) and measures speed (Bench). It must not
// model anything (package level has the adapters to what does) nor know what stands in a result
// folder (package result).
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

	"murmuration/internal/config"
	"murmuration/sim/level"
	"murmuration/sim/result"
	"murmuration/sim/scenario"
)

// Options say how a scenario is run, which has no influence on what comes out.
type Options struct {
	Folder   string       // where the results go; made if it is not there
	Shard    result.Shard // zero means Whole
	Workers  int          // replications at a time; 0 takes one for each processor
	Progress *Progress    // filled while running; may be nil
}

// Progress counts replications; any goroutine may read it while a run goes on. Planned grows when
// intervals turn out too wide.
type Progress struct{ Done, Planned atomic.Int64 }

// Run runs the cells of a shard and leaves a result folder. If the folder holds an unfinished run
// of the same scenario, what is there is kept and the rest is run. When ctx ends, finished
// replications stay, the folder is marked as unfinished, and the error is ctx's.
func Run(ctx context.Context, f *scenario.File, o Options) error {
	if o.Shard.Of == 0 {
		o.Shard = result.Whole
	}
	if err := Check(f, o); err != nil {
		return err
	}
	folder, err := result.Create(o.Folder, f)
	if err != nil {
		return err
	}
	defer folder.Close()
	started := time.Now()
	kept, err := folder.Replications()
	if err != nil {
		return err
	}
	b := newBatch(f, o, kept)
	b.keep = folder.Add
	ran := b.run(ctx)
	if err := folder.Finish(b.done, o.Shard, workers(o), started); err != nil {
		return err
	}
	return ran
}

// Check refuses what a level cannot do and what would need more memory than a scenario allows, cell
// by cell and before any work. Whatever the file itself shows to be wrong was refused when it was
// read.
func Check(f *scenario.File, o Options) error {
	var all []config.Problem
	for _, c := range f.Cells {
		if err := level.Validate(c); err != nil && len(all) < 10 {
			reason, hint, _ := strings.Cut(err.Error(), "\n")
			all = append(all,
				f.Problem("", strings.TrimSpace(hint), "%s",
					strings.TrimSpace(reason+" "+inCell(c))))
		}
	}
	if len(all) > 0 {
		return f.Refused(all...)
	}
	return refuseMemory(f, o)
}

func inCell(c scenario.Cell) string {
	if len(c.Params) == 0 {
		return ""
	}
	return fmt.Sprintf("(in cell %d %s)", c.Index, c.Label())
}

// refuseMemory refuses a run before it starts if its estimate exceeds the limit.
func refuseMemory(f *scenario.File, o Options) error {
	for _, c := range f.Cells {
		need := level.Memory(c.Scenario) * float64(workers(o))
		if limit := float64(c.Scenario.Limits.Memory.Bytes); o.Shard.Holds(c.Index) &&
			need > limit {
			return f.Refused(f.Problem("limits.memory",
				"Raise limits.memory, run fewer replications at a time (--workers), or simulate "+
					"fewer clients, "+
					"targets or seconds.", "cell %d %s would need about %s, the limit is %s",
				c.Index, c.Label(), bytesText(need), bytesText(limit)))
		}
	}
	return nil
}

// Memory says in words what one replication of a cell needs at most, roughly.
func Memory(s scenario.Scenario) string { return bytesText(level.Memory(s)) }

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
	shard  result.Shard
	limit  int
	count  *Progress
	keep   func(level.Replication) error // called by many goroutines
	done   result.Done                   // by cell; owned by the goroutine that calls run
}

func newBatch(f *scenario.File, o Options, kept []level.Replication) *batch {
	b := &batch{
		file: f, checks: f.Checks(), shard: o.Shard, limit: workers(o), count: o.Progress,
		done: result.ByCell(kept),
	}
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

// run works in rounds until no cell wants more. Whether a cell wants more is decided between rounds
// from its replications in order, so that it does not depend on which came first.
func (b *batch) run(ctx context.Context) error {
	for {
		var jobs []job
		for _, c := range b.file.Cells {
			if b.shard.Holds(c.Index) {
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

// unmeasured finds metrics that a cell's rules wait for and that its engine does not measure, which
// would otherwise only show in needless replications.
func (b *batch) unmeasured(c scenario.Cell) error {
	var problems []config.Problem
	want := func(check int, name string) {
		measured := slices.ContainsFunc(b.done[c.Index],
			func(r level.Replication) bool { _, ok := r.Metric(name); return ok })
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
		return b.file.Refused(problems...)
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
	results := make([]*level.Replication, len(jobs))
	g, running := errgroup.WithContext(ctx)
	g.SetLimit(b.limit)
	for i, j := range jobs {
		g.Go(func() error { // ends with its replication, or when running does
			if err := running.Err(); err != nil {
				return err
			}
			r, err := level.Run(running, j.cell, j.index)
			if err != nil {
				return fmt.Errorf("running replication %d of cell %d %s: %w", j.index, j.cell.Index,
					j.cell.Label(), err)
			}
			results[i] = &r
			b.count.Done.Add(1)
			return b.keep(r)
		})
	}
	err := g.Wait()
	for _, r := range results {
		// after an interruption only a gapless beginning counts
		if r != nil && len(b.done[r.Cell]) == r.Index {
			b.done[r.Cell] = append(b.done[r.Cell], *r)
		}
	}
	return err
}

// wanted lists the replications that a cell needs next.
func (b *batch) wanted(c scenario.Cell) (jobs []job) {
	have := len(b.done[c.Index])
	for i := have; i < result.Wanted(c, b.checks, b.done[c.Index]); i++ {
		jobs = append(jobs, job{c, i})
	}
	return jobs
}
