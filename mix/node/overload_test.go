package node

import (
	"context"
	"testing"
	"time"

	"murmuration/internal/transit"
	"murmuration/mix"
)

// TestOverload: five times what the queue before the workers takes comes at once, and most of what the workers
// peel finds the pool full. Each packet goes on or is counted under its reason, no more are held than may
// be, and when the burst is over the mix carries what comes.
func TestOverload(t *testing.T) {
	const held = 100
	few := func(c *Config) { c.Workers, c.MaxHeld = 1, held }
	inTown(t, few, func(ctx context.Context, w *town, n *Node) {
		pass(5 * time.Second)
		doc := w.doc(0)
		conn := w.dial(ctx, doc)
		const queue = 256 // of one worker
		burst := make([][]byte, 5*queue)
		for i := range burst {
			burst[i] = w.packet(doc, 0, 50*time.Millisecond)
		}
		before, _ := n.Totals()
		for _, p := range burst {
			n.node.Submit(p)
		}
		pass(time.Millisecond) // in virtual time: all are peeled, none has left
		after, _ := n.Totals()
		accepted, lost, full := int(after-before), int(n.Dropped(transit.Overload)), int(n.Dropped(mix.PoolFull))
		if accepted+lost+full != len(burst) || lost == 0 || full == 0 {
			t.Errorf("of %d packets %d were accepted, %d found the queue full, %d the pool", len(burst), accepted, lost, full)
		}
		n.node.Do(func(time.Time) {
			if now := n.relay.Held(); accepted != held || now != held {
				t.Errorf("%d packets were accepted and %d are held, want the %d that may be", accepted, now, held)
			}
		})
		if came := w.receive(within(ctx, time.Second), len(burst)); came != accepted {
			t.Errorf("%d packets were accepted, and %d came through", accepted, came)
		}
		for range held / 2 {
			if err := conn.Send(w.packet(doc, 0, 50*time.Millisecond)); err != nil {
				t.Fatal(err)
			}
		}
		if came := w.receive(within(ctx, time.Second), held/2); came != held/2 {
			t.Errorf("after the burst %d of %d packets come through", came, held/2)
		}
	})
}
