package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"murmuration/internal/box/daystore"
	"murmuration/internal/box/pgstore"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/node"
)

// boxesDir is the box store in a provider's home.
const boxesDir = "boxes"

// CreateHome makes the home of a new provider: a node's home and an empty box store. It refuses a
// directory that is somebody's home already.
func CreateHome(dir string, genesis *directory.Genesis, seed [32]byte) (*node.Home, error) {
	home, err := node.CreateHome(dir, genesis, seed)
	if err != nil {
		return nil, err
	}
	if err := daystore.Create(filepath.Join(dir, boxesDir)); err != nil {
		return nil, fmt.Errorf("making a provider's home: %w", err)
	}
	return home, nil
}

// Join makes a provider of a home that has an identity and no network yet; again with the same
// network is fine, and leaves the boxes that are there.
func Join(dir string, genesis *directory.Genesis) (*node.Home, error) {
	boxes := filepath.Join(dir, boxesDir)
	if _, err := os.Stat(boxes); errors.Is(err, fs.ErrNotExist) {
		if err := daystore.Create(boxes); err != nil {
			return nil, fmt.Errorf("making a provider's home: %w", err)
		}
	}
	return node.Join(dir, genesis)
}

// openStore opens the boxes that CreateHome made a place for, or takes the store that was given. A
// provider whose boxes are gone must not begin anew as if nothing had been promised.
func (c Config) openStore(home *node.Home) (Store, error) {
	switch {
	case c.Store != nil:
		return c.Store, nil
	case len(c.Databases.Postgres) > 0:
		store, err := pgstore.Open(context.Background(), c.databases(home.Dir)) // waits are bounded
		if err != nil {
			return nil, fmt.Errorf("opening the boxes of %s: %w", home.Dir, err)
		}
		return store, nil
	}
	dir := home.Path(boxesDir)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("opening the boxes of %s: there is no %s\n  is its disk mounted? "+
			"If the boxes are lost for good, "+
			"make a new provider: this one has promised to keep them", home.Dir, dir)
	}
	store, err := daystore.Open(dir, daystore.Options{Logger: c.Log, Reserve: c.reserve()})
	if err != nil {
		return nil, fmt.Errorf("opening the boxes of %s: %w", home.Dir, err)
	}
	return store, nil
}

// databasesKey has, in the home, the secret under which boxes lie in databases.
const databasesKey = "databases.key"

func (c Config) databases(home string) pgstore.Options {
	return pgstore.Options{Shards: c.Databases.Postgres, Logger: c.Log,
		KeyFile: filepath.Join(home, databasesKey), Limit: uint64(c.Databases.LimitGiB) << 30}
}

// CreateDatabases makes the box store of the provider in cfg.Home in the databases that the
// configuration names, where there is none yet, and says in how many.
func CreateDatabases(ctx context.Context, cfg Config) (made int, err error) {
	if err := cfg.Validate(); err != nil {
		return 0, err
	}
	home, err := node.OpenHome(cfg.Home)
	if err != nil {
		return 0, err
	}
	return pgstore.Create(ctx, cfg.databases(home.Dir))
}

// proofsDir has, in a provider's home, a file for each maker that signed two bulletins for one
// slot, as `murmur network evidence` checks it. They stay for ever.
const proofsDir = "frauds"

const proofSuffix = ".fraud"

// proofs are those of fraud, on the disk and in words.
type proofs struct {
	dir  string
	log  *slog.Logger
	kept []bulletin.Fraud // that are on the disk; guarded by bulletins.keeping
	told int              // of those of the core; guarded by bulletins.mu
}

// openProofs reads what was found before. What proves nothing is left out, and said: it must not
// keep a provider from starting.
func openProofs(home *node.Home, log *slog.Logger) (proofs, error) {
	p := proofs{dir: home.Path(proofsDir), log: log}
	if err := os.Mkdir(p.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return p, fmt.Errorf("making a place for proofs of fraud: %w", err)
	}
	names, err := filepath.Glob(filepath.Join(p.dir, "*"+proofSuffix))
	if err != nil {
		return p, fmt.Errorf("reading proofs of fraud: %w", err)
	}
	for _, name := range names {
		f, err := readProof(name, home.Genesis.ID())
		if err != nil {
			log.Warn("a proof of fraud that was kept is damaged, and is left out", "file", name,
				"error", err)
			continue
		}
		if !p.has(f.A.Maker) { // one is enough, whatever files were put there
			p.kept = append(p.kept, f)
		}
	}
	p.told = len(p.kept)
	return p, nil
}

func readProof(path string, network directory.NetworkID) (f bulletin.Fraud, err error) {
	raw, err := durable.ReadFile(path, int64(bulletin.MostFraud))
	if err != nil {
		return f, err
	}
	if f, err = bulletin.ParseFraud(raw); err != nil {
		return f, err
	}
	return f, f.Verify(network)
}

// tell tells the operator of each maker once.
func (p *proofs) tell(all []bulletin.Fraud, self directory.NodeID) {
	for _, f := range all[p.told:] {
		if f.A.Maker == self {
			p.log.Error("this provider signed two bulletins for one slot, which anybody can "+
				"prove, and nobody takes its bulletins any more: was it put back from a backup, "+
				"or does it run twice? Make a new provider, with an identity of its own",
				"slot", f.A.Slot)
			continue
		}
		p.log.Error("a provider signed two bulletins for one slot: nothing of it is taken any "+
			"more, and the authorities leave it out of the providers that store. Tell its "+
			"operator; the proof is in the home's "+proofsDir+", and `murmur network evidence` "+
			"checks it", "node", f.A.Maker, "slot", f.A.Slot)
	}
	p.told = len(all)
}

// has says whether a proof about a maker is on the disk.
func (p *proofs) has(maker directory.NodeID) bool {
	return slices.ContainsFunc(p.kept, func(k bulletin.Fraud) bool { return k.A.Maker == maker })
}

// keep puts on the disk what is not there yet.
func (p *proofs) keep(all []bulletin.Fraud) (err error) {
	for _, f := range all {
		if p.has(f.A.Maker) {
			continue
		}
		path := filepath.Join(p.dir, f.A.Maker.String()+proofSuffix)
		if wrong := durable.WriteFile(path, f.Marshal(), 0o644); wrong != nil {
			err = errors.Join(err, fmt.Errorf("keeping a proof of fraud: %w", wrong))
			continue
		}
		p.kept = append(p.kept, f)
	}
	return err
}
