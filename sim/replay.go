package sim

import (
	"context"
	"fmt"
	"io"

	"murmuration/sim/scenario"
	"murmuration/sim/trace"
)

// Replay runs one replication of one cell again, alone, and gives the same numbers as the run that it is part of.
// Where links is not nil, it gets what a watcher of all links sees as a link trace; only level "des" has one.
func Replay(ctx context.Context, f *scenario.File, cell, index int, links io.Writer) (Replication, error) {
	if cell < 0 || cell >= len(f.Cells) || index < 0 {
		return Replication{}, fmt.Errorf("there is no replication %d of cell %d: %s has %d cells, which count from 0", index, cell, f.Path, len(f.Cells))
	}
	c := f.Cells[cell]
	if links == nil {
		return replicate(ctx, c, index)
	}
	if c.Scenario.Level != "des" {
		return Replication{}, fmt.Errorf("level %q has no links to trace\n  Set level = \"des\".", c.Scenario.Level)
	}
	config := eventConfig(c, index)
	w, err := trace.NewWriter(links, trace.Header{Parties: config.Parties()})
	if err != nil {
		return Replication{}, fmt.Errorf("writing link trace: %w", err)
	}
	r, err := simulateEvents(ctx, c, index, w)
	if err != nil {
		return r, err
	}
	r.Cell, r.Index = cell, index
	if err := w.Close(); err != nil {
		return r, fmt.Errorf("writing link trace: %w", err)
	}
	return r, nil
}

// Kept returns the replication that a result folder holds, to compare a replayed one with.
func Kept(path string, cell, index int) (Replication, error) {
	_, reps, err := OpenResults(path, true)
	if err != nil {
		return Replication{}, err
	}
	for _, r := range reps {
		if r.Cell == cell && r.Index == index {
			return r, nil
		}
	}
	return Replication{}, fmt.Errorf("%s has no replication %d of cell %d", path, index, cell)
}

// Same reports whether two replications hold the same numbers, bit by bit.
func (r Replication) Same(o Replication) bool { return same(r, o) }
