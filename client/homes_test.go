package client_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"murmuration/client"
	"murmuration/client/store"
	"murmuration/internal/node"
)

// TestUnfinishedHome leaves what a Create that was killed leaves: it is no home, and Create makes
// one of it.
func TestUnfinishedHome(t *testing.T) {
	home, who := t.TempDir(), client.Init{Name: "Ada", Genesis: crashGenesis(t)}
	for _, file := range []string{"genesis", "store.new/key"} {
		path := filepath.Join(home, file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700),
			os.WriteFile(path, who.Genesis.Marshal(), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.CheckHome(home); !errors.Is(err, client.ErrNoHome) {
		t.Errorf("an unfinished home: %v", err)
	}
	if err := errors.Join(client.Create(home, who), client.CheckHome(home)); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Config{Home: home})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestHomesThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	genesis := crashGenesis(t)
	if _, err := client.New(client.Config{Home: t.TempDir()}); !errors.Is(err, client.ErrNoHome) {
		t.Errorf("an empty home: %v", err)
	}
	home := t.TempDir()
	who := client.Init{Name: "Ada", Genesis: genesis}
	if err := client.Create(home, who); err != nil {
		t.Fatal(err)
	}
	if err := client.Create(home, who); !errors.Is(err, client.ErrHomeTaken) {
		t.Errorf("a home that is taken: %v", err)
	}
	elsewhere := *genesis
	elsewhere.Label = "elsewhere"
	empty := t.TempDir()
	if err := os.WriteFile(filepath.Join(empty, "genesis"), elsewhere.Marshal(),
		0o600); err != nil {
		t.Fatal(err)
	}
	if err := client.Create(empty, who); !errors.Is(err, client.ErrHomeTaken) {
		t.Errorf("a directory of another network: %v", err)
	}
	if raw, err := os.ReadFile(filepath.Join(empty, "genesis")); err != nil ||
		!bytes.Equal(raw, elsewhere.Marshal()) {
		t.Errorf("its genesis file was touched, %v", err)
	}
	aNode := t.TempDir()
	if _, err := node.CreateHome(aNode, genesis, [32]byte{1}); err != nil {
		t.Fatal(err)
	}
	if err := client.Create(aNode, who); !errors.Is(err, client.ErrHomeTaken) {
		t.Errorf("a node's home: %v", err)
	}
	for _, dir := range []string{home, empty} {
		if _, err := node.CreateHome(dir, genesis, [32]byte{1}); err == nil {
			t.Errorf("a node moved in with a person, or into another network")
		}
	}
	path := filepath.Join(home, "genesis")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{"cut": good[:40], "empty": {},
		"foreign": []byte("hello"), "other": elsewhere.Marshal()} {
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := client.New(client.Config{Home: home}); !errors.Is(err, client.ErrGenesis) {
			t.Errorf("%s genesis: %v", name, err)
		}
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = client.New(client.Config{Home: home, Passphrase: []byte("x")})
	if !errors.Is(err, store.ErrPassphrase) {
		t.Errorf("a passphrase where there is none: %v", err)
	}
	c, err := client.New(client.Config{Home: home}) // the control
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}
