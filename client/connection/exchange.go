package connection

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/client/sender"
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
		c.setExchange(false, err)
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
	transport, err := c.transport(seed)
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
	c.mu.Lock()
	s := c.sender
	s.Connect(time.Now())
	c.mu.Unlock()
	c.setExchange(true, nil)
	c.cfg.Log.Info("connected")
	group, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() { conn.Close() }) // ends both at once
	defer stop()
	group.Go(func() error { return c.speak(ctx, conn, s) })  // ends with conn
	group.Go(func() error { return c.listen(ctx, conn, s) }) // ends with conn
	return group.Wait()
}

// speak sends in every slot. What costs time is done before the slot: here nothing but the copy of
// an acknowledgement lies between the timer and the wire.
func (c *Connection) speak(ctx context.Context, conn link.Conn, s *sender.Sender) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		c.mu.Lock()
		s.Prepare()
		next := s.Next()
		c.mu.Unlock()
		timer.Reset(time.Until(next))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		c.mu.Lock()
		sent, ok := s.Due(time.Now())
		c.mu.Unlock()
		if !ok {
			continue
		}
		if err := conn.Send(sent.Frame); err != nil {
			return fmt.Errorf("speaking to the provider: %w", err)
		}
	}
}

// listen opens what comes down and passes on what is for this person.
func (c *Connection) listen(ctx context.Context, conn link.Conn, s *sender.Sender) error {
	size := c.frameSize(link.Exchange)
	frame := make([]byte, size)
	for {
		if err := conn.Receive(frame); err != nil {
			return fmt.Errorf("listening to the provider: %w", err)
		}
		now := time.Now()
		c.mu.Lock()
		event, err := s.Receive(now, frame)
		if err == nil {
			c.exchange.LastReply = now
		}
		c.mu.Unlock()
		if err != nil || event.Kind == sender.Nothing {
			continue // counted by the sender
		}
		if err := c.hear(ctx, Heard{At: now, Event: event}); err != nil {
			return err
		}
		frame = make([]byte, size) // the event keeps the old one
	}
}

func (c *Connection) setExchange(connected bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if connected != c.exchange.Connected {
		c.exchange.Since = time.Now()
	}
	c.exchange.Connected, c.exchange.Fault = connected, err
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
