package result

import (
	"context"
	"fmt"
	"io"

	"murmuration/sim/level"
	"murmuration/sim/scenario"
)

// Replay runs one replication of one cell again, alone, and gives the same numbers as the run that
// it is part of. Where links is not nil, it gets what a watcher of all links sees as a link trace;
// only the levels "des" and "world" have one.
func Replay(
	ctx context.Context, f *scenario.File, cell, index int, links io.Writer,
) (level.Replication, error) {
	if cell < 0 || cell >= len(f.Cells) || index < 0 {
		return level.Replication{}, fmt.Errorf("there is no replication %d of cell %d: "+
			"%s has %d cells, which count from 0", index, cell, f.Path, len(f.Cells))
	}
	if links == nil {
		return level.Run(ctx, f.Cells[cell], index)
	}
	return level.Trace(ctx, f.Cells[cell], index, links)
}
