package node

import (
	"context"
	"fmt"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
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
		if err := n.store.Drop(n.inForce.oldest(time.Now())); durable.Passing(err) {
			n.requests.trouble.tell("boxes past their retention are still there, and are dropped "+
				"later; "+durable.Trouble(err), err)
		} else if err != nil {
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

// demand is that of a provider under a network's parameters.
func demand(par directory.Parameters, providers int) provider.Demand {
	return provider.Demand{
		Listed: bulletin.MaxEntries(par, providers), Every: par.BulletinEvery,
		BoxBytes: par.Ciphertext(),
		Days:     par.RetentionDays + 2, // today, the full days, and the one that is being dropped
	}
}

// stateDisk says at the start what disk may be needed, and warns when there is less.
func (n *Node) stateDisk() {
	genesis := n.chassis.Home.Genesis
	providers := len(genesis.Entries)
	if doc := n.chassis.Documents.Latest(); doc != nil {
		providers = len(doc.Providers())
	}
	need := demand(genesis.Parameters, providers).Disk()
	if len(n.cfg.Databases.Postgres) > 0 {
		n.cfg.Log.Info("disk that boxes may need in all databases together, and as much again for "+
			"their logs and their standbys, each", "disk", size(need))
		return
	}
	const what = "disk that boxes may need, if as many are written as bulletins can list"
	free, err := durable.Free(n.cfg.Home)
	if err != nil {
		n.cfg.Log.Info(what, "disk", size(need))
		return
	}
	n.cfg.Log.Info(what, "disk", size(need), "free", size(int64(free)))
	if need > int64(free) {
		n.cfg.Log.Warn("the disk may become full, and boxes are refused then: give the provider "+
			"more disk", "disk", size(need), "free", size(int64(free)))
	}
}

// size writes bytes for people.
func size(bytes int64) string {
	for _, u := range []struct {
		name  string
		bytes int64
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}} {
		if bytes >= u.bytes {
			return fmt.Sprintf("%.1f %s", float64(bytes)/float64(u.bytes), u.name)
		}
	}
	return fmt.Sprintf("%d bytes", bytes)
}
