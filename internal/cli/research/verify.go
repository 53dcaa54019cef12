package research

import (
	"fmt"
	"io/fs"

	"github.com/urfave/cli/v2"

	scenarios "murmuration/configs/sim"
	"murmuration/internal/cli/talk"
	"murmuration/sim"
	simreport "murmuration/sim/report"
	"murmuration/sim/result"
	"murmuration/sim/scenario"
)

func simVerifyCommand() *cli.Command {
	return &cli.Command{
		Name:  "verify",
		Usage: "compare the simulator with every published number it knows",
		Description: "A row passes when its standard error is at most a third of the tolerance " +
			"and it is no farther from the\n" +
			"published number than the tolerance. Exit code 1 if a row fails.",
		Flags: []cli.Flag{talk.JSONFlag(), simWorkers,
			&cli.BoolFlag{Name: "short", Usage: "only what takes seconds"},
			&cli.StringFlag{Name: "html", Usage: "also write the table as a page to `FILE`"}},
		Action: simVerify,
	}
}

func simVerify(c *cli.Context) error {
	files, err := shippedScenarios()
	if err != nil {
		return err
	}
	o := sim.Options{Workers: c.Int("workers"), Progress: new(sim.Progress)}
	bar := showProgress(c, o.Progress)
	verdicts, err := sim.Verify(c.Context, files, c.Bool("short"), o)
	bar.stop()
	if err != nil {
		return err
	}
	if name := c.String("html"); name != "" {
		if err := writePage(c, name, simreport.FromVerdicts(verdicts)); err != nil {
			return err
		}
	}
	failed := 0
	for _, v := range verdicts {
		if !v.Pass {
			failed++
		}
	}
	if err := printVerdicts(c, verdicts); err != nil {
		return err
	}
	talk.Say(c, "%d of %d rows pass", len(verdicts)-failed, len(verdicts))
	if failed > 0 {
		return talk.Fail(talk.ExitUser, fmt.Errorf("%d rows are not reproduced", failed),
			"The table says by how much.")
	}
	return nil
}

func shippedScenarios() (files []*scenario.File, err error) {
	names, err := fs.Glob(scenarios.Files, "*.toml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		f, err := scenario.LoadFS(scenarios.Files, name)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func printVerdicts(c *cli.Context, verdicts []result.Verdict) error {
	if c.Bool("json") {
		return talk.JSON(c, verdicts...)
	}
	rows := [][]string{{"id", "set-up", "metric", "level", "expected", "measured", "standard error",
		"verdict"}}
	for _, v := range verdicts {
		verdict := "pass"
		if !v.Pass {
			verdict = "FAIL: " + v.Reason
		}
		rows = append(rows, []string{v.ID, v.Setup, v.Metric, v.Level,
			fmt.Sprintf("%.6g ± %.2g", float64(v.Expected), float64(v.Tolerance)),
			fmt.Sprintf("%.6g", float64(v.Measured)), fmt.Sprintf("%.2g",
				float64(v.StdErr)), verdict})
	}
	return talk.Table(c, rows)
}
