package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	mrand "math/rand/v2"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
)

// Registry is where documents come from and descriptors go to: the authorities over links (Remote),
// or the authority in the same process.
type Registry interface {
	// Fetch gets the document of an epoch, verified against nothing yet.
	Fetch(ctx context.Context, e directory.Epoch) (*directory.Document, error)
	// Submit hands a descriptor to every authority that can be reached. A refusal is an error that
	// wraps its directory.Refusal.
	Submit(ctx context.Context, d *directory.Descriptor) error
}

// Courier follows the epochs: it has the node's descriptor for the next one handed in, fetches the next
// document before its epoch begins, and says when that is. A document that is late is asked for
// until it comes; when the last one has expired, the node is told to stop until there is a new one.
type Courier struct {
	*Shelf
	cfg      CourierConfig
	schedule directory.Schedule

	// All below belong to Run.
	described map[directory.Epoch]*directory.Descriptor // what is handed in again must be the same
	told      error                                     // the refusal that the operator was told of; nil when all is well
	stopped   bool                                      // no document is in force
}

// CourierConfig is what a courier needs. All functions are called from Run alone.
type CourierConfig struct {
	Shelf    *Shelf
	Registry Registry
	// Describe makes the node's descriptor whose first epoch is e, and the keys in it.
	Describe func(e directory.Epoch) (*directory.Descriptor, error)
	// Apply switches the node to a document: at the start, at the beginning of each epoch, and when a
	// late document comes.
	Apply func(now time.Time, doc *directory.Document) error
	// Expire tells that the last document has expired: whoever goes on would mix by rules that nobody
	// vouches for.
	Expire func()
	Log    *slog.Logger
}

// Tries of an errand are this far apart at first and at most.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 15 * time.Second
)

// NewCourier allocates; nothing happens before Run.
func NewCourier(cfg CourierConfig) *Courier {
	return &Courier{Shelf: cfg.Shelf, cfg: cfg, schedule: cfg.Shelf.genesis.Schedule(), described: map[directory.Epoch]*directory.Descriptor{}}
}

