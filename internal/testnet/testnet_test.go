package testnet

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/link"
	mixnode "murmuration/mix/node"
	providernode "murmuration/provider/node"
)

func fastPlan(t *testing.T) Plan {
	t.Helper()
	par, err := config.LoadPreset("fast")
	if err != nil {
		t.Fatal(err)
	}
	return Plan{Dir: filepath.Join(t.TempDir(), "net"), Label: "test", Host: "127.0.0.1",
		Providers: 3, Width: 2, Parameters: par, Start: time.Now()}
}

func TestNewNetworkVerifies(t *testing.T) {
	n, err := New(t.Context(), fastPlan(t))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Release()
	good, err := Verify(n.Plan.Dir)
	if err != nil || len(good) != 1+len(n.Nodes) {
		t.Errorf("verifying a new network: %d good lines, %v", len(good), err)
	}
	if _, err := New(t.Context(), n.Plan); err == nil {
		t.Error("a second network was made in the same directory")
	}
}

// stoppedBy is over as soon as there is a file of that name.
type stoppedBy struct {
	context.Context
	path string
}

func (s stoppedBy) Err() error {
	if exists(s.path) {
		return context.Canceled
	}
	return nil
}

// TestStoppedNetworkLeavesNothing: one Ctrl-C while homes are made is enough, and the directory can
// be named again.
func TestStoppedNetworkLeavesNothing(t *testing.T) {
	p := fastPlan(t)
	ctx := stoppedBy{t.Context(), filepath.Join(p.Dir, "provider-1")}
	if _, err := New(ctx, p); !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped in between: %v", err)
	}
	if exists(p.Dir) {
		t.Errorf("%s is still there", p.Dir)
	}
	n, err := New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	n.Release()
}

func TestDamageIsNamed(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"genesis": func(dir string) error { return os.Truncate(filepath.Join(dir, "genesis"), 40) },
		"belongs to the network": func(dir string) error {
			g, err := durable.ReadFile(filepath.Join(dir, "genesis"), directory.MaxGenesis)
			if err != nil {
				return err
			}
			other, err := directory.ParseGenesis(g)
			if err != nil {
				return err
			}
			other.Label = "elsewhere"
			return os.WriteFile(filepath.Join(dir, "mix-1", "genesis"), other.Marshal(), 0o600)
		},
		"identity.key": func(dir string) error {
			return os.Truncate(filepath.Join(dir, "mix-1",
				"identity.key"), 31)
		},
		"mix.toml": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "mix-1", "mix.toml"), []byte("listn = \"x\"\n"),
				0o600)
		},
		"documents": func(dir string) error {
			sub := filepath.Join(dir, "mix-1", "documents")
			if err := os.MkdirAll(sub, 0o700); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(sub, "3.document"), []byte("nonsense"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := New(t.Context(), fastPlan(t))
			if err != nil {
				t.Fatal(err)
			}
			n.Release()
			if err := damage(n.Plan.Dir); err != nil {
				t.Fatal(err)
			}
			if _, err := Verify(n.Plan.Dir); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("damage to %s is reported as %v", name, err)
			}
		})
	}
}

// TestRunAgreesOnADocument runs all nodes in this process over TLS until every one of them has a
// document.
func TestRunAgreesOnADocument(t *testing.T) {
	n, err := New(t.Context(), fastPlan(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	err = n.Run(ctx, Options{}, func(running map[string]Runner) {
		if len(running) != len(n.Nodes) {
			t.Errorf("%d nodes run, want %d", len(running), len(n.Nodes))
		}
		go func() { // ends with the network
			defer cancel()
			for ctx.Err() == nil && !everybodyHasOne(n) {
				wait(ctx, 50*time.Millisecond)
			}
		}()
	})
	if err != nil {
		t.Error(err)
	}
	if !everybodyHasOne(n) {
		t.Error("not every node has a document")
	}
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// everybodyHasOne says that all nodes have a document: which one is decided by how busy the machine
// is.
func everybodyHasOne(n *Network) bool {
	for _, node := range n.Nodes {
		made, err := filepath.Glob(filepath.Join(node.Dir, "documents", "*.document"))
		if err != nil || len(made) == 0 {
			return false
		}
	}
	return true
}

// TestConfigurationIsUsed: the shipped file of each role decodes into the values that the node runs
// with, and its name and address are the node's own.
func TestConfigurationIsUsed(t *testing.T) {
	n, err := New(t.Context(), fastPlan(t))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Release()
	for _, node := range n.Nodes {
		path := filepath.Join(node.Dir, ConfigFile(node.Role))
		cfg := providernode.Config{}
		if node.Role == directory.RoleProvider {
			err = config.Load(path, &cfg)
			if cfg.MaxClients == 0 || cfg.KeepFreeMiB == 0 {
				t.Errorf("%s: values are missing: %+v", node.Name, cfg)
			}
		} else {
			err = config.Load(path, &cfg.Config)
		}
		if err != nil || cfg.Name != node.Name || cfg.Listen != node.Addr ||
			cfg.MaxHeld == 0 {
			t.Errorf("%s: name %q, listen %q, %d held, %v", node.Name, cfg.Name, cfg.Listen,
				cfg.MaxHeld, err)
		}
		cfg.Home = node.Dir
		cfg.Transport = func(l link.Config) (link.Transport, error) {
			return link.NewFabric().Transport(l)
		}
		runs, err := open(node.Role, cfg)
		if err != nil {
			t.Errorf("%s does not open with its own configuration: %v", node.Name, err)
			continue
		}
		runs.Close()
	}
}

func open(role directory.Role, cfg providernode.Config) (Runner, error) {
	if role == directory.RoleProvider {
		return providernode.New(cfg)
	}
	return mixnode.New(cfg.Config)
}

// TestLostBoxesAreNoticed: a provider whose boxes are gone does not begin anew as if it had
// promised nothing.
func TestLostBoxesAreNoticed(t *testing.T) {
	n, err := New(t.Context(), fastPlan(t))
	if err != nil {
		t.Fatal(err)
	}
	n.Release()
	if err := os.RemoveAll(filepath.Join(n.Nodes[0].Dir, "boxes")); err != nil {
		t.Fatal(err)
	}
	if r, err := n.Open(n.Nodes[0], Options{}); err == nil ||
		!strings.Contains(err.Error(), "is its disk mounted") {
		t.Errorf("a provider without its boxes opens: %v, %v", r, err)
	}
}
