package research

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
	simreport "murmuration/sim/report"
)

func simReportCommand() *cli.Command {
	return &cli.Command{
		Name:      "report",
		Usage:     "make one self-contained HTML page of a result folder",
		ArgsUsage: "FOLDER",
		Flags: []cli.Flag{&cli.StringFlag{Name: "out", Aliases: []string{"o"},
			Usage: "`FILE` (default: report.html in the folder)"}},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return talk.Usagef("give one result folder")
			}
			page, err := simreport.FromFolder(c.Args().First())
			if err != nil {
				return err
			}
			name := c.String("out")
			if name == "" {
				name = filepath.Join(c.Args().First(), "report.html")
			}
			return writePage(c, name, page)
		},
	}
}

func writePage(c *cli.Context, name string, page simreport.Page) error {
	file, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("writing report: %w", err)
	}
	if err := errors.Join(simreport.Write(file, page), file.Close()); err != nil {
		return err
	}
	talk.Say(c, "%s is written; any browser opens it, without a network", name)
	return nil
}
