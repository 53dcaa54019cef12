package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	scenarios "murmuration/configs/sim"
	"murmuration/sim/scenario"
)

// simCommand is `murmur sim`: scenarios in, numbers and a report out.
func simCommand() *cli.Command {
	return &cli.Command{
		Name:  "sim",
		Usage: "simulate latency and anonymity, from theory to discrete events",
		Description: "A scenario is one TOML file; `murmur sim init` writes one and `murmur sim " +
			"check` explains it.\n" +
			"Results are a folder that `report`, `merge`, `diff` and `replay` read. " +
			"docs/simulation.md has the details.",
		Subcommands: []*cli.Command{
			simInitCommand(), simCheckCommand(), simRunCommand(), simSweepCommand(),
			simMergeCommand(), simReportCommand(), simVerifyCommand(), simDiffCommand(),
			simReplayCommand(), simBenchCommand(),
		},
		Action: needSubcommand,
	}
}

var (
	simJSON = &cli.BoolFlag{Name: "json", Usage: "print JSON Lines"}
	simOut  = &cli.StringFlag{Name: "out", Aliases: []string{"o"},
		Usage: "result `FOLDER` (default: the scenario's name, without .toml, with -results)"}
	simWorkers = &cli.IntFlag{Name: "workers",
		Usage: "replications at a time (default: one for each processor); does not change results"}
)

// maxScenario is far above what a scenario of a person has, in bytes.
const maxScenario = 1 << 20

// openScenario reads the scenario that a command's argument names: a file, or one that is part of
// the program, as "loopix-fig4.toml".
func openScenario(c *cli.Context) (*scenario.File, error) {
	if c.NArg() != 1 {
		return nil, usagef("give one scenario file")
	}
	name := c.Args().First()
	info, err := os.Stat(name)
	if err != nil {
		if f, shipped := scenario.LoadFS(scenarios.Files, name); shipped == nil {
			return f, nil
		}
	} else if !info.Mode().IsRegular() || info.Size() > maxScenario {
		return nil, usagef("%s is not a scenario: it is no file, or larger than %d MiB", name,
			maxScenario>>20)
	}
	return scenario.Load(name)
}

// resultFolder is --out, or a folder beside the present one named after the scenario.
func resultFolder(c *cli.Context, f *scenario.File) string {
	if out := c.String("out"); out != "" {
		return out
	}
	base := filepath.Base(f.Path)
	return base[:len(base)-len(filepath.Ext(base))] + "-results"
}

// printLines prints values as JSON Lines on standard output.
func printLines[T any](c *cli.Context, values []T) error {
	e := json.NewEncoder(c.App.Writer)
	for _, v := range values {
		if err := e.Encode(v); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return nil
}

// printTable prints rows in aligned columns on standard output.
func printTable(c *cli.Context, rows [][]string) error {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 8, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, cell)
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(out.String()) {
		if _, err := fmt.Fprintln(c.App.Writer, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}
