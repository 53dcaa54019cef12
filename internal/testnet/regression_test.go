package testnet

// Each test here is of a bug that was there once, with a line of its history.

import (
	"os"
	"path/filepath"
	"testing"

	"murmuration/internal/config"
	"murmuration/internal/directory"
	mixnode "murmuration/mix/node"
)

// History: A volunteer could apply with an address that the mix then refused to run with.
//
// TestApplyRefusesWhatTheMixWouldRefuse: a home that `murmur mix run` does not start on is not
// made.
func TestApplyRefusesWhatTheMixWouldRefuse(t *testing.T) {
	n, err := New(t.Context(), fastPlan(t))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Release()
	home := filepath.Join(t.TempDir(), "volunteer")
	for _, v := range []Volunteer{
		{Name: "volunteer", Listen: "0.0.0.0:9999"},
		{Name: "volunteer", Listen: ":9999"},
		{Name: "volunteer", Listen: "127.0.0.1"},
		{Name: "two words", Listen: "127.0.0.1:9999"},
		{Name: "volunteer", Listen: "0.0.0.0:9999", Address: "mix.example.org"},
	} {
		v.Role, v.Home, v.Genesis = directory.RoleMix, home, n.Genesis
		if _, err := Apply(v); err == nil {
			t.Errorf("name %q, listen %q, address %q: made", v.Name, v.Listen, v.Address)
		}
		if exists(home) {
			t.Fatalf("%s was made all the same", home)
		}
	}
	file, err := Apply(Volunteer{Role: directory.RoleMix,
		Home: home, Genesis: n.Genesis, Name: "volunteer",
		Listen: "0.0.0.0:9999", Address: "mix.example.org:443"})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	a, err := directory.ParseApplication(raw)
	if err != nil {
		t.Fatal(err)
	}
	var cfg mixnode.Config
	if err := config.Load(filepath.Join(home, ConfigFile(directory.RoleMix)), &cfg); err != nil {
		t.Fatal(err)
	}
	if a.Addr != "mix.example.org:443" || cfg.Address != a.Addr || cfg.Listen != "0.0.0.0:9999" {
		t.Errorf("applied as %s, configured as %s on %s", a.Addr, cfg.Address, cfg.Listen)
	}
}
