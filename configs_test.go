package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/client"
	"murmuration/internal/authority"
	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/testnet"
	mixnode "murmuration/mix/node"
	providernode "murmuration/provider/node"
	"murmuration/sim/scenario"
)

// TestEveryConfiguration decodes, validates and uses every file in configs/; one that nothing here
// knows is an error.
func TestEveryConfiguration(t *testing.T) {
	t.Parallel()
	seen := 0
	err := filepath.WalkDir("configs", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) == ".go" {
			return err
		}
		seen++
		t.Run(filepath.ToSlash(path), func(t *testing.T) { useConfiguration(t, path) })
		return nil
	})
	if err != nil || seen < 10 {
		t.Errorf("%d files, %v", seen, err)
	}
}

func useConfiguration(t *testing.T, path string) {
	switch dir, name := filepath.Split(filepath.ToSlash(path)); {
	case dir == "configs/network/":
		useNetwork(t, path)
	case name == "mix.toml":
		decode(t, path, &mixnode.Config{})
	case name == "provider.toml":
		decode(t, path, &providernode.Config{})
	case name == "authority.toml":
		decode(t, path, &authority.Config{})
	case name == "client.toml":
		decode(t, path, &client.Config{})
	case dir == "configs/sim/" && strings.HasSuffix(name, ".toml"):
		if _, err := scenario.Load(path); err != nil {
			t.Error(err)
		}
	case name == "patroni.yml":
		usePatroni(t, path)
	case dir == "configs/package/":
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		usePackaged(t, name, text)
	case dir == "configs/sim/":
		useTemplate(t, path)
	default:
		t.Error("nothing uses this file")
	}
}

func decode[T any](t *testing.T, path string, into *T) {
	if err := config.Load(path, into); err != nil {
		t.Error(err)
	}
}

// useNetwork founds a network of the preset, which signs its first document's worth of rules.
func useNetwork(t *testing.T, path string) {
	par, err := config.LoadPreset(path)
	if err != nil {
		t.Fatal(err)
	}
	n, err := testnet.New(t.Context(), testnet.Plan{
		Dir: filepath.Join(t.TempDir(), "net"), Label: "test", Host: "127.0.0.1", Providers: 3,
		Width: 1, Parameters: par, Start: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	n.Release()
	if _, err := testnet.Verify(n.Plan.Dir); err != nil {
		t.Error(err)
	}
	if n.Genesis.Parameters.Suite == "xwing" && n.Genesis.Parameters.Request() != 8404 {
		t.Errorf("requests of %d bytes", n.Genesis.Parameters.Request())
	}
}

// usePatroni checks that what keeps acknowledged boxes is set.
func usePatroni(t *testing.T, path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"synchronous_mode: true", "synchronous_mode_strict: true",
		"synchronous_commit: \"on\"", "fsync: \"on\"", "mode: required"} {
		if !strings.Contains(string(text), line+"\n") {
			t.Errorf("without %s", line)
		}
	}
}

// useTemplate checks that a template for job arrays calls a command that exists.
func useTemplate(t *testing.T, path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "murmur") || !strings.Contains(string(text), "sweep") {
		t.Error("the template runs no sweep")
	}
}

// TestBadConfigurationIsRefused is the control.
func TestBadConfigurationIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mix.toml")
	if err := os.WriteFile(path, []byte("listen = \"127.0.0.1:1\"\nworkerz = 2\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	if err := config.Load(path, &mixnode.Config{}); err == nil ||
		!strings.Contains(err.Error(), ":2") {
		t.Errorf("an unknown key on line 2 is reported as %v", err)
	}
	var par directory.Parameters
	if err := par.Validate(); err == nil {
		t.Error("empty parameters pass")
	}
}
