package flow

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// Replicate simulates n replications, from number first on, up to workers at once (at least one),
// and returns them in order: the same as running them one by one.
func Replicate(
	ctx context.Context, c Config, seed, cell, first uint64, n, workers int,
) ([]*Result, error) {
	results := make([]*Result, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, workers))
	for i := range n {
		group.Go(func() (err error) { // ends with its replication
			results[i], err = Run(ctx, c, seed, cell, first+uint64(i))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return results, nil
}
