package client

import (
	"context"
	"errors"
	"time"

	"murmuration/client/sender"
	"murmuration/client/store"
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
		err := unlessFull(c.supplyAll(time.Now()))
		select {
		case e := <-c.events:
			err = errors.Join(err, c.handle(e))
		case <-c.nudge:
		case <-tick.C:
			err = errors.Join(err, unlessFull(c.turn(time.Now())))
		case <-ctx.Done():
			return c.settle(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// unlessFull lets a client go on while its disk is full. Whatever fails with that has changed nothing, and
// is tried again; the status says why nothing moves.
func unlessFull(err error) error {
	if errors.Is(err, store.ErrFull) {
		return nil
	}
	return err
}

func (c *Client) supplyAll(now time.Time) error {
	c.state.Lock()
	defer c.state.Unlock()
	if err := c.supply(now); err != nil {
		return err
	}
	return c.supplyFetches(now)
}

// handle does what an answer asks for. One that cannot be noted, because the disk is full, is as good as
// lost: its box is asked for again.
func (c *Client) handle(e heard) error {
	c.state.Lock()
	defer c.state.Unlock()
	switch {
	case e.Kind == sender.Polled:
		return unlessFull(c.polled(e.Event, e.at))
	case e.Token >= fetchTokens:
		return unlessFull(c.answered(e.Event, e.at))
	case e.Token >= auditTokens:
		c.audited(e.Event)
		return nil
	}
	err := c.stored(e.Event, e.at)
	if p := c.mail.find(e.Token); p != nil && errors.Is(err, store.ErrFull) {
		p.given = false
	}
	return unlessFull(err)
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
	if err := unlessFull(c.store.Update(c.self.put)); err != nil {
		return err
	}
	return ctx.Err()
}
