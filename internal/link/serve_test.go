package link_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"murmuration/internal/link"
)

// broken is a listener that accepts some connections, and nothing more.
type broken struct {
	link.Listener
	left int
}

var errBroken = errors.New("broken")

func (b *broken) Accept(ctx context.Context) (link.Conn, error) {
	if b.left--; b.left < 0 {
		return nil, errBroken
	}
	return b.Listener.Accept(ctx)
}

// TestServeLeavesNothingRunning: whether its context ends or its listener breaks, what is served
// ends too, and the other sides see it; before that they are answered.
func TestServeLeavesNothingRunning(t *testing.T) {
	for name, breaks := range map[string]bool{"its context ends": false, "it breaks": true} {
		synctest.Test(t, func(t *testing.T) {
			fabric := link.NewFabric()
			transport := func(seed byte) link.Transport {
				own, err := fabric.Transport(link.Config{
					Identity: link.Seed{seed}, FrameSize: func(link.Kind) int { return 4 },
					Admit: func(link.PublicKey, link.Kind) bool { return true },
				})
				if err != nil {
					t.Fatal(err)
				}
				return own
			}
			l, err := transport(1).Listen("here")
			if err != nil {
				t.Fatal(err)
			}
			b := &broken{l, 2}
			if !breaks {
				b.left = 100
			}
			ctx, end := context.WithCancel(t.Context())
			defer end()
			done := make(chan error, 1)
			var ended atomic.Int32
			go func() { // ends with ctx, or with b
				done <- link.Serve(ctx, b, func(_ context.Context, c link.Conn) {
					frame := make([]byte, 4)
					for c.Receive(frame) == nil && c.Send(frame) == nil {
					}
					ended.Add(1)
				})
			}()
			var conns []link.Conn
			for seed := range byte(2) {
				c, err := transport(2+seed).Dial(ctx,
					link.Peer{Addr: "here", Key: link.Seed{1}.Public()}, link.Exchange)
				if err != nil {
					t.Fatal(err)
				}
				conns = append(conns, c)
				frame := []byte("ping")
				if seed == 0 || !breaks { // what breaks ends with the second
					if err := errors.Join(c.Send(frame), c.Receive(frame)); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
				synctest.Wait()
			}
			if !breaks {
				if ended.Load() != 0 {
					t.Errorf("%s: %d ended before", name, ended.Load())
				}
				end()
			}
			if err := <-done; errors.Is(err, errBroken) != breaks || !breaks && err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if ended.Load() != 2 {
				t.Errorf("%s: %d of 2 have ended", name, ended.Load())
			}
			for _, c := range conns {
				if c.Receive(make([]byte, 4)) == nil {
					t.Errorf("%s: a connection goes on", name)
				}
				c.Close()
			}
		})
	}
}
