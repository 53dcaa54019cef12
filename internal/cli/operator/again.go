package operator

import (
	"context"
	"errors"

	"murmuration/internal/cli/talk"
	"murmuration/internal/node"
	"murmuration/internal/supervised"
)

// runner is a node or an authority that was opened.
type runner interface {
	Listen() error
	Alive()
	Run(ctx context.Context) error
	Close() error
}

// keepRunning opens and runs a node until ctx ends, and again with the new genesis whenever it ends
// because the network's authorities have changed. said is called when it listens.
func keepRunning[R runner](ctx context.Context, open func() (R, error), said func()) error {
	for {
		one, err := open()
		if err != nil {
			return err
		}
		if err := one.Listen(); err != nil {
			return talk.Finish(err, one.Close)
		}
		said()
		err = talk.Finish(supervised.Run(ctx, one.Alive, one.Run), one.Close)
		if !errors.Is(err, node.ErrSucceeded) || ctx.Err() != nil {
			return err
		}
	}
}
