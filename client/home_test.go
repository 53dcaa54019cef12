package client

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"murmuration/client/fault"
	"murmuration/client/store"
	"murmuration/internal/directory"
)

// TestHomesOfOtherVersionsAreRefused: with what is the matter and what to do, and nothing is
// changed.
func TestHomesOfOtherVersionsAreRefused(t *testing.T) {
	t.Parallel()
	genesis := genesisOfOne(t)
	for name, change := range map[string]func(*store.Tx) error{
		"version 1": func(tx *store.Tx) error {
			return errors.Join(tx.Delete("home", "version"), tx.Delete("home", "self"),
				tx.Put("self", "", "whoever"))
		},
		"later": func(tx *store.Tx) error {
			return errors.Join(tx.Put("home", "version", homeVersion+1),
				tx.Put("home", "self", "whatever"))
		},
		"ours": func(*store.Tx) error { return nil }, // the control
	} {
		home := t.TempDir()
		if err := Create(home, Init{Name: "Ada", Genesis: genesis}); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(filepath.Join(home, storeDir), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.Update(change), s.Close()); err != nil {
			t.Fatal(err)
		}
		c, err := New(Config{Home: home})
		if name == "ours" {
			if err := errors.Join(err, c.Close()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !errors.Is(err, errVersion) || fault.Of(err).Hint() == "" {
			t.Errorf("%s: %v", name, err)
		}
		if err := Create(home, Init{Name: "Ada", Genesis: genesis}); !errors.Is(err, errHomeTaken) {
			t.Errorf("%s: another home was put in its place: %v", name, err)
		}
	}
}

// History: A home whose making was killed could not be made again in its directory, since a part of
// the genesis file was there.
//
// TestUnfinishedHomeIsMadeAgain, and nothing of the first try is left; nor is by a wipe.
func TestUnfinishedHomeIsMadeAgain(t *testing.T) {
	t.Parallel()
	genesis := genesisOfOne(t)
	home := t.TempDir()
	part := filepath.Join(home, ".genesis.123.tmp")
	begin := func() error {
		return errors.Join(os.MkdirAll(filepath.Join(home, unfinished), 0o700),
			os.WriteFile(part, []byte("gene"), 0o600))
	}
	if err := errors.Join(begin(), Create(home, Init{Name: "Ada", Genesis: genesis})); err != nil {
		t.Fatal(err)
	}
	if isThere(part) || isThere(filepath.Join(home, unfinished)) {
		t.Error("something of the first try is left")
	}
	left, err := Wipe(home)
	if err != nil || len(left) != 0 {
		t.Errorf("a wipe leaves %q: %v", left, err)
	}
	if err := begin(); err != nil { // makes the directory anew
		t.Fatal(err)
	}
	if left, err := Wipe(home); err != nil || len(left) != 0 {
		t.Errorf("a wipe of what was not made leaves %q: %v", left, err)
	}
}

// genesisOfOne is a network with one authority, which nobody reaches.
func genesisOfOne(t *testing.T) *directory.Genesis {
	t.Helper()
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	one := []directory.Authority{
		{Name: "p1", ID: directory.NewIdentity([32]byte{1}).ID(), Addr: "p1:1"},
	}
	genesis, err := directory.NewGenesis("one", time.Now(), par, one, one)
	if err != nil {
		t.Fatal(err)
	}
	return genesis
}
