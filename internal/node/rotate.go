package node

import (
	"context"
	"fmt"
	"math"
	"time"

	"murmuration/internal/directory"
)

// openAhead is how much of an epoch before its time a key is made ready, as a divisor.
const openAhead = 16

// nearlyFull is the share of the replay set at which the operator hears of it.
const nearlyFull = 0.8

// rotate opens each key shortly before its time and erases it when its grace ends; it ends with ctx. In
// between it looks whether the replay set is filling up.
func (m *Chassis) rotate(ctx context.Context) error {
	schedule := m.Home.Genesis.Schedule()
	for {
		now := time.Now()
		if err := m.turnKeys(now); err != nil {
			return err
		}
		e, err := schedule.Epoch(now)
		if err != nil {
			return nil // the courier says what is wrong
		}
		m.warnOfTags(e)
		if !sleepUntil(ctx, m.nextTurn(now, e)) {
			return nil
		}
	}
}

// nextTurn is when the next key is over or begins, or a good time to look at the replay set.
func (m *Chassis) nextTurn(now time.Time, e directory.Epoch) time.Time {
	schedule, grace := m.Home.Genesis.Schedule(), m.Home.Genesis.Parameters.Grace
	next := now.Add(schedule.Length / openAhead)
	end := schedule.StartOf(e + 1)
	for _, t := range []time.Time{schedule.StartOf(e).Add(grace), end.Add(-grace - schedule.Length/openAhead), end} {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	return next
}

// turnKeys erases the keys whose grace is over and opens those whose time is near.
func (m *Chassis) turnKeys(now time.Time) error {
	gone, err := m.keys.Expire(now)
	if err != nil {
		return fmt.Errorf("erasing old keys: %w", err)
	}
	opened, err := m.keys.Open(now.Add(m.Home.Genesis.Schedule().Length / openAhead))
	if err != nil {
		return fmt.Errorf("opening replay tags: %w", err)
	}
	if len(gone)+len(opened) == 0 {
		return nil
	}
	m.Pipeline.Do(func(time.Time) {
		for _, e := range gone {
			m.relay.CloseEpoch(e)
		}
		for _, o := range opened {
			m.relay.OpenEpoch(o.Epoch, o.From, o.Until, o.Tags)
		}
	})
	return nil
}

// warnOfTags says once an epoch that the replay set is nearly full.
func (m *Chassis) warnOfTags(e directory.Epoch) {
	var seen, capacity int
	m.Pipeline.Do(func(time.Time) { seen, capacity = m.relay.Tags(e) })
	if float64(seen) > nearlyFull*float64(capacity) && m.warned != e+1 {
		m.warned = e + 1
		m.cfg.Log.Warn("the replay set is nearly full, and a full one forwards nothing: raise packets_per_epoch", "capacity", capacity)
	}
}

// fill is how much of the current epoch's replay set is used.
func (m *Chassis) fill() float64 {
	e, err := m.Home.Genesis.Schedule().Epoch(time.Now())
	if err != nil {
		return 0
	}
	var seen, capacity int
	m.Pipeline.Do(func(time.Time) { seen, capacity = m.relay.Tags(e) })
	if capacity == 0 {
		return 0
	}
	return math.Floor(100*float64(seen)/float64(capacity)) / 100
}
