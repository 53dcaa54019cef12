// Package store keeps a person's records on this computer: each sealed, named by a keyed hash, and
// on the disk when Update returns.
//
// Badger's own encryption hides the shape of the tables but authenticates nothing, so every value
// is sealed besides (XChaCha20-Poly1305, with the record's key as associated data): a record that
// was changed, or moved under another name, does not open. The data key lies beside it, wrapped by
// the passphrase. Who can read the computer's memory while a client runs can read everything.
//
// The package knows no record's meaning, and one process has a store at a time.
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"murmuration/client/fault"
	"murmuration/internal/durable"
)

// Faults of opening a store.
var (
	errExists = fault.New(
		fault.User, "there is a store already",
		"Use another --home, or remove the old one yourself if you are sure.",
	)
	errMissing = fault.New(
		fault.User, "there is no store", "Make one with `murmur init`, or name another --home.",
	)
	ErrPassphrase = fault.New(
		fault.Locked, "wrong passphrase",
		"Try again; without the passphrase nobody can open this home.",
	)
	ErrForeign = fault.New(
		fault.Trust, "not a store of this program, or damaged",
		"Nothing was changed. Restore the directory from a backup, or name another --home.",
	)
	ErrFull = fault.New(
		fault.Quota, "the disk is nearly full",
		"Make room: a daemon that runs goes on by itself. Nothing that was said to be done is "+
			"lost.",
	)
	errExposed = fault.New(
		fault.Trust, "others on this computer can read the data key",
		"Make the file private: chmod 600.",
	)
)

// Implementation constants: a home is small, and its memory should be too.
const (
	// the largest transaction is 15 % of it: a photo of 512 KiB, twice, fits
	memTableSize   = 16 << 20
	blockCacheSize = 4 << 20
	indexCacheSize = 4 << 20
	// all values stay in the tables: no value log, no collecting of garbage
	valueThreshold = 1 << 20
	keyFile        = "key"
	markFile       = "mark"
	lockFile       = "lock"
	tables         = "records"
)

// errClosed is what a store says after Close: somebody has not waited for those who use it.
var errClosed = errors.New("the store is closed")

// MaxRecord is the largest value that a record may have, in encoded bytes.
const MaxRecord = 1 << 20

// Store is an open store. Its methods may be called from many goroutines.
type Store struct {
	// Free says how many bytes the disk of a directory has left. It may be replaced before the
	// first use.
	Free func(dir string) (uint64, error)

	dir    string
	db     *badger.DB
	lock   *durable.Lock
	sealer sealer

	closed atomic.Bool
	memory memory // in place of db, lock, sealer and mark

	mu    sync.Mutex // one Update at a time; guards what follows
	count uint64     // of updates ever
	mark  *durable.Mark
}

// Create makes the directory of a new store; an empty passphrase leaves the data key in a file that
// only this user can read. It does not open it.
func Create(dir string, passphrase []byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("creating a store: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("creating a store: %w", err)
	}
	if len(entries) > 0 {
		return errExists.With("%s is not empty", dir)
	}
	if err := os.Mkdir(filepath.Join(dir, tables), 0o700); err != nil {
		return fmt.Errorf("creating a store: %w", err)
	}
	if err := durable.CreateMark(filepath.Join(dir, markFile)); err != nil {
		return err
	}
	// The key comes last: a directory without it is no store.
	_, err = newKey(filepath.Join(dir, keyFile), passphrase)
	return err
}

// Open opens what Create made. A second process gets a *durable.Locked with the first one's id.
func Open(dir string, passphrase []byte) (*Store, error) {
	lock, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	s, err := open(dir, passphrase)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s.lock = lock
	return s, nil
}

