package research

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
	"murmuration/sim"
)

func simBenchCommand() *cli.Command {
	return &cli.Command{
		Name: "bench",
		Usage: "measure the engines on one core, or one replication of each cell of a " +
			"scenario",
		ArgsUsage: "[FILE]",
		Description: "An event is a departure from a mix (flow) or whatever happens (des). " +
			"Memory is that of the whole process so far.",
		Flags:  []cli.Flag{talk.JSONFlag()},
		Action: simBench,
	}
}

func simBench(c *cli.Context) error {
	speeds, err := benchOf(c)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return talk.JSON(c, speeds...)
	}
	rows := [][]string{{"level", "set-up", "events/s", "packets/s", "seconds", "memory",
		"published peers"}}
	for _, s := range speeds {
		rows = append(rows, []string{s.Level, s.Setup, fmt.Sprintf("%.3g M", s.EventRate/1e6),
			fmt.Sprintf("%.3g M", s.PacketRate/1e6),
			fmt.Sprintf("%.2f", s.Seconds), fmt.Sprintf("%d MiB", s.Memory>>20), s.Peer})
	}
	return talk.Table(c, rows)
}

func benchOf(c *cli.Context) ([]sim.Speed, error) {
	if !c.Args().Present() {
		return sim.Bench(c.Context)
	}
	f, err := openScenario(c)
	if err != nil {
		return nil, err
	}
	return sim.BenchScenario(c.Context, f)
}
