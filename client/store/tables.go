package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/ristretto/v2"

	"murmuration/internal/box/daystore"
	"murmuration/internal/durable"
)

// openBadger turns the panics that Badger has for some damaged files into errors. Its tables are
// read beforehand: for them it panics in goroutines of its own, which ends the process.
func openBadger(o badger.Options) (db *badger.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			db, err = nil, fmt.Errorf("badger: %v", r)
		}
	}()
	if err := checkTables(o); err != nil {
		return nil, err
	}
	// Badger makes a log when it is opened, and never opens again with one that it had not begun.
	err = errors.Join(
		durable.RemoveEmpty(o.Dir, ".vlog"), durable.RemoveEmpty(o.Dir, ".mem"),
	)
	if err != nil {
		return nil, err
	}
	return badger.Open(o)
}

// checkTables reads every table that the manifest lists; a new database has no manifest yet.
func checkTables(o badger.Options) error {
	f, err := os.Open(filepath.Join(o.Dir, badger.ManifestFilename))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	manifest, _, err := badger.ReplayManifestFile(f, o.ExternalMagicVersion, o)
	if err != nil {
		return fmt.Errorf("reading the manifest: %w", err)
	}
	return checkListed(o, manifest)
}

func checkListed(o badger.Options, manifest badger.Manifest) error {
	keys, err := badger.OpenKeyRegistry(
		badger.KeyRegistryOptions{Dir: o.Dir, ReadOnly: true, EncryptionKey: o.EncryptionKey},
	)
	if err != nil {
		return fmt.Errorf("reading the keys of tables: %w", err)
	}
	defer keys.Close()
	indices, err := ristretto.NewCache(&ristretto.Config[uint64, *fb.TableIndex]{
		NumCounters: 1000, MaxCost: o.IndexCacheSize, BufferItems: 64,
	})
	if err != nil {
		return err
	}
	defer indices.Close()
	for id, listed := range manifest.Tables {
		path := filepath.Join(o.Dir, table.IDToFilename(id))
		key, err := keys.DataKey(listed.KeyID)
		if err == nil {
			err = daystore.CheckTable(path, &table.Options{DataKey: key, IndexCache: indices})
		}
		if err != nil {
			return fmt.Errorf("checking a table: %w", err)
		}
	}
	return nil
}