// acquire takes the store for this process.
func acquire(dir string) (*durable.Lock, error) {
	if _, err := os.Stat(filepath.Join(dir, keyFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, errMissing.With("no key in %s", dir)
	}
	return durable.Acquire(filepath.Join(dir, lockFile))
}

func open(dir string, passphrase []byte) (*Store, error) {
	if err := keepPrivate(dir); err != nil {
		return nil, fmt.Errorf("closing a store to others: %w", err)
	}
	key, err := readKey(filepath.Join(dir, keyFile), passphrase)
	if err != nil {
		return nil, err
	}
	if err := eraseUnfinished(dir); err != nil {
		return nil, err
	}
	derived := key.derive()
	if err := checkRoom(dir, free); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, tables)); err != nil {
		return nil, ErrForeign.With("%s has a key but no records", dir)
	}
	db, err := openBadger(badgerOptions(filepath.Join(dir, tables), derived.badger))
	if err != nil {
		return nil, ErrForeign.With("opening the records in %s: %w", dir, err)
	}
	s := &Store{Free: free, dir: dir, db: db, sealer: newSealer(derived)}
	if err := s.checkMark(filepath.Join(dir, markFile)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// reserve is the free space in bytes below which nothing is written: Badger writes through memory
// maps of its log and memtables, and a full disk would kill the process in the middle.
const reserve = 48 << 20

// free asks the system; tests put their own answer in its place.
var free = durable.Free

// checkRoom refuses before the disk is full. A system that does not tell is taken at its word.
func checkRoom(dir string, free func(string) (uint64, error)) error {
	if left, err := free(dir); err == nil && left < reserve {
		return ErrFull.With("%d MiB are free, %d are needed", left>>20, reserve>>20)
	}
	return nil
}

// checkMark compares the count of updates with the one that was on the disk outside the database:
// Badger drops the rest of a damaged log without a word, and a capability that goes back would be
// used twice.
func (s *Store) checkMark(path string) error {
	mark, err := durable.OpenMark(path)
	if err != nil {
		return ErrForeign.With("%w", err)
	}
	err = s.View(func(tx *Tx) error { return tx.Get("store", "count", &s.count) })
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	if err == nil && s.count < mark.Value() {
		err = ErrForeign.With("its last %d changes are missing", mark.Value()-s.count)
	}
	if err != nil {
		return errors.Join(err, mark.Close())
	}
	s.mark = mark
	return nil
}

func badgerOptions(dir string, key [32]byte) badger.Options {
	return badger.DefaultOptions(dir).
		WithEncryptionKey(key[:]).
		WithSyncWrites(true).
		WithChecksumVerificationMode(options.OnTableRead).
		WithCompression(options.None). // sealed bytes do not compress
		WithMemTableSize(memTableSize).
		WithNumMemtables(2).
		WithValueThreshold(valueThreshold).
		WithBlockCacheSize(blockCacheSize).
		WithIndexCacheSize(indexCacheSize).
		WithValueLogFileSize(16 << 20).
		WithNumCompactors(2).
		WithDetectConflicts(false). // Update holds a mutex
		WithMetricsEnabled(false).
		WithLogger(nil)
}

// Close ends the store; a second Close does nothing. On a full disk it is ErrFull, and the database
// is left to the end of the process: Badger would write its last table, and what is acknowledged is
// in the log.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.memory != nil || s.closed.Swap(true) {
		return nil
	}
	end := s.db.Close
	if s.Room() != nil {
		end = s.Room
	}
	return errors.Join(end(), s.mark.Close(), s.lock.Close())
}

// Room is ErrFull while nothing can be written.
func (s *Store) Room() error { return checkRoom(s.dir, s.Free) }

// View reads in one snapshot.
func (s *Store) View(read func(*Tx) error) error {
	if s.memory != nil {
		s.mu.Lock()
		now := maps.Clone(s.memory)
		s.mu.Unlock()
		return read(&Tx{records: &overlay{below: now, above: memory{}}})
	}
	if s.closed.Load() {
		return errClosed
	}
	return s.db.View(func(txn *badger.Txn) error {
		return read(&Tx{records: sealed{txn, &s.sealer}})
	})
}

// Update reads and writes; all of it is on the disk when it returns nil, none of it otherwise.
// What is to be done After runs before it does.
func (s *Store) Update(write func(*Tx) error) error {
	var tx Tx
	if err := s.update(&tx, write); err != nil {
		return err
	}
	tx.done()
	return nil
}

func (s *Store) update(tx *Tx, write func(*Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.Room(); err != nil {
		return err
	}
	if s.memory != nil {
		return s.memory.update(tx, write)
	}
	if s.closed.Load() {
		return errClosed
	}
	next := s.count + 1
	err := s.db.Update(func(txn *badger.Txn) error {
		tx.records = sealed{txn, &s.sealer}
		if err := write(tx); err != nil {
			return err
		}
		return tx.Put("store", "count", next)
	})
	if err != nil {
		return err
	}
	s.count = next
	return s.mark.Set(next)
}