// Run follows the epochs until ctx ends, or Apply fails. A clock that is before the network's first
// epoch is an error that says so.
func (c *Courier) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		now := time.Now()
		e, err := c.schedule.Epoch(now)
		if err != nil {
			return fmt.Errorf("following the network %q: %w\n  it begins at %s and this computer's clock says %s: set the clock, or wait",
				c.genesis.Label, err, c.genesis.Start.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
		}
		if err := c.live(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// live lives through one epoch.
func (c *Courier) live(ctx context.Context, e directory.Epoch) error {
	if err := c.begin(time.Now(), e); err != nil {
		return err
	}
	errands := c.errands(e)
	for {
		next := earliest(errands)
		if next == nil {
			sleepUntil(ctx, c.schedule.StartOf(e+1))
			return nil
		}
		if !sleepUntil(ctx, next.at) {
			return nil
		}
		if err := c.attempt(ctx, next); err != nil {
			return err
		}
	}
}

// begin puts the document into force that the node has for epoch e.
func (c *Courier) begin(now time.Time, e directory.Epoch) error {
	doc, err := c.Current(now)
	if err != nil {
		c.stop(e)
		return nil
	}
	if doc.Epoch != e {
		c.cfg.Log.Warn("going on with an old network document", "epoch", doc.Epoch, "now", e)
	}
	return c.apply(now, doc)
}

func (c *Courier) apply(now time.Time, doc *directory.Document) error {
	c.stopped = false
	return c.cfg.Apply(now, doc)
}

// stop says once that there is nothing to go by.
func (c *Courier) stop(e directory.Epoch) {
	if c.stopped {
		return
	}
	c.stopped = true
	level := slog.LevelInfo // at the start it is on its way
	if c.Latest() != nil {
		level = slog.LevelError
	}
	c.cfg.Log.Log(context.Background(), level, "no network document is in force: this node carries nothing until there is one", "epoch", e)
	c.cfg.Expire()
}

// errand is something to get done in an epoch. It is tried again until it succeeds or its time is up.
type errand struct {
	at, until time.Time
	pause     time.Duration
	try       func(context.Context) error
	failure   string // what to tell the operator when the time is up
	done      bool
}

// fatal marks the error of an errand that ends the node.
type fatal struct{ error }

// errands are those of epoch e. The descriptor of the next epoch is handed in twice, since an authority
// that starts again in between knows nothing of the first.
func (c *Courier) errands(e directory.Epoch) []*errand {
	maps.DeleteFunc(c.described, func(old directory.Epoch, _ *directory.Descriptor) bool { return old < e })
	now, start, eighth := time.Now(), c.schedule.StartOf(e), c.schedule.Length/8
	end := c.schedule.StartOf(e + 1)
	describe := func(ctx context.Context) error { return c.submit(ctx, e+1) }
	list := []*errand{
		{at: between(start, 2*eighth), until: start.Add(3 * eighth), try: describe, failure: "no authority took this node's descriptor"},
		{at: between(start.Add(2*eighth), eighth*3/4), until: start.Add(3 * eighth), try: describe},
		{at: between(start.Add(6*eighth), eighth), until: end, try: func(ctx context.Context) error { return c.fetch(ctx, e+1) },
			failure: "there is no network document for the next epoch yet"},
	}
	if c.Document(e) == nil {
		list = append(list, &errand{at: now, until: end, try: func(ctx context.Context) error { return c.catchUp(ctx, e) },
			failure: "no network document came for the whole epoch"})
	}
	return list
}

// between draws a time, so that nodes do not come in step.
func between(from time.Time, spread time.Duration) time.Time {
	return from.Add(time.Duration(mrand.Int64N(int64(spread) + 1)))
}

// earliest is the errand whose turn is next, nil when all are done.
func earliest(list []*errand) (next *errand) {
	for _, e := range list {
		if !e.done && (next == nil || e.at.Before(next.at)) {
			next = e
		}
	}
	return next
}

// attempt tries an errand once, unless it is too late for it: a node that started in the middle of an
// epoch, or slept.
func (c *Courier) attempt(ctx context.Context, e *errand) error {
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
	c.cfg.Log.Debug("trying again later", "error", err)
	e.pause = min(max(firstPause, 2*e.pause), lastPause, max(firstPause, c.schedule.Length/32))
	if e.at = time.Now().Add(e.pause); !e.at.Before(e.until) {
		e.done = true
		if e.failure != "" {
			c.cfg.Log.Warn(e.failure, "error", err)
		}
	}
	return nil
}

// catchUp gets the document of the epoch that runs already. If there is none, a lone authority was away
// and tallies now: this node describes itself once more.
func (c *Courier) catchUp(ctx context.Context, e directory.Epoch) error {
	if err := c.fetch(ctx, e); err != nil {
		return errors.Join(err, c.submit(ctx, e))
	}
	doc := c.Document(e)
	if now, err := c.schedule.Epoch(time.Now()); err != nil || now != e {
		return nil // the epoch ended meanwhile: begin does the rest
	}
	if err := c.apply(time.Now(), doc); err != nil {
		return fatal{err}
	}
	return nil
}

// submit hands in the descriptor whose first epoch is e, the same bytes at every try.
func (c *Courier) submit(ctx context.Context, e directory.Epoch) error {
	if c.described[e] == nil {
		d, err := c.cfg.Describe(e)
		if errors.Is(err, durable.ErrNoSpace) {
			return err // there may be room for the keys later
		}
		if err != nil {
			return fatal{fmt.Errorf("describing this node: %w", err)}
		}
		c.described[e] = d
	}
	err := c.cfg.Registry.Submit(ctx, c.described[e])
	c.tell(err)
	return err
}

// tell says why an authority refuses this node, once for each reason: it is for the operator to put
// right.
func (c *Courier) tell(err error) {
	var refusal directory.Refusal
	switch {
	case err == nil && c.told != nil:
		c.cfg.Log.Info("an authority takes this node's descriptor now")
		c.told = nil
	case errors.As(err, &refusal) && refusal != directory.RefusedLater && c.told != error(refusal):
		c.cfg.Log.Warn("an authority refuses this node's descriptor", "reason", refusal)
		c.told = refusal
	}
}

// fetch gets the document of epoch e, unless it is here.
func (c *Courier) fetch(ctx context.Context, e directory.Epoch) error {
	if c.Document(e) != nil {
		return nil
	}
	doc, err := c.cfg.Registry.Fetch(ctx, e)
	if err != nil {
		return err
	}
	if doc.Epoch != e {
		return fmt.Errorf("asked for the document of epoch %d and got that of %d", e, doc.Epoch)
	}
	err = c.Keep(time.Now(), doc)
	if errors.Is(err, directory.ErrTwoDocuments) || errors.Is(err, directory.ErrBrokenChain) {
		c.cfg.Log.Error("the authorities contradict themselves", "error", err)
	}
	return err
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
