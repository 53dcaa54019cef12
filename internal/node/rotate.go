package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
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
		waits, err := n.tryKeys(now)
		if err != nil {
			return err
		}
		if waits {
			if !sleepUntil(ctx, now.Add(passingPause)) {
				return nil
			}
			continue
		}
		e, err := schedule.Epoch(now)
		if err != nil {
			return nil // the documents say what is wrong
		}
		n.warnOfTags(e)
		n.compareClocks(now)
		if !sleepUntil(ctx, n.nextTurn(now, e)) {
			return nil
		}
	}
}

// sure says that keys may be erased by the clock.
func (n *Node) sure(now time.Time) bool {
	n.clock.Lock()
	defer n.clock.Unlock()
	return n.even.sure(now.Round(0), now.Sub(n.started))
}

// nextTurn is when the next key is over or begins, or a good time to look at the replay set.
func (n *Node) nextTurn(now time.Time, e directory.Epoch) time.Time {
	schedule, grace := n.Home.Genesis.Schedule(), n.Home.Genesis.Parameters.Grace
	next := now.Add(schedule.Length / openAhead)
	end := schedule.StartOf(e + 1)
	if sure := n.started.Add(clockSure); sure.After(now) && sure.Before(next) {
		next = sure // old keys go then
	}
	for _, t := range []time.Time{schedule.StartOf(e).Add(grace),
		end.Add(-grace - schedule.Length/openAhead), end} {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	return next
}

// tryKeys turns the keys. What the disk or the system refuses for now waits, and is said once.
func (n *Node) tryKeys(now time.Time) (waits bool, err error) {
	err = n.turnKeys(now)
	waits = durable.Passing(err)
	if waits && !n.stuck.Swap(true) {
		n.cfg.Log.Error("keys cannot be changed, and packets under those that are missing are "+
			"dropped until they can; "+durable.Trouble(err), "error", err)
	}
	if !waits {
		n.stuck.Store(false)
		return false, err
	}
	return true, nil
}

// turnKeys erases the keys whose grace is over and opens those whose time is near. What could be
// done is done, whatever the error.
func (n *Node) turnKeys(now time.Time) error {
	var gone []directory.Epoch
	var err error
	if n.sure(now) {
		gone, err = n.keys.expire(now)
	}
	if err != nil {
		err = fmt.Errorf("erasing old keys: %w", err)
	}
	opened, wrong := n.keys.open(now.Add(n.Home.Genesis.Schedule().Length / openAhead))
	if wrong != nil {
		err = errors.Join(err, fmt.Errorf("opening replay tags: %w", wrong))
	}
	if len(gone)+len(opened) == 0 {
		return err
	}
	n.warnOfTorn(opened)
	n.pipeline.do(func(time.Time) {
		for _, e := range gone {
			n.role.Relay.CloseEpoch(e)
		}
		for _, o := range opened {
			n.role.Relay.OpenEpoch(o.Epoch, o.From, o.Until, o.Tags)
		}
	})
	return err
}

// warnOfTorn says of which tags nothing is known any more.
func (n *Node) warnOfTorn(opened []openedKey) {
	for _, o := range opened {
		if o.Torn > 0 {
			n.cfg.Log.Warn("the last replay tags of an epoch could not be read: after a power cut "+
				"that is as it must be, for their packets had not left; after a clean stop it is "+
				"a damaged disk, and those packets could come through again", "epoch", o.Epoch,
				"tags", o.Torn)
		}
	}
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
