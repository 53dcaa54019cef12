package research

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/urfave/cli/v2"

	scenarios "murmuration/configs/sim"
	"murmuration/internal/cli/talk"
	"murmuration/sim"
	"murmuration/sim/level"
	"murmuration/sim/result"
	"murmuration/sim/scenario"
)

func simInitCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "write a commented scenario, or one of the shipped ones",
		ArgsUsage: "[FILE]",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "from",
				Usage: "start from a shipped `SCENARIO`; --list names them"},
			&cli.BoolFlag{Name: "list", Usage: "list the shipped scenarios"},
		},
		Action: simInit,
	}
}

func simInit(c *cli.Context) error {
	if c.Bool("list") {
		return listShipped(c)
	}
	text := []byte(scenario.Commented())
	if from := c.String("from"); from != "" {
		var err error
		if text, err = fs.ReadFile(scenarios.Files, from); err != nil {
			return talk.Fail(talk.ExitNotFound, fmt.Errorf("there is no shipped scenario %q", from),
				"`murmur sim init --list` names them.")
		}
	}
	if !c.Args().Present() {
		_, err := c.App.Writer.Write(text)
		return err
	}
	return writeNew(c, c.Args().First(), text)
}

// writeNew writes a file that must not be there yet.
func writeNew(c *cli.Context, name string, text []byte) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return talk.Fail(talk.ExitUser, fmt.Errorf("%s is already there", name),
			"Choose another name; nothing was written.")
	}
	if err != nil {
		return fmt.Errorf("writing scenario: %w", err)
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(name) // half a scenario is none
		return fmt.Errorf("writing scenario: %w", err)
	}
	talk.Say(c, "%s is written; `murmur sim check %s` explains it, `murmur sim run %s` runs it",
		name,
		name, name)
	return nil
}

func listShipped(c *cli.Context) error {
	names, err := fs.Glob(scenarios.Files, "*.toml")
	if err != nil {
		return err
	}
	rows := [][]string{{"scenario", "level", "cells", "what"}}
	for _, name := range names {
		f, err := scenario.LoadFS(scenarios.Files, name)
		if err != nil {
			return err
		}
		s := f.Cells[0].Scenario
		rows = append(rows, []string{name, s.Level, fmt.Sprint(len(f.Cells)), s.Name})
	}
	return talk.Table(c, rows)
}

func simCheckCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "check a scenario and explain every value in it",
		ArgsUsage: "FILE",
		Flags: []cli.Flag{talk.JSONFlag(),
			&cli.IntFlag{Name: "cell", Usage: "explain this `CELL` of a sweep"},
			&cli.BoolFlag{Name: "formulas", Usage: "list the formulas of level \"theory\""}},
		Action: simCheck,
	}
}

func simCheck(c *cli.Context) error {
	if c.Bool("formulas") {
		return listFormulas(c)
	}
	f, err := openScenario(c)
	if err != nil {
		return err
	}
	if err := sim.Check(f, sim.Options{Shard: result.Whole}); err != nil {
		return err
	}
	n := c.Int("cell")
	if n < 0 || n >= len(f.Cells) {
		return talk.Usagef("cell %d is not one of the %d cells, which count from 0", n,
			len(f.Cells))
	}
	cell := f.Cells[n]
	settings := f.Explain(cell)
	if c.Bool("json") {
		return talk.JSON(c, settings...)
	}
	rows := [][]string{{"key", "value", "from", "meaning"}}
	for _, s := range settings {
		from := s.From
		if !s.Read && from != "default" {
			from += ", not read by " + cell.Scenario.Level
		}
		rows = append(rows, []string{s.Key, s.Value, from, s.Meaning})
	}
	if err := talk.Table(c, rows); err != nil {
		return err
	}
	talk.Say(c, "%s is sound: %s at level %s, %d to %d replications each, %s", f.Path,
		talk.Plural(len(f.Cells), "cell", "cells"), cell.Scenario.Level,
		cell.Scenario.Replicate.Min, cell.Scenario.Replicate.Max, talk.Plural(len(f.Checks()),
			"check",
			"checks"))
	talk.Say(c, "one replication of this cell needs about %s; an idle client would move %.4g "+
		"MB/day "+
		"each way", sim.Memory(cell.Scenario), cell.Scenario.Clients.Volume()/1e6)
	return nil
}

func listFormulas(c *cli.Context) error {
	rows := [][]string{{"formula", "arguments", "meaning"}}
	for _, f := range level.Formulas() {
		rows = append(rows, []string{f.Name, fmt.Sprint(f.Args), f.Meaning})
	}
	return talk.Table(c, rows)
}
