package testnet

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/node"
)

// History: Where the disk became full in the middle, the same command was refused for ever.
//
// TestHalfMadeIsRemoved: a home that could not be made whole is empty again; one in which something
// was before keeps it.
func TestHalfMadeIsRemoved(t *testing.T) {
	full := errors.New("no space")
	for _, before := range []int{0, 1} {
		dir := t.TempDir()
		put := func(name string) {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if before > 0 {
			put("before")
		}
		_, err := wholly(dir, func() (string, error) { put("identity.key"); return "", full })
		left, bad := os.ReadDir(dir)
		if !errors.Is(err, full) || bad != nil || len(left) != 2*before {
			t.Errorf("%d before, %v left: %v, %v", before, left, err, bad)
		}
		_, err = wholly(dir, func() (string, error) { put("all"); return "all", nil })
		if _, none := os.Stat(filepath.Join(dir, "all")); err != nil || none != nil {
			t.Errorf("what was made is not there: %v, %v", err, none)
		}
	}
}

// TestReapply: an application that is written anew is the first one again, as the configuration has
// it by then, with the contact that it had.
func TestReapply(t *testing.T) {
	par, err := config.LoadPreset("fast")
	if err != nil {
		t.Fatal(err)
	}
	n, err := New(t.Context(), Plan{Dir: filepath.Join(t.TempDir(), "net"), Label: "test",
		Host: "127.0.0.1", Providers: 3, Width: 1, Parameters: par, Start: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	n.Release()
	home := filepath.Join(t.TempDir(), "mix")
	path, err := Apply(Volunteer{Role: directory.RoleMix, Home: home, Genesis: n.Genesis,
		Name: "heron", Listen: "127.0.0.1:9999", Contact: "heron@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cfg := node.Config{Name: "heron", Listen: "127.0.0.1:9999"}
	if _, err := Reapply(directory.RoleMix, home, cfg, ""); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, first) {
		t.Errorf("it is another one: %v", err)
	}
	cfg.Address, cfg.Family = "heron.example.org:9999", "birds"
	if _, err := Reapply(directory.RoleMix, home, cfg, "new@example.org"); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a, err := directory.ParseApplication(raw)
	if err != nil || a.Verify(n.Genesis) != nil || a.Addr != cfg.Address || a.Family != "birds" ||
		a.Contact != "new@example.org" {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := Reapply(directory.RoleMix, t.TempDir(), cfg, ""); err == nil {
		t.Error("nobody applied")
	}
}
