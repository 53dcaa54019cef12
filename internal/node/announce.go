package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	mrand "math/rand/v2"
	"sync/atomic"
	"time"

	"murmuration/internal/backoff"
	"murmuration/internal/directory"
	"murmuration/internal/directory/follow"
	"murmuration/internal/documents"
	"murmuration/internal/durable"
	"murmuration/internal/link"
)

// Registry is where a node's descriptors go: the authorities over links, or the authority in the
// same process.
type Registry interface {
	// Submit hands a descriptor to every authority that can be reached. A refusal is an error that
	// wraps its directory.Refusal.
	Submit(ctx context.Context, d *directory.Descriptor) error
}

// describer makes the node's descriptor whose first epoch is e, and the keys in it: a Chassis.
type describer interface {
	describe(e directory.Epoch) (*directory.Descriptor, error)
}

// announcer hands in the node's descriptor for the next epoch, in each epoch twice: an authority
// that starts again in between knows nothing of the first. If there is no document for the epoch
// that runs, a lone authority was away and tallies now: the node is described for this epoch, too.
// Several authorities meet again in the next one.
type announcer struct {
	registry  Registry
	documents *documents.Set
	schedule  directory.Schedule
	several   bool // authorities, which make the next document and no other
	chassis   describer
	clocks    *link.Clocks                      // of others
	refused   atomic.Pointer[directory.Refusal] // of the last try; nil when it was none
	log       *slog.Logger

	// leaving says that no more documents are to have this node; nil: never
	leaving func() bool

	// All below are owned by the goroutine of run.
	rng       *mrand.Rand
	described map[directory.Epoch]*directory.Descriptor // what is handed in again must be the same
	// the refusal that the operator was told of; nil when all is well
	told error
}

func newAnnouncer(c *Chassis, to Registry) *announcer {
	if to == nil {
		to = Authorities{Genesis: c.Home.Genesis, Transport: c.transport, Documents: c.Documents}
	}
	var seed [32]byte
	rand.Read(seed[:]) // never fails
	return &announcer{
		registry: to, documents: c.Documents, schedule: c.Home.Genesis.Schedule(), chassis: c,
		several:   len(c.Home.Genesis.Authorities) > 1,
		clocks:    c.Clocks,
		log:       c.cfg.Log,
		rng:       mrand.New(mrand.NewChaCha8(seed)),
		described: map[directory.Epoch]*directory.Descriptor{},
	}
}

// Tries of one task are this far apart at first and at most.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 15 * time.Second
)

// task is something to be done in an epoch. It is tried again until it succeeds or its time is up.
type task struct {
	at, until time.Time
	waits     *backoff.Backoff
	try       func(context.Context) error
	failure   string // what to tell the operator when the time is up
	done      bool
}

// fatal marks the error of an task that ends the node.
type fatal struct{ error }

