package node_test

import (
	"context"
	"testing"
	"time"

	"murmuration/internal/transit"
	"murmuration/mix"
	mixnode "murmuration/mix/node"
)

// TestOverload: five times what the queue before the workers takes comes at once, and most of what
// the workers peel finds the pool full. Each packet goes on or is counted under its reason, no more
// are held than may be, and when the burst is over the mix carries what comes.
func TestOverload(t *testing.T) {
	const held = 100
	v := variant{config: func(c *mixnode.Config) { c.Workers, c.MaxHeld = 1, held }}
	onStage(t, v, func(ctx context.Context, s *stage, n *mixnode.Node) {
		pass(5 * time.Second)
		doc := s.doc()
		conn := s.dial(ctx)
		all, heldNow, _ := n.Inside()
		const queue = 256 // of one worker
		burst := make([][]byte, 5*queue)
		for i := range burst {
			burst[i] = s.packet(doc, 0, 50*time.Millisecond)
		}
		before, _ := n.Totals()
		var accepted int
		came := s.receive(within(ctx, time.Second), doc, len(burst), func() {
			for _, p := range burst {
				all.Submit(p, nil)
			}
			pass(time.Millisecond) // in virtual time: all are peeled, none has left
			after, _ := n.Totals()
			accepted = int(after - before)
			lost, full := int(n.Dropped(transit.Overload)), int(n.Dropped(mix.PoolFull))
			if accepted+lost+full != len(burst) || lost == 0 || full == 0 {
				t.Errorf("of %d packets %d were accepted, %d found the queue full, %d the pool",
					len(burst), accepted, lost, full)
			}
			all.Do(func(time.Time) {
				if now := heldNow(); accepted != held || now != held {
					t.Errorf("%d packets were accepted and %d are held, want the %d that may be",
						accepted, now, held)
				}
			})
		})
		if came != accepted {
			t.Errorf("%d packets were accepted, and %d came through", accepted, came)
		}
		came = s.receive(within(ctx, time.Second), doc, held/2, func() {
			for range held / 2 {
				if err := conn.Send(s.packet(doc, 0, 50*time.Millisecond)); err != nil {
					t.Fatal(err)
				}
			}
		})
		if came != held/2 {
			t.Errorf("after the burst %d of %d packets come through", came, held/2)
		}
	})
}
