package link

import (
	"context"
	"fmt"
	"sync"
)

// Serve takes in what a listener accepts and has each connection served in a goroutine of its own,
// until ctx ends, or nothing more can be accepted. It closes the listener and every connection, and
// leaves nothing running. How a connection ends is no error here.
func Serve(ctx context.Context, l Listener, serve func(context.Context, Conn)) error {
	ctx, stop := context.WithCancel(ctx)
	var open sync.WaitGroup
	defer open.Wait()
	defer l.Close()
	defer stop()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		conn, err := l.Accept(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accepting links: %w", err)
		}
		open.Go(func() {
			defer conn.Close()
			serve(ctx, conn)
		})
	}
}
