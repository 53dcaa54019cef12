package result

import (
	"fmt"
	"slices"
	"time"

	"murmuration/sim/level"
	"murmuration/sim/scenario"
)

// Merge joins finished folders of one scenario, such as the shards of a sweep, into a new folder.
// Merging is associative: however shards are grouped, all of them together give the bytes of an
// unsharded run. A replication that two folders hold must be the same in both.
func Merge(into string, from []string) error {
	if len(from) == 0 {
		return fmt.Errorf("merging results: no folder is given")
	}
	started := time.Now()
	f, all, err := collect(from)
	if err != nil {
		return err
	}
	d, err := Create(into, f)
	if err != nil {
		return err
	}
	defer d.Close()
	kept, err := d.Replications()
	if err != nil {
		return err
	}
	if len(kept) > 0 {
		return fmt.Errorf("%s already holds results\n  Merge into a new folder.", into)
	}
	for _, r := range all {
		if err := d.Add(r); err != nil {
			return err
		}
	}
	done := ByCell(all)
	// others belong to shards still to come
	here := func(cell int) bool { return len(done[cell]) > 0 }
	return d.finish(done, here, Made{Shards: Whole.String()}.since(started))
}

// collect reads folders of one scenario and returns their replications, each once, in order.
func collect(from []string) (f *scenario.File, all []level.Replication, err error) {
	type place struct{ cell, index int }
	seen := map[place]level.Replication{}
	for _, path := range from {
		g, reps, err := Open(path, false)
		if err != nil {
			return nil, nil, err
		}
		if f != nil && f.Hash != g.Hash {
			return nil, nil, fmt.Errorf("%s and %s hold results of different scenarios", from[0],
				path)
		}
		f = g
		for _, r := range reps {
			p := place{r.Cell, r.Index}
			if old, twice := seen[p]; !twice {
				seen[p], all = r, append(all, r)
			} else if !Same(old, r) {
				return nil, nil, fmt.Errorf(
					"replication %d of cell %d is not the same in %s as in another folder\n  "+
						"They come from different programs or machines; run one of them again.",
					r.Index, r.Cell, path)
			}
		}
	}
	slices.SortFunc(all, byPlace)
	return f, gapless(all), nil
}
