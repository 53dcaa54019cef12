package client

import (
	"context"
	"time"
)

// deskEvery is how often the desk looks at days, expiry and what could not be supplied before.
const deskEvery = 20 * time.Second

// keepDesk does what answers ask for, and keeps the sender supplied. Everything that costs time
// (opening boxes, fsync) happens here and never in the way of a slot.
func (c *Client) keepDesk(ctx context.Context) error {
	select {
	case <-c.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	tick := time.NewTicker(deskEvery)
	defer tick.Stop()
	for {
		if err := c.supplyAll(time.Now()); err != nil {
			return err
		}
		select {
		case e := <-c.events:
			if err := c.handle(e); err != nil {
				return err
			}
		case <-c.nudge:
		case <-tick.C:
			if err := c.turn(time.Now()); err != nil {
				return err
			}
		case <-ctx.Done():
			return c.settle(ctx)
		}
	}
}

func (c *Client) supplyAll(now time.Time) error {
	c.state.Lock()
	defer c.state.Unlock()
	if err := c.supply(now); err != nil {
		return err
	}
	return c.supplyFetches(now)
}

func (c *Client) handle(e heard) error {
	c.state.Lock()
	defer c.state.Unlock()
	switch {
	case e.Kind == Polled:
		return c.polled(e.Event, e.at)
	case e.Token >= fetchTokens:
		return c.answered(e.Event, e.at)
	case e.Token >= auditTokens:
		c.audited(e.Event)
		return nil
	default:
		return c.stored(e.Event, e.at)
	}
}

// turn is what the clock alone asks for: other days to look at, boxes to seal again, posts to give up.
func (c *Client) turn(now time.Time) error {
	c.state.Lock()
	defer c.state.Unlock()
	c.watchAll(now)
	c.audit(now)
	return c.expire(now)
}

// settle keeps the decoys for the next run.
func (c *Client) settle(ctx context.Context) error {
	c.state.Lock()
	defer c.state.Unlock()
	c.mu.Lock()
	c.self.Decoys = c.sender.Decoys()
	c.mu.Unlock()
	if err := c.store.Update(c.self.put); err != nil {
		return err
	}
	return ctx.Err()
}
