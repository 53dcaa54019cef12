package research

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
	"murmuration/sim"
	"murmuration/sim/result"
	"murmuration/sim/scenario"
)

func simRunCommand() *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "run a scenario, or complete an interrupted run of it",
		ArgsUsage: "FILE",
		Flags:     []cli.Flag{simOut, simWorkers, talk.JSONFlag()},
		Action:    func(c *cli.Context) error { return runScenario(c, result.Whole) },
	}
}

func simSweepCommand() *cli.Command {
	return &cli.Command{
		Name:      "sweep",
		Usage:     "run one part of a scenario's cells, on one of many machines",
		ArgsUsage: "FILE",
		Description: "Without --shard the part is that of the array job: JOB_COMPLETION_INDEX " +
			"and JOB_COMPLETIONS of a Kubernetes\n" +
			"Indexed Job, or SLURM_ARRAY_TASK_ID. `murmur sim merge` joins the parts.",
		Flags: []cli.Flag{&cli.StringFlag{Name: "shard", Usage: "part `i/n`, from 0/n to n-1/n"},
			simOut, simWorkers, talk.JSONFlag()},
		Action: simSweep,
	}
}

func simSweep(c *cli.Context) error {
	shard, ok, err := result.ShardFromEnvironment(os.Getenv)
	if text := c.String("shard"); text != "" {
		shard, err = result.ParseShard(text)
		ok = true
	}
	if err != nil {
		return err
	}
	if !ok {
		return talk.Fail(talk.ExitUser, errors.New("which part to run is not said"),
			"Give --shard i/n, or start it as an array job.")
	}
	return runScenario(c, shard)
}

// runScenario runs a shard, prints its results, and fails if a check does.
func runScenario(c *cli.Context, shard result.Shard) error {
	f, err := openScenario(c)
	if err != nil {
		return err
	}
	o := sim.Options{Folder: resultFolder(c, f), Shard: shard, Workers: c.Int("workers"),
		Progress: new(sim.Progress)}
	bar := showProgress(c, o.Progress)
	err = sim.Run(c.Context, f, o)
	bar.stop()
	if errors.Is(err, context.Canceled) {
		talk.Say(c, "%d replications are kept in %s; the same command goes on from there",
			o.Progress.Done.Load(), o.Folder)
	}
	if err != nil {
		return err
	}
	if err := printResults(c, o.Folder); err != nil {
		return err
	}
	talk.Say(c, "results are in %s; `murmur sim report %s` makes a page of them", o.Folder,
		o.Folder)
	return failedChecks(c, f, o.Folder)
}

// printResults prints the metrics of a result folder.
func printResults(c *cli.Context, folder string) error {
	results, err := result.Read(folder)
	if err != nil {
		return err
	}
	return printMetrics(c, results)
}

func printMetrics(c *cli.Context, results []result.Cell) error {
	if c.Bool("json") {
		return talk.JSON(c, result.Rows(results)...)
	}
	rows := [][]string{{"cell", "metric", "value", "95 % interval", "unit", "n"}}
	for _, r := range result.Rows(results) {
		rows = append(rows, []string{r.Cell, r.Metric, fmt.Sprintf("%.5g", float64(r.Value)),
			interval(float64(r.Lo), float64(r.Hi)), r.Unit, fmt.Sprint(r.N)})
	}
	return talk.Table(c, rows)
}

// interval is one of 95 %; a single replication has none.
func interval(lo, hi float64) string {
	if math.IsInf(lo, 0) || math.IsInf(hi, 0) {
		return "–"
	}
	return fmt.Sprintf("%.5g … %.5g", lo, hi)
}

func failedChecks(c *cli.Context, f *scenario.File, folder string) error {
	verdicts, err := result.Judge(folder)
	if err != nil {
		return err
	}
	failed := 0
	for _, v := range verdicts {
		if !v.Pass {
			failed++
			talk.Say(c, "check failed: %s %s: %s", v.Setup, v.Metric, v.Reason)
		}
	}
	if failed > 0 {
		return talk.Fail(talk.ExitUser, fmt.Errorf("%d of %d checks of %s failed", failed,
			len(verdicts),
			f.Path), "The lines above say which.")
	}
	if len(verdicts) > 0 {
		talk.Say(c, "checks that pass: %d of %d", len(verdicts), len(verdicts))
	}
	return nil
}
