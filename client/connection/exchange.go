package connection

import (
	"context"
	"time"

	"murmuration/internal/backoff"
	"murmuration/internal/link"
)

// Implementation constants.
const (
	redialFirst = time.Second // doubled, with jitter, up to the next
	redialLast  = 5 * time.Minute
)

// keep is connected to the guard whenever that can be, until ctx ends.
func (c *Connection) keep(ctx context.Context) error {
	select {
	case <-c.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	waits := backoff.New(redialFirst, redialLast, generator())
	for {
		began := time.Now()
		err := c.connect(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(began) > redialLast { // it worked for a while: not the same trouble as before
			waits.Reset()
		}
		c.slots.note(false, err)
		c.cfg.Log.Info("not connected: nothing is sent or received, "+
			"and the provider is dialled again", "error", err)
		if err := c.failed(ctx, time.Now()); err != nil {
			return err
		}
		if err := sleep(ctx, waits.Next()); err != nil {
			return err
		}
	}
}

// failed lets the second guard take over when the first has failed for a day.
func (c *Connection) failed(ctx context.Context, now time.Time) error {
	c.state.Lock()
	changed, save := c.guards.unreached(now, &c.tried)
	var err error
	if save {
		err = unlessFull(c.cfg.Store.Update(c.guards.put))
	}
	c.state.Unlock()
	if err != nil || !changed {
		return err
	}
	c.cfg.Log.Warn("the provider has failed for a day: the second one takes over")
	doc := c.documents.Current()
	if doc == nil {
		doc = c.documents.Latest()
	}
	return c.begin(ctx, doc, now)
}

// reached notes that the guard answered.
func (c *Connection) reached() error {
	c.state.Lock()
	defer c.state.Unlock()
	c.tried = time.Time{}
	if c.guards.Failing == 0 {
		return nil
	}
	c.guards.Failing = 0
	return unlessFull(c.cfg.Store.Update(c.guards.put))
}

// connect dials the guard and stays until the connection ends.
func (c *Connection) connect(ctx context.Context) error {
	c.state.Lock()
	guard, seed := c.guards.Nodes[0], c.guards.Seeds[0]
	c.state.Unlock()
	node, ok := c.documents.Latest().Node(guard)
	if !ok {
		return errOffline.With("the network document does not list our provider")
	}
	transport, err := c.links.under(seed)
	if err != nil {
		return err
	}
	conn, err := transport.Dial(ctx, link.Peer{Addr: node.Addr, Key: link.PublicKey(guard)},
		link.Exchange)
	if err != nil {
		return errOffline.With("%w", err)
	}
	defer conn.Close()
	return c.converse(ctx, conn)
}

// converse speaks and listens on one connection.
func (c *Connection) converse(ctx context.Context, conn link.Conn) error {
	if err := c.reached(); err != nil {
		return err
	}
	talk := conversation{slots: &c.slots, sender: c.slots.connect(), conn: conn,
		size: c.links.frameSize(link.Exchange), hear: c.hear}
	c.slots.note(true, nil)
	c.cfg.Log.Info("connected")
	return talk.run(ctx)
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
