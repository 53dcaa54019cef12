package connection

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/client/sender"
	"murmuration/internal/link"
)

// conversation is what goes up and down over one link to the guard. It never changes; its sender is
// guarded by the mutex of slots.
type conversation struct {
	slots  *slots
	sender *sender.Sender // in use when the link came to be
	conn   link.Conn
	size   int // of a frame
	hear   func(context.Context, Heard) error
}

// run speaks and listens until the link ends.
func (v *conversation) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() { v.conn.Close() }) // ends both at once
	defer stop()
	group.Go(func() error { return v.speak(ctx) })  // ends with conn
	group.Go(func() error { return v.listen(ctx) }) // ends with conn
	return group.Wait()
}

// speak sends in every slot. What costs time is done before the slot: here nothing but the copy of
// an acknowledgement lies between the timer and the wire.
func (v *conversation) speak(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		v.slots.mu.Lock()
		v.sender.Prepare()
		next := v.sender.Next()
		v.slots.mu.Unlock()
		timer.Reset(time.Until(next))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		v.slots.mu.Lock()
		sent, ok := v.sender.Due(time.Now())
		v.slots.mu.Unlock()
		if !ok {
			continue
		}
		if err := v.conn.Send(sent.Frame); err != nil {
			return fmt.Errorf("speaking to the provider: %w", err)
		}
	}
}

// listen opens what comes down and passes on what is for this person.
func (v *conversation) listen(ctx context.Context) error {
	frame := make([]byte, v.size)
	for {
		if err := v.conn.Receive(frame); err != nil {
			return fmt.Errorf("listening to the provider: %w", err)
		}
		now := time.Now()
		v.slots.mu.Lock()
		before := v.sender.Stats().Replies
		event, _ := v.sender.Receive(now, frame) // what is refused is counted by the sender
		if v.sender.Stats().Replies > before {
			v.slots.replied(v.sender, now)
		}
		v.slots.mu.Unlock()
		if event.Kind == sender.Nothing && event.Stream == nil {
			continue
		}
		if err := v.hear(ctx, Heard{At: now, Event: event}); err != nil {
			return err
		}
		frame = make([]byte, v.size) // the event keeps the old one
	}
}
