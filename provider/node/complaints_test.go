package node

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/box"
)

// TestComplaints: what the store cannot do is told once and once an epoch, and that a part of it is
// away is the store's own to tell.
//
// History: of a full disk two things came in turns, each of which was told each time: two lines a
// second.
func TestComplaints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		c := complaints{log: slog.New(slog.NewTextHandler(&log, nil)), again: time.Hour}
		says := func(want int) {
			t.Helper()
			for i := range 100 {
				full := fmt.Errorf("file %d: %w", i, syscall.ENOSPC)
				c.tell("a slot: ", errors.Join(full, errors.New("and so on")))
				c.tell("bulletins: ", full)
				c.tell("bulletins: ", fmt.Errorf("one: %w", box.ErrAway))
			}
			c.tell("bulletins: ", errors.New("other"))
			if said := strings.Count(log.String(), "\n"); said != want ||
				strings.Contains(log.String(), "away") {
				t.Errorf("%d lines, want %d:\n%s", said, want, log.String())
			}
		}
		says(3)
		<-time.After(time.Hour - time.Second)
		says(3)
		<-time.After(time.Second)
		says(6)
		for i := range 2 * mostComplaints {
			c.tell("a name that changes: ", fmt.Errorf("file %d", i))
		}
		says(3 + mostComplaints)
	})
}
