package daystore

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"murmuration/internal/box"
	"murmuration/internal/box/dayform"
	"murmuration/internal/durable"
)

// What a day's Badger holds is in the form of package dayform, and
//
//	's'  → number of the newest commit 8
var commitKey = []byte{'s'}

// Errors of opening a day.
var (
	errLost    = errors.New("acknowledged boxes are missing")
	errDamaged = dayform.ErrDamaged
)

// dayDB is the directory of one day: its key, its mark and its Badger.
type dayDB struct {
	day    box.Day
	dir    string
	form   *dayform.Form
	log    *badgerLog
	db     *badger.DB
	commit uint64        // newest commit; owned by the committer
	broken error         // first failed commit; owned by the committer
	mark   *durable.Mark // see begun; owned by the committer
	noSync bool

	unlisted unlisted

	damaged sync.Map // what was said of damage: queues are read many times a second
}

// complain says that something is damaged, once.
func (d *dayDB) complain(what string, err error) {
	if _, said := d.damaged.LoadOrStore(what, true); !said {
		d.log.log.Error(what, "day", d.day, "error", err)
	}
}

func dayDir(root string, day box.Day) string {
	return filepath.Join(root, fmt.Sprintf("day-%05d", day))
}

// createDay makes the directory of a day under another name and moves it into place whole.
func createDay(root string, day box.Day) error {
	final := dayDir(root, day)
	fresh := final + freshSuffix
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("creating day %d of the box store: %w", day, err)
	}
	key := make([]byte, 32)
	rand.Read(key)
	err := os.Mkdir(filepath.Join(fresh, "badger"), 0o700)
	if err == nil {
		err = durable.WriteFile(filepath.Join(fresh, "key"), keyText(key), 0o600)
	}
	if err == nil {
		err = durable.CreateMark(filepath.Join(fresh, "mark"))
	}
	if err == nil {
		err = os.Rename(fresh, final)
	}
	if err == nil {
		err = durable.SyncDir(root)
	}
	if err != nil {
		return fmt.Errorf("creating day %d of the box store: %w", day, err)
	}
	return nil
}

// openDay opens an existing day and checks that nothing acknowledged is missing.
func openDay(root string, day box.Day, opts Options) (*dayDB, error) {
	d := &dayDB{day: day, dir: dayDir(root, day), noSync: opts.noSync,
		log: &badgerLog{log: opts.Logger}, unlisted: unlisted{boxes: make(map[string]waiting)}}
	if err := d.open(opts); err != nil {
		return nil, fmt.Errorf("opening box store %s: %w\n  nothing was changed; move this "+
			"directory away to go on without its day, or put its backup in its place", d.dir, err)
	}
	return d, nil
}

func (d *dayDB) open(opts Options) error {
	if err := d.readKey(); err != nil {
		return err
	}
	var err error
	if d.mark, err = durable.OpenMark(filepath.Join(d.dir, "mark")); err != nil {
		return err
	}
	if d.mark.Value() > 0 {
		// Badger would make an empty database where one was removed.
		if _, err := os.Stat(filepath.Join(d.dir, "badger", "MANIFEST")); err != nil {
			return errors.Join(fmt.Errorf("%w: %w", errLost, err), d.mark.Close())
		}
	}
	d.db, err = openBadger(badgerOptions(filepath.Join(d.dir, "badger"), d.log, opts))
	if err != nil {
		return errors.Join(err, d.mark.Close())
	}
	if err := d.checkMark(); err != nil {
		return errors.Join(err, d.close())
	}
	return nil
}

// openBadger turns the panics that Badger has for some damaged files into errors.
func openBadger(opts badger.Options) (db *badger.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			db, err = nil, fmt.Errorf("badger: %v", r)
		}
	}()
	if err := checkTables(opts.Dir); err != nil {
		return nil, err
	}
	// Badger makes a log when it is opened, and never opens again with one that it had not begun.
	err = errors.Join(
		durable.RemoveEmpty(opts.Dir, ".vlog"), durable.RemoveEmpty(opts.Dir, ".mem"),
	)
	if err != nil {
		return nil, err
	}
	return badger.Open(opts)
}

// badgerOptions are the settings of one day; docs/box.md section 6 has the reason for each.
func badgerOptions(dir string, log badger.Logger, opts Options) badger.Options {
	o := badger.DefaultOptions(dir)
	o.Logger = log
	o.SyncWrites = !opts.noSync
	o.ChecksumVerificationMode = options.OnTableRead
	o.Compression = options.None // boxes are random bytes
	o.BlockCacheSize = 0         // values lie in the value log, blocks are mapped already
	o.ValueThreshold = 1024
	o.ValueLogFileSize = opts.valueLog
	o.MemTableSize = 2 << 20
	o.NumMemtables = 3
	o.NumCompactors = 2
	o.DetectConflicts = false // one committer
	o.MetricsEnabled = false
	return o
}

// get returns a copy of the value, or nil if the key is not there.
func get(txn *badger.Txn, key []byte) ([]byte, error) {
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return item.ValueCopy(nil)
}

// unseal opens the value of a key that is its associated data; nil if the key is not there.
func (d *dayDB) unseal(txn *badger.Txn, key []byte) ([]byte, error) {
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return d.unsealItem(item)
}

func (d *dayDB) unsealItem(item *badger.Item) (plain []byte, err error) {
	err = item.Value(func(v []byte) error {
		plain, err = d.form.Open(v, item.Key())
		return err
	})
	return plain, err
}

// load returns the box of that name, or nil. A box that does not open is errDamaged: Badger's own
// checksums do not bind a value to its key.
func (d *dayDB) load(txn *badger.Txn, name []byte) (*box.Box, error) {
	v, err := get(txn, dayform.BoxKey(name))
	if err != nil {
		return nil, fmt.Errorf("reading a box of day %d: %w", d.day, err)
	}
	if v == nil {
		return nil, nil
	}
	b, err := d.form.OpenBox(v, name)
	if err != nil {
		return nil, fmt.Errorf("reading a box of day %d: %w", d.day, err)
	}
	return b, nil
}

func (d *dayDB) read(id box.ID) (found *box.Box, err error) {
	err = d.db.View(func(txn *badger.Txn) error {
		found, err = d.load(txn, d.form.Name(id[:]))
		return err
	})
	return found, err
}

// close closes the files; the caller sees to it that nobody uses the day.
func (d *dayDB) close() error {
	if err := errors.Join(d.db.Close(), d.mark.Close()); err != nil {
		return fmt.Errorf("closing day %d of the box store: %w", d.day, err)
	}
	return nil
}

const (
	freshSuffix = ".new"
	deadSuffix  = ".dropped"
)

// destroyDay removes a closed day: first its name, then its key, then the rest. What a crash leaves
// is finished by sweep.
func destroyDay(dir string) error {
	dead := dir
	if !strings.HasSuffix(dir, deadSuffix) {
		dead = dir + deadSuffix
		if err := os.Rename(dir, dead); err != nil {
			return err
		}
	}
	if err := durable.Erase(filepath.Join(dead, "key")); err != nil {
		return err
	}
	if err := os.RemoveAll(dead); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(dead))
}
