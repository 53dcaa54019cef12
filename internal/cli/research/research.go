// Package research is the commands of who wants to know what the network gives: the simulator's.
//
// The package must not need a network, and must not touch anybody's home.
package research

import (
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	scenarios "murmuration/configs/sim"
	"murmuration/internal/cli/talk"
	"murmuration/sim/scenario"
)

// Sim is `murmur sim`: scenarios in, numbers and a report out.
func Sim() *cli.Command {
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
		Action: talk.NeedSubcommand,
	}
}

var (
	simOut = &cli.StringFlag{Name: "out", Aliases: []string{"o"},
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
		return nil, talk.Usagef("give one scenario file")
	}
	name := c.Args().First()
	info, err := os.Stat(name)
	if err != nil {
		if f, shipped := scenario.LoadFS(scenarios.Files, name); shipped == nil {
			return f, nil
		}
	} else if !info.Mode().IsRegular() || info.Size() > maxScenario {
		return nil, talk.Usagef("%s is not a scenario: it is no file, or larger than %d MiB", name,
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
