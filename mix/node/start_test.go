package node_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/internal/authority"
	"murmuration/internal/directory"
	"murmuration/internal/testnet/virtual"
	mixnode "murmuration/mix/node"
)

// TestClockBeforeTheNetwork is said at once, with both times.
func TestClockBeforeTheNetwork(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	among(t, variant{}, func(ctx context.Context, s *stage, _ *virtual.Net) {
		genesis, err := directory.NewGenesis("later", time.Now().Add(time.Hour), parameters(),
			s.net.Genesis.Authorities, s.net.Genesis.Entries)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := mixnode.CreateHome(home, genesis, [32]byte{7}); err != nil {
			t.Fatal(err)
		}
		n, err := mixnode.New(s.config(func(c *mixnode.Config) { c.Home = home }))
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		err = n.Run(ctx)
		if err == nil || !strings.Contains(err.Error(), "clock says 2025") ||
			!strings.Contains(err.Error(), "begins at") {
			t.Errorf("the node ended with %v", err)
		}
	})
}

// TestRefusalsAreTold: a volunteer who is not admitted hears why, once.
func TestRefusalsAreTold(t *testing.T) {
	var log lines
	nobody := func(s *stage) {
		list := s.homes["provider-1"].Path(authority.AdmissionsFile)
		if err := os.WriteFile(list, directory.Admissions{}.Marshal(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	onStage(t, variant{config: logTo(&log), before: nobody},
		func(context.Context, *stage, *mixnode.Node) {
			pass(30 * time.Second)
		})
	if told := strings.Count(log.String(), "refuses this node"); told != 1 {
		t.Errorf("the refusal was told %d times:\n%s", told, log.String())
	}
}
