package node

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"murmuration/internal/box"
)

// TestComplaints: what the store cannot do is told once until something else goes wrong, and that a
// part of it is away is the store's own to tell.
func TestComplaints(t *testing.T) {
	var log bytes.Buffer
	c := complaints{log: slog.New(slog.NewTextHandler(&log, nil))}
	broken := errors.New("broken")
	for _, err := range []error{broken, broken, box.ErrAway, fmt.Errorf("one: %w", box.ErrAway),
		broken, errors.New("other"), broken} {
		c.tell("a disk: ", err)
	}
	if said := strings.Count(log.String(), "\n"); said != 3 || strings.Contains(log.String(),
		"away") {
		t.Errorf("%d lines:\n%s", said, log.String())
	}
}
