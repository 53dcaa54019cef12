package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
)

// registry counts descriptors and has no documents.
type registry struct{ taken int }

func (r *registry) Fetch(context.Context, directory.Epoch) (*directory.Document, error) {
	return nil, errors.New("nothing here")
}

func (r *registry) Submit(context.Context, *directory.Descriptor) error { r.taken++; return nil }

// TestFullDiskDoesNotEndTheCourier: a descriptor whose keys found no room is made again; any other trouble
// with keys ends the node.
func TestFullDiskDoesNotEndTheCourier(t *testing.T) {
	w := newSigner(t)
	trouble, to := fmt.Errorf("making a key: %w", durable.ErrNoSpace), &registry{}
	c := NewCourier(CourierConfig{Shelf: openShelf(t, w, t.TempDir()), Registry: to, Log: slog.New(slog.DiscardHandler),
		Describe: func(directory.Epoch) (*directory.Descriptor, error) { return &directory.Descriptor{}, trouble }})
	var end fatal
	if err := c.submit(t.Context(), 1); !errors.Is(err, durable.ErrNoSpace) || errors.As(err, &end) || to.taken != 0 {
		t.Errorf("on a full disk: %v, %d descriptors handed in", err, to.taken)
	}
	trouble = errors.New("the disk is on fire")
	if err := c.submit(t.Context(), 1); !errors.As(err, &end) {
		t.Errorf("control: other trouble is %v", err)
	}
	trouble = nil
	if err := c.submit(t.Context(), 1); err != nil || to.taken != 1 {
		t.Errorf("with room again: %v, %d descriptors handed in", err, to.taken)
	}
}
