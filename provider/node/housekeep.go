package node

import (
	"context"
	"fmt"
	"time"

	"murmuration/internal/box"
	"murmuration/provider"
)

// sweepEvery is how often old spools and days are looked for.
const sweepEvery = time.Minute

// housekeep drops what is over: replies nobody fetches, days past their retention. It ends with
// ctx.
func (n *Node) housekeep(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := n.store.Drop(n.inForce.oldest(time.Now())); err != nil {
			return fmt.Errorf("dropping boxes past their retention: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		n.node.Do(func(now time.Time) {
			for range n.edge.Sweep(now) {
				n.chassis.Counts.Drop(provider.SpoolExpired)
			}
		})
	}
}

// oldest is the first day that must be kept: by the clock, but none of those that the last network
// document lists. A clock that jumped ahead must not destroy what was promised, and without a
// document nothing is.
func (f *inForce) oldest(now time.Time) box.Day {
	doc := f.document.Load()
	if doc == nil || len(doc.Storing) == 0 {
		return 0
	}
	return min(f.service.Calendar.Oldest(now), box.Day(doc.Storing[0].Day))
}
