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

// registry counts descriptors.
type registry struct{ taken int }

func (r *registry) Submit(context.Context, *directory.Descriptor) error { r.taken++; return nil }

// keyless describes a node, unless there is trouble with its keys.
type keyless struct{ trouble error }

func (k *keyless) describe(directory.Epoch) (*directory.Descriptor, error) {
	return &directory.Descriptor{}, k.trouble
}

// TestFullDiskDoesNotEndTheNode: a descriptor whose keys found no room is made again; any other
// trouble with keys ends the node.
func TestFullDiskDoesNotEndTheNode(t *testing.T) {
	to, keys := &registry{}, &keyless{fmt.Errorf("making a key: %w", durable.ErrNoSpace)}
	a := &announcer{registry: to, chassis: keys, log: slog.New(slog.DiscardHandler),
		described: map[directory.Epoch]*directory.Descriptor{}}
	var end fatal
	if err := a.submit(t.Context(), 1); !errors.Is(err, durable.ErrNoSpace) ||
		errors.As(err, &end) || to.taken != 0 {
		t.Errorf("on a full disk: %v, %d descriptors handed in", err, to.taken)
	}
	keys.trouble = errors.New("the disk is on fire")
	if err := a.submit(t.Context(), 1); !errors.As(err, &end) {
		t.Errorf("control: other trouble is %v", err)
	}
	keys.trouble = nil
	if err := a.submit(t.Context(), 1); err != nil || to.taken != 1 {
		t.Errorf("with room again: %v, %d descriptors handed in", err, to.taken)
	}
}
