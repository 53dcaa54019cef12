package research

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
	"murmuration/sim/result"
)

func simReplayCommand() *cli.Command {
	return &cli.Command{
		Name:      "replay",
		Usage:     "run one replication of one cell again",
		ArgsUsage: "FILE",
		Description: "With --results it says whether the numbers are those that the folder " +
			"holds. With --trace it writes what a\n" +
			"watcher of all links sees, in the format that recordings of real nodes have too.",
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "cell", Usage: "`CELL`, from 0"},
			&cli.IntFlag{Name: "replication", Usage: "`REPLICATION`, from 0"},
			&cli.StringFlag{Name: "results", Usage: "result `FOLDER` to compare with"},
			&cli.StringFlag{Name: "trace", Usage: "write a link trace to `TRACE`, a new file"},
			talk.JSONFlag(),
		},
		Action: simReplay,
	}
}

func simReplay(c *cli.Context) error {
	f, err := openScenario(c)
	if err != nil {
		return err
	}
	links, closeTrace, err := traceFile(c.String("trace"))
	if err != nil {
		return err
	}
	r, err := result.Replay(c.Context, f, c.Int("cell"), c.Int("replication"), links)
	if err = errors.Join(err, closeTrace()); err != nil {
		return err
	}
	cells := []result.Cell{{Cell: f.Cells[r.Cell], Replications: 1, Metrics: r.Metrics}}
	if err := printMetrics(c, cells); err != nil {
		return err
	}
	if c.String("results") == "" {
		return nil
	}
	kept, err := result.Kept(c.String("results"), f, r.Cell, r.Index)
	if err != nil {
		return err
	}
	if !result.Same(kept, r) {
		return talk.Fail(talk.ExitInternal, fmt.Errorf("the replayed numbers are not those of %s",
			c.String("results")), "Was the folder made by another version or on another kind of "+
			"processor? Its manifest says.")
	}
	talk.Say(c, "the numbers are those of %s, bit by bit", c.String("results"))
	return nil
}

// traceFile opens a new file for a trace; without a name there is none to write to.
func traceFile(name string) (io.Writer, func() error, error) {
	if name == "" {
		return nil, func() error { return nil }, nil
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, nil, fmt.Errorf("writing link trace: %w", err)
	}
	buffered := bufio.NewWriterSize(file, 1<<20)
	return buffered, func() error { return errors.Join(buffered.Flush(), file.Close()) }, nil
}
