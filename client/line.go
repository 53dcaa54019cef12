package client

import (
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/client/sender"
	"murmuration/internal/link"
)

// Implementation constants.
const (
	redialFirst = time.Second // doubled, with jitter, up to the next
	redialLast  = 5 * time.Minute
)

// lineState is what the status says about the connection.
type lineState struct {
	connected     bool
	since         time.Time
	fault         error // of the last try, nil when connected
	documentFault error
	lastReply     time.Time
	split         error // two documents of one epoch were seen
}

// keepLine is connected to the guard whenever that can be, until ctx ends.
func (c *Client) keepLine(ctx context.Context) error {
	select {
	case <-c.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	retry := newBackoff(redialFirst, redialLast)
	for {
		began := time.Now()
		err := c.connect(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.setLine(false, err)
		c.log.Info("not connected", "error", err)
		if time.Since(began) > redialLast {
			retry.reset()
		}
		if err := c.noteFailure(time.Now()); err != nil {
			return err
		}
		if err := sleep(ctx, retry.next()); err != nil {
			return err
		}
	}
}

// noteFailure lets the second guard take over when the first has failed for a day.
func (c *Client) noteFailure(now time.Time) error {
	changed, err := c.unreached(now)
	if err != nil || !changed {
		return err
	}
	c.log.Warn("the provider has failed for a day: the second one takes over")
	if doc := c.latest(); doc != nil {
		return c.begin(doc, now)
	}
	return nil
}

// connect dials the guard and stays until the connection ends.
func (c *Client) connect(ctx context.Context) error {
	c.state.Lock()
	guard, seed := c.guards.Nodes[0], c.guards.Seeds[0]
	c.state.Unlock()
	node, ok := c.latest().Node(guard)
	if !ok {
		return ErrOffline.With("the network document does not list our provider")
	}
	transport, err := c.transport(seed)
	if err != nil {
		return err
	}
	conn, err := transport.Dial(ctx, link.Peer{Addr: node.Addr, Key: link.PublicKey(guard)}, link.Exchange)
	if err != nil {
		return ErrOffline.With("%w", err)
	}
	defer conn.Close()
	return c.converse(ctx, conn)
}

// converse speaks and listens on one connection.
func (c *Client) converse(ctx context.Context, conn link.Conn) error {
	if err := c.reached(); err != nil {
		return err
	}
	c.mu.Lock()
	sender := c.sender
	sender.Connect(time.Now())
	c.mu.Unlock()
	c.setLine(true, nil)
	c.log.Info("connected")
	group, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() { conn.Close() }) // ends both at once
	defer stop()
	group.Go(func() error { return c.speak(ctx, conn, sender) })
	group.Go(func() error { return c.listen(ctx, conn, sender) })
	return group.Wait()
}

// speak sends in every slot. What costs time is done before the slot: here nothing but the copy of
// an acknowledgement lies between the timer and the wire.
func (c *Client) speak(ctx context.Context, conn link.Conn, sender *sender.Sender) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		c.mu.Lock()
		sender.Prepare()
		next := sender.Next()
		c.mu.Unlock()
		timer.Reset(time.Until(next))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		c.mu.Lock()
		sent, ok := sender.Due(time.Now())
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
func (c *Client) listen(ctx context.Context, conn link.Conn, from *sender.Sender) error {
	size := c.frameSize(link.Exchange)
	frame := make([]byte, size)
	for {
		if err := conn.Receive(frame); err != nil {
			return fmt.Errorf("listening to the provider: %w", err)
		}
		now := time.Now()
		c.mu.Lock()
		event, err := from.Receive(now, frame)
		if err == nil {
			c.line.lastReply = now
		}
		c.mu.Unlock()
		if err != nil || event.Kind == sender.Nothing {
			continue // counted by the sender
		}
		select {
		case c.events <- heard{event, now}:
			frame = make([]byte, size) // the event keeps the old one
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *Client) setLine(connected bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if connected != c.line.connected {
		c.line.since = time.Now()
	}
	c.line.connected, c.line.fault = connected, err
}

func (c *Client) setDocumentFault(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.line.documentFault = err
}

// backoff doubles from first to last, each wait drawn between half of it and all.
type backoff struct{ first, last, now time.Duration }

func newBackoff(first, last time.Duration) *backoff {
	return &backoff{min(first, last), last, min(first, last)}
}

func (b *backoff) reset() { b.now = b.first }

func (b *backoff) next() time.Duration {
	d := b.now/2 + time.Duration(mathrand.Int64N(int64(b.now/2)+1))
	b.now = min(2*b.now, b.last)
	return d
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
