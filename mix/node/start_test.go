package node

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// TestClockBeforeTheNetwork is said at once, with both times.
func TestClockBeforeTheNetwork(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		<-time.After(26 * 365 * 24 * time.Hour)
		fabric := link.NewFabric()
		w := newTown(t, townParameters(), fabric)
		genesis, err := directory.NewGenesis("later", time.Now().Add(time.Hour), townParameters(), w.genesis.Authorities, w.genesis.Entries)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := CreateHome(dir, genesis, w.people[real].seed); err != nil {
			t.Fatal(err)
		}
		n := w.node(dir, fabric, nil)
		defer n.Close()
		if err := n.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "clock says 2025") || !strings.Contains(err.Error(), "begins at") {
			t.Errorf("the node ended with %v", err)
		}
	})
}

// TestRefusalsAreTold: a volunteer who is not admitted hears why, once.
func TestRefusalsAreTold(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		<-time.After(26 * 365 * 24 * time.Hour)
		fabric := link.NewFabric()
		w := newTown(t, townParameters(), fabric)
		w.voter.Admit(nil)
		if _, err := CreateHome(dir, w.genesis, w.people[real].seed); err != nil {
			t.Fatal(err)
		}
		var log lines
		n := w.node(dir, fabric, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		defer n.Close()
		ctx := within(t.Context(), 30*time.Second)
		wait := w.run(ctx)
		if err := n.Run(ctx); err != nil {
			t.Error(err)
		}
		wait()
		if told := strings.Count(log.String(), "refuses this node"); told != 1 {
			t.Errorf("the refusal was told %d times:\n%s", told, log.String())
		}
	})
}
