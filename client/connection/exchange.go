package connection

import (
	"context"
	"errors"
	"time"

	"murmuration/client/guard"
	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// fullPause is the longest wait where the provider is full.
const fullPause = 30 * time.Second

// keep is connected to the guard whenever that can be, until ctx ends.
func (c *Connection) keep(ctx context.Context) error {
	select {
	case <-c.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	waits := newRedial(generator())
	for {
		began := time.Now()
		at, err := c.connect(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.slots.note(false, err)
		if errors.Is(err, link.ErrFull) || errors.Is(err, link.ErrUninvited) {
			if err := c.refused(ctx, time.Now()); err != nil {
				return err
			}
		}
		if c.inUse() != at.Node {
			waits.reset()
			continue // another guard has taken over
		}
		if time.Since(began) > redialLast { // it worked for a while: not the same trouble as before
			waits.reset()
		}
		c.cfg.Log.Info("not connected: nothing is sent or received, "+
			"and the provider is dialled again", "error", err)
		wait := waits.next()
		if errors.Is(err, link.ErrFull) {
			wait = min(wait, fullPause) // a place becomes free at any time
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// refusal is what a person is told of a link that did not come about.
func refusal(err error) error {
	switch {
	case errors.Is(err, link.ErrFull):
		return errFull.With("%w", err)
	case errors.Is(err, link.ErrUninvited):
		return errUninvited.With("%w", err)
	case errors.Is(err, link.ErrNotAdmitted):
		return errProviderStarts.With("%w", err)
	case link.NoWayOut(err):
		return errOffline.With("%w", err)
	}
	return errProviderDown.With("%w", err)
}

// inUse is the guard in use.
func (c *Connection) inUse() directory.NodeID {
	c.state.Lock()
	defer c.state.Unlock()
	return c.guards.List[0].Node
}

// connect dials the guard and stays until the connection ends, or the other one takes over.
func (c *Connection) connect(ctx context.Context) (guard.Guard, error) {
	c.state.Lock()
	at := c.guards.List[0]
	ctx, c.hangUp = context.WithCancel(ctx)
	defer c.hangUp()
	c.state.Unlock()
	transport, err := c.links.guest(at.Name, link.Seed(at.Seed))
	if err != nil {
		return at, err
	}
	conn, err := transport.Dial(ctx, link.Peer{Addr: at.Addr, Key: link.PublicKey(at.Node)},
		link.Exchange)
	if err != nil {
		return at, refusal(err)
	}
	defer conn.Close()
	return at, c.converse(ctx, at, conn)
}

// converse speaks and listens on one connection.
func (c *Connection) converse(ctx context.Context, at guard.Guard, conn link.Conn) error {
	now := time.Now()
	if err := c.hear(ctx, Heard{At: now, Guard: at.Node}); err != nil {
		return err
	}
	talk := conversation{slots: &c.slots, sender: c.slots.connect(now), conn: conn,
		size: c.links.frameSize(link.Exchange), hear: c.hear}
	c.slots.note(true, nil)
	c.cfg.Log.Info("connected")
	if off := c.clockFault(now); off != nil {
		c.cfg.Log.Error("nothing will come back: set the clock", "error", off)
	}
	if err := talk.run(ctx); err != nil {
		return errCut.With("%w", err)
	}
	return nil
}

// sleep waits, or ends with ctx.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
