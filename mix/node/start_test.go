package node_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
	mixnode "murmuration/mix/node"
	providernode "murmuration/provider/node"
)

// TestClockBeforeTheNetwork is said at once, with both times.
func TestClockBeforeTheNetwork(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		<-time.After(26 * 365 * 24 * time.Hour)
		s := newStage(t, dir, parameters(), link.NewFabric())
		genesis, err := directory.NewGenesis("later", time.Now().Add(time.Hour), parameters(), s.net.Genesis.Authorities, s.net.Genesis.Entries)
		if err != nil {
			t.Fatal(err)
		}
		home := filepath.Join(dir, "home")
		if _, err := mixnode.CreateHome(home, genesis, [32]byte{7}); err != nil {
			t.Fatal(err)
		}
		n, err := mixnode.New(s.config(func(c *mixnode.Config) { c.Home = home }))
		if err != nil {
			t.Fatal(err)
		}
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
		s := newStage(t, dir, parameters(), link.NewFabric())
		list := s.homes["provider-1"].Path(providernode.AdmissionsFile)
		if err := os.WriteFile(list, directory.Admissions{}.Marshal(), 0o600); err != nil {
			t.Fatal(err)
		}
		var log lines
		n, err := mixnode.New(s.config(logTo(&log)))
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		ctx := within(t.Context(), 30*time.Second)
		wait := s.run(ctx, nil)
		if err := n.Run(ctx); err != nil {
			t.Error(err)
		}
		wait()
		if told := strings.Count(log.String(), "refuses this node"); told != 1 {
			t.Errorf("the refusal was told %d times:\n%s", told, log.String())
		}
	})
}
