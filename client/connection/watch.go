package connection

import (
	"context"
	"errors"
	"slices"
	"time"

	"murmuration/client/guard"
	"murmuration/client/sender"
	"murmuration/internal/directory"
)

// watchEvery is how often the guard in use is looked at.
const watchEvery = time.Minute

// watch looks at how the guard does, until ctx ends, and lets the other one take over.
func (c *Connection) watch(ctx context.Context) error {
	select {
	case <-c.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	ticks := time.NewTicker(watchEvery)
	defer ticks.Stop()
	for {
		select {
		case now := <-ticks.C:
			if err := c.look(ctx, now); err != nil {
				return err
			}
		case w := <-c.wishes:
			w.done <- c.grant(ctx, time.Now(), w.guard)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *Connection) look(ctx context.Context, now time.Time) error {
	c.state.Lock()
	every := c.given[len(c.given)-1].Parameters.LoopEvery
	v := c.guards.Observe(now, c.slots.signs(now, sender.LoopWindow*every))
	var err error
	if v.Save {
		err = c.keepGuards()
	}
	c.state.Unlock()
	if err != nil {
		return err
	}
	if v.Failed {
		return c.takeOver(ctx, now)
	}
	return c.yield(ctx, now)
}

// yield leaves a guard that the network has struck out for the other one.
func (c *Connection) yield(ctx context.Context, now time.Time) error {
	changed, err := c.change(ctx, now, func(doc *directory.Document) bool {
		return c.guards.Yield(append([]*directory.Document{doc}, c.before(doc)...))
	})
	if changed {
		c.cfg.Log.Warn("the network lists the provider no more: the other one takes over")
	}
	return err
}

// wish is that a provider be the guard in use from now on.
type wish struct {
	guard string
	done  chan error // has room for the answer
}

// UseGuard has the provider of this name be the guard from now on: the person wants it so. The one
// that was in use comes second.
func (c *Connection) UseGuard(ctx context.Context, name string) error {
	select {
	case <-c.ready:
	default:
		return errNoGuardYet
	}
	w := wish{name, make(chan error, 1)}
	select {
	case c.wishes <- w:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// grant changes the guard for the person.
func (c *Connection) grant(ctx context.Context, now time.Time, name string) error {
	var wrong error
	changed, err := c.change(ctx, now, func(doc *directory.Document) (changed bool) {
		changed, wrong = c.guards.Use(doc, name, seeds(), c.rng)
		return changed
	})
	if wrong == nil && err == nil {
		err = c.want(name)
	}
	if wrong != nil {
		return errGuard.With("%q", name)
	}
	if changed {
		c.cfg.Log.Info("another provider is used from now on", "name", name)
	}
	return err
}

// want keeps whom the person chose, so that another one in its place is never a silent one.
func (c *Connection) want(name string) error {
	c.state.Lock()
	defer c.state.Unlock()
	c.guards.Wanted = name
	return c.keepGuards()
}

// takeOver gives the guard in use up, with its link, and begins with the other one.
func (c *Connection) takeOver(ctx context.Context, now time.Time) error {
	changed, err := c.change(ctx, now, func(doc *directory.Document) bool {
		c.guards.TakeOver(doc, seeds(), c.rng)
		return true
	})
	if changed {
		c.cfg.Log.Warn(
			"for a day the provider has not served: the other one takes over")
	}
	return err
}

// refused draws another guard in the place of one that has no place for a newcomer. Who was named
// by the configuration stays.
func (c *Connection) refused(ctx context.Context, now time.Time) error {
	changed, err := c.change(ctx, now, func(doc *directory.Document) bool {
		return c.cfg.Guard == "" && c.guards.Refuse(doc, seeds(), c.rng)
	})
	if changed {
		c.cfg.Log.Info("the provider has no place for somebody new: another one is drawn")
	}
	return err
}

// change begins with another guard, if choose chooses one. Without a document to go by the one in
// use stays.
func (c *Connection) change(ctx context.Context, now time.Time,
	choose func(*directory.Document) bool) (changed bool, err error) {
	doc := c.documents.Current()
	if doc == nil {
		doc = c.documents.Latest()
	}
	made, err := c.otherGuard(doc, now, choose)
	if errors.Is(err, sender.ErrDocument) {
		return false, c.noteUnusable(doc, err)
	}
	if made == nil {
		return false, err
	}
	return true, c.begin(ctx, made, now)
}

// otherGuard makes the sender for the guard that choose chooses, nil if it chooses none.
func (c *Connection) otherGuard(doc *directory.Document, now time.Time,
	choose func(*directory.Document) bool) (*sender.Sender, error) {
	c.state.Lock()
	defer c.state.Unlock()
	before := c.guards.Guards
	before.List = slices.Clone(before.List)
	if !choose(doc) {
		return nil, nil
	}
	made, err := c.makeSender(doc, now)
	if err != nil {
		c.guards.Guards = before
		return nil, err
	}
	c.slots.replace(made)
	c.hangUp()
	return made, nil
}

// signs are what is seen of the guard in use; span is how long as many loops take as are looked at.
func (s *slots) signs(now time.Time, span time.Duration) guard.Signs {
	s.mu.Lock()
	defer s.mu.Unlock()
	signs := guard.Signs{Replied: s.exchange.LastReply, Window: sender.LoopWindow, Span: span}
	signs.Loops, signs.Of = s.sender.Loops()
	if s.bulletins != nil {
		signs.Withheld, signs.Expected = s.bulletins.Withholding()
	}
	signs.Dry = s.tokens != nil && s.tokens.Dry(now)
	return signs
}