// run follows the epochs until ctx ends, or the node cannot describe itself.
func (a *announcer) run(ctx context.Context) error {
	for ctx.Err() == nil {
		e, err := a.schedule.Epoch(time.Now())
		if err != nil {
			return nil // the documents say what is wrong
		}
		if err := a.live(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// live lives through one epoch.
func (a *announcer) live(ctx context.Context, e directory.Epoch) error {
	tasks := a.tasks(time.Now(), e)
	for {
		next := earliest(tasks)
		if next == nil {
			sleepUntil(ctx, a.schedule.StartOf(e+1))
			return nil
		}
		if !sleepUntil(ctx, next.at) {
			return nil
		}
		if err := a.attempt(ctx, next); err != nil {
			return err
		}
	}
}

// tasks are those of epoch e.
func (a *announcer) tasks(now time.Time, e directory.Epoch) []*task {
	maps.DeleteFunc(a.described,
		func(old directory.Epoch, _ *directory.Descriptor) bool { return old < e })
	start, eighth := a.schedule.StartOf(e), a.schedule.Length/8
	first := task{
		at: a.between(start, 2*eighth), until: start.Add(3 * eighth),
		try: func(ctx context.Context) error { return a.submit(ctx, e+1) },
		failure: "too few authorities took this node's descriptor, and the next network document " +
			"will be without it: check the connection to those named, and the clock",
	}
	again := first
	again.at, again.failure = a.between(start.Add(2*eighth), eighth*3/4), ""
	missing := task{at: now, until: a.schedule.StartOf(e + 1),
		try: func(ctx context.Context) error { return a.catchUp(ctx, e) }}
	list := []*task{&first, &again, &missing}
	for _, one := range list {
		one.waits = backoff.New(firstPause, min(lastPause, max(firstPause, a.schedule.Length/32)),
			a.rng)
	}
	return list
}

// between draws a time, so that nodes do not come in step.
func (a *announcer) between(from time.Time, spread time.Duration) time.Time {
	return from.Add(time.Duration(a.rng.Int64N(int64(spread) + 1)))
}

// earliest is the task whose turn is next, nil when all are done.
func earliest(list []*task) (next *task) {
	for _, e := range list {
		if !e.done && (next == nil || e.at.Before(next.at)) {
			next = e
		}
	}
	return next
}

// attempt tries an task once, unless it is too late for it: a node that started in the middle of an
// epoch, or slept.
func (a *announcer) attempt(ctx context.Context, e *task) error {
	if !time.Now().Before(e.until) {
		e.done = true
		return nil
	}
	err := e.try(ctx)
	var end fatal
	switch {
	case err == nil:
		e.done = true
		return nil
	case errors.As(err, &end):
		return end.error
	case ctx.Err() != nil:
		return nil
	}
	a.log.Debug("the descriptor is handed in again later", "error", err)
	if e.at = time.Now().Add(e.waits.Next()); !e.at.Before(e.until) {
		e.done = true
		if e.failure != "" {
			a.log.Warn(e.failure, "error", err, "clock", ClockWords(a.clocks.Ahead(time.Now())))
		}
	}
	return nil
}

// catchUp describes the node for the epoch that runs, until there is a document for it. Before the
// entries were asked in vain, nobody is bothered.
func (a *announcer) catchUp(ctx context.Context, e directory.Epoch) error {
	if a.documents.Document(e) != nil || a.several {
		return nil
	}
	if a.documents.Trouble().Kind == follow.NoTrouble {
		return errors.New("the document of this epoch is being fetched")
	}
	return errors.Join(directory.ErrNoDocument, a.submit(ctx, e))
}

// submit hands in the descriptor whose first epoch is e, the same bytes at every try.
func (a *announcer) submit(ctx context.Context, e directory.Epoch) error {
	if a.leaving != nil && a.leaving() {
		return nil
	}
	if a.described[e] == nil {
		d, err := a.chassis.describe(e)
		if durable.Passing(err) {
			return err // there may be room for the keys later
		}
		if err != nil {
			return fatal{fmt.Errorf("describing this node: %w", err)}
		}
		a.described[e] = d
	}
	err := a.registry.Submit(ctx, a.described[e])
	a.tell(err)
	var refusal directory.Refusal
	switch {
	case err == nil:
		a.refused.Store(nil)
	case errors.As(err, &refusal):
		a.refused.Store(&refusal)
	}
	return err
}

// tell says why an authority refuses this node, once for each reason: it is for the operator to put
// right. A try at the wrong time is no such reason: on a network's first start, or after a pause,
// the authority may be an epoch behind or ahead of what this node knows. If it is the clock indeed,
// every try is refused, and the task's failure says so.
func (a *announcer) tell(err error) {
	var refusal directory.Refusal
	switch {
	case err == nil && a.told != nil:
		a.log.Info("an authority takes this node's descriptor now")
		a.told = nil
	case !errors.As(err, &refusal) || refusal == directory.RefusedLater ||
		refusal == directory.RefusedClock: // tried again
	case a.told != error(refusal):
		a.log.Warn("an authority refuses this node's descriptor, and network documents will be "+
			"without it: ask its operator", "reason", refusal)
		a.told = refusal
	}
}

// sleepUntil is false when ctx ended first.
func sleepUntil(ctx context.Context, t time.Time) bool {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}
