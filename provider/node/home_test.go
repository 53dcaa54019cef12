package node

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/node"
	"murmuration/provider"
)

// TestTwoProofsOfOne: two files about one maker, of which somebody put one there, are one proof,
// and what is proved later is told and kept.
func TestTwoProofsOfOne(t *testing.T) {
	genesis := &directory.Genesis{}
	prove := func(seed, entry byte) bulletin.Fraud {
		id := directory.NewIdentity([32]byte{seed})
		body := bulletin.Body{Network: genesis.ID(), Maker: id.ID(), Slot: 3}
		one := body.Sign(id.PrivateKey())
		body.Entries = []box.Entry{{entry}}
		return bulletin.NewFraud(one, body.Sign(id.PrivateKey()))
	}
	home := &node.Home{Dir: t.TempDir(), Genesis: genesis}
	dir := home.Path(proofsDir)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]bulletin.Fraud{"a": prove(1, 1), "b": prove(1, 2)} {
		if err := os.WriteFile(filepath.Join(dir, name+proofSuffix), f.Marshal(),
			0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := openProofs(home, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	core, err := provider.NewBulletins(provider.BulletinsConfig{Genesis: genesis,
		Identity: directory.NewIdentity([32]byte{9}), Store: box.NewMemStore(0)}, genesis.Start)
	if err != nil {
		t.Fatal(err)
	}
	core.Convicted(p.kept)
	p.tell(core.Frauds(), directory.NodeID{})
	core.Convicted([]bulletin.Fraud{prove(2, 1)})
	p.tell(core.Frauds(), directory.NodeID{})
	if err := p.keep(core.Frauds()); err != nil || len(core.Frauds()) != 2 || p.told != 2 {
		t.Errorf("%d proofs, of which %d are told: %v", len(core.Frauds()), p.told, err)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*"+proofSuffix)); len(names) != 3 {
		t.Errorf("there are %v", names)
	}
}

// TestNoDatabases: a provider whose databases cannot be had is refused, and there is no store to
// close: it once was closed all the same, which ended the process without a word to the operator.
func TestNoDatabases(t *testing.T) {
	home := &node.Home{Dir: t.TempDir()}
	cfg := Config{Databases: Databases{Postgres: []string{"host=" + t.TempDir()}}}
	if store, err := cfg.openStore(home); store != nil || err == nil {
		t.Errorf("without the secret: %v, %v", store, err)
	}
	if made, err := CreateDatabases(t.Context(), Config{Config: node.Config{Home: home.Dir,
		Listen: "127.0.0.1:1"}, Databases: cfg.Databases}); made != 0 || err == nil {
		t.Errorf("%d were made in a home that is none, %v", made, err)
	}
}
