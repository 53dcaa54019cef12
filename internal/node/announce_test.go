package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"strings"
	"testing"
	"time"

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

// refusing is a registry that takes nothing.
type refusing struct{ reason directory.Refusal }

func (r refusing) Submit(context.Context, *directory.Descriptor) error {
	return fmt.Errorf("asking provider-1: %w", r.reason)
}

// TestOnlyRealRefusalsAreWarnedOf: what an authority refuses because it is an epoch ahead or behind
// is tried again in silence, and said when the time for it is up; any other reason is said at once.
func TestOnlyRealRefusalsAreWarnedOf(t *testing.T) {
	for reason, alarm := range map[directory.Refusal]bool{
		directory.RefusedClock: false, directory.RefusedLater: false,
		directory.RefusedNotAdmitted: true, directory.RefusedKeys: true,
	} {
		var log strings.Builder
		a := &announcer{registry: refusing{reason}, chassis: &keyless{},
			log:       slog.New(slog.NewTextHandler(&log, nil)),
			described: map[directory.Epoch]*directory.Descriptor{},
			rng:       mrand.New(mrand.NewPCG(1, 2)),
			schedule:  directory.Schedule{Start: time.Now(), Length: time.Hour}}
		first := a.tasks(time.Now(), 0)[0]
		if err := a.attempt(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(log.String(), "refuses this node") != alarm {
			t.Errorf("%v: said %q", reason, &log)
		}
		first.until = time.Now().Add(time.Millisecond) // before the next try
		if err := a.attempt(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		if !first.done || !strings.Contains(log.String(), "too few authorities took") ||
			!strings.Contains(log.String(), reason.Error()) {
			t.Errorf("%v: when the time was up, said %q", reason, &log)
		}
	}
}
