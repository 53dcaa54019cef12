package node

import (
	"context"
	"fmt"
	"time"

	"murmuration/internal/directory"
)

// openAhead is how much of an epoch before its time a key is made ready, as a divisor.
const openAhead = 16

// nearlyFull is the share of the replay set at which the operator hears of it.
const nearlyFull = 0.8

// rotate opens each key shortly before its time and erases it when its grace ends; it ends with
// ctx. In between it looks whether the replay set is filling up.
func (n *Node) rotate(ctx context.Context) error {
	schedule := n.Home.Genesis.Schedule()
	for {
		now := time.Now()
		if err := n.turnKeys(now); err != nil {
			return err
		}
		e, err := schedule.Epoch(now)
		if err != nil {
			return nil // the documents say what is wrong
		}
		n.warnOfTags(e)
		if !sleepUntil(ctx, n.nextTurn(now, e)) {
			return nil
		}
	}
}

// nextTurn is when the next key is over or begins, or a good time to look at the replay set.
func (n *Node) nextTurn(now time.Time, e directory.Epoch) time.Time {
	schedule, grace := n.Home.Genesis.Schedule(), n.Home.Genesis.Parameters.Grace
	next := now.Add(schedule.Length / openAhead)
	end := schedule.StartOf(e + 1)
	for _, t := range []time.Time{schedule.StartOf(e).Add(grace),
		end.Add(-grace - schedule.Length/openAhead), end} {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	return next
}

// turnKeys erases the keys whose grace is over and opens those whose time is near.
func (n *Node) turnKeys(now time.Time) error {
	gone, err := n.keys.expire(now)
	if err != nil {
		return fmt.Errorf("erasing old keys: %w", err)
	}
	opened, err := n.keys.open(now.Add(n.Home.Genesis.Schedule().Length / openAhead))
	if err != nil {
		return fmt.Errorf("opening replay tags: %w", err)
	}
	if len(gone)+len(opened) == 0 {
		return nil
	}
	n.pipeline.do(func(time.Time) {
		for _, e := range gone {
			n.role.Relay.CloseEpoch(e)
		}
		for _, o := range opened {
			n.role.Relay.OpenEpoch(o.Epoch, o.From, o.Until, o.Tags)
		}
	})
	return nil
}

// warnOfTags says once an epoch that the replay set is nearly full.
func (n *Node) warnOfTags(e directory.Epoch) {
	seen, capacity := n.tags(e)
	if float64(seen) > nearlyFull*float64(capacity) && n.warned != e+1 {
		n.warned = e + 1
		n.cfg.Log.Warn("the replay set is nearly full, and a full one forwards nothing: raise "+
			"packets_per_epoch", "capacity", capacity)
	}
}

// tags is how many are seen in epoch e, of how many there may be.
func (n *Node) tags(e directory.Epoch) (seen, capacity int) {
	n.pipeline.do(func(time.Time) { seen, capacity = n.role.Relay.Tags(e) })
	return seen, capacity
}
