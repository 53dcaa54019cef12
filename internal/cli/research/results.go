package research

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
	"murmuration/sim/result"
)

func simMergeCommand() *cli.Command {
	return &cli.Command{
		Name:      "merge",
		Usage:     "join finished parts of a sweep; in any order and grouping",
		ArgsUsage: "FOLDER...",
		Flags: []cli.Flag{&cli.StringFlag{Name: "out", Aliases: []string{"o"},
			Usage: "new result `FOLDER`", Required: true}},
		Action: func(c *cli.Context) error {
			if err := result.Merge(c.String("out"), c.Args().Slice()); err != nil {
				return err
			}
			m, err := result.ReadManifest(c.String("out"))
			if err != nil {
				return err
			}
			talk.Say(c, "%s holds %d of %d cells", c.String("out"), len(m.Finished), m.Cells)
			return nil
		},
	}
}

func simDiffCommand() *cli.Command {
	return &cli.Command{
		Name:      "diff",
		Usage:     "compare the metrics of two result folders; exit code 1 if they differ",
		ArgsUsage: "FOLDER FOLDER",
		Description: "The last column is the difference in standard errors of both together: " +
			"beyond 3 it is hardly chance.",
		Flags:  []cli.Flag{talk.JSONFlag()},
		Action: simDiff,
	}
}

func simDiff(c *cli.Context) error {
	if c.NArg() != 2 {
		return talk.Usagef("give two result folders")
	}
	differences, err := result.Diff(c.Args().Get(0), c.Args().Get(1))
	if err != nil {
		return err
	}
	if c.Bool("json") {
		err = talk.JSON(c, differences...)
	} else if len(differences) > 0 {
		rows := [][]string{{"cell", "metric", "first", "second", "errors"}}
		for _, d := range differences {
			rows = append(rows, []string{d.Cell, d.Metric, fmt.Sprintf("%.6g", float64(d.A)),
				fmt.Sprintf("%.6g", float64(d.B)), fmt.Sprintf("%.2g", float64(d.Errors))})
		}
		err = talk.Table(c, rows)
	}
	if err == nil && len(differences) > 0 {
		return talk.Fail(talk.ExitUser, fmt.Errorf("%d metrics differ", len(differences)), "")
	}
	return err
}
