package node

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/replay"
	"murmuration/internal/sphinx"
	"murmuration/internal/suite"
	"murmuration/internal/transit"
)

// keyring holds a node's Sphinx keys, one for each epoch, with the journals of the tags seen under
// them. On disk a key is the suite's seed in DIR/<epoch>.key beside DIR/<epoch>.tags; both are
// erased when the key's grace is over, and a key whose journal is missing is never used, because
// nobody could tell what was replayed. A key opens nothing before its tags are in memory (Open),
// which happens shortly before its time.
type keyring struct {
	cfg keyringConfig

	// held for reading while a key is in use, so that none is erased under a worker
	mu   sync.RWMutex
	keys map[directory.Epoch]*epochKey

	// with tags that are not on the disk; owned by the goroutine that persists, and by who holds mu
	// for writing
	unsynced map[directory.Epoch]*replay.Journal
	doomed   map[directory.Epoch]bool // whose files could not be erased yet; guarded by mu
}

// keyringConfig is what a keyring needs to know.
type keyringConfig struct {
	Dir      string
	Suite    *suite.Suite
	Epochs   directory.Schedule
	Grace    time.Duration // a key is accepted this much early and late
	Capacity int           // tags per epoch
}

type epochKey struct {
	private *suite.PrivateKey
	journal *replay.Journal // nil until the key is opened
}

// openedKey is a key that packets are accepted under from From until Until, with the tags seen
// before. Torn is how many could not be read at the end of the journal: those of packets that had
// not left when the power went, or of a damaged disk.
type openedKey struct {
	Epoch       directory.Epoch
	From, Until time.Time
	Tags        *replay.Tags
	Torn        int
}

// openKeyring loads the keys in cfg.Dir, making the directory if need be.
func openKeyring(cfg keyringConfig, now time.Time) (*keyring, error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening keyring: %w", err)
	}
	k := &keyring{cfg: cfg, keys: map[directory.Epoch]*epochKey{},
		unsynced: map[directory.Epoch]*replay.Journal{}, doomed: map[directory.Epoch]bool{}}
	files, err := filepath.Glob(filepath.Join(cfg.Dir, "*.key"))
	if err != nil {
		return nil, fmt.Errorf("opening keyring: %w", err)
	}
	for _, path := range files {
		if err := k.find(path, now); err != nil {
			return nil, errors.Join(fmt.Errorf("opening keyring: %w", err), k.close())
		}
	}
	return k, nil
}

// find loads the key in path, whether or not its time is over: the clock may have an hour too much,
// and what is erased for that is lost. expire erases it. One that cannot be read, and whose time is
// over, goes at once.
func (k *keyring) find(path string, now time.Time) error {
	number, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(path), ".key"), 10, 64)
	if err != nil {
		return fmt.Errorf("%s is not named after an epoch: remove it if it is yours", path)
	}
	e := directory.Epoch(number)
	err = k.load(e)
	if _, until := k.window(e); err != nil && !durable.Passing(err) && !now.Before(until) {
		return k.destroy(e)
	}
	return err
}

func (k *keyring) path(e directory.Epoch, kind string) string {
	return filepath.Join(k.cfg.Dir, strconv.FormatUint(uint64(e), 10)+kind)
}

// window is the time in which packets under the key of e are accepted.
func (k *keyring) window(e directory.Epoch) (from, until time.Time) {
	start := k.cfg.Epochs.StartOf(e)
	return start.Add(-k.cfg.Grace), start.Add(k.cfg.Epochs.Length + k.cfg.Grace)
}

func (k *keyring) load(e directory.Epoch) error {
	path := k.path(e, ".key")
	seed, err := readSecret(path)
	if errors.Is(err, errDamaged) {
		return fmt.Errorf("%w\n  remove it with its .tags file and start again: packets of that "+
			"epoch are lost", err)
	}
	if err != nil {
		return fmt.Errorf("reading epoch key: %w", err)
	}
	defer clear(seed[:])
	// The journal was made, with its header, before the key: one without is not its journal any
	// more.
	if tags, err := os.Stat(k.path(e, ".tags")); errors.Is(err, fs.ErrNotExist) || err == nil &&
		tags.Size() < replay.HeaderSize {
		return fmt.Errorf("%s is missing or damaged, without which nobody can tell replays\n  "+
			"remove it with its .key file and start again: packets of that epoch are "+
			"lost", k.path(e, ".tags"))
	}
	return k.add(e, seed)
}

func (k *keyring) add(e directory.Epoch, seed [suite.SeedSize]byte) error {
	private, err := k.cfg.Suite.NewPrivateKey(seed)
	if err != nil {
		return fmt.Errorf("expanding the key of epoch %d: %w", e, err)
	}
	k.keys[e] = &epochKey{private: private}
	return nil
}

// public gives the public key of e, making the key when there is none. The journal is made first:
// a crash in between leaves a journal without a key, which is harmless.
func (k *keyring) public(e directory.Epoch) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys[e] == nil {
		if err := k.generate(e); err != nil {
			return nil, fmt.Errorf("making the key of epoch %d: %w", e, err)
		}
	}
	return k.keys[e].private.Public().Bytes(), nil
}

func (k *keyring) generate(e directory.Epoch) error {
	var seed [suite.SeedSize]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return err
	}
	defer clear(seed[:])
	if err := durable.Erase(k.path(e, ".tags")); err != nil { // of a key that was never made
		return err
	}
	journal, _, err := replay.Open(k.path(e, ".tags"), 1, rand.Reader)
	if err != nil {
		return err
	}
	if err := journal.Close(); err != nil {
		return err
	}
	if err := writeSecret(k.path(e, ".key"), seed); err != nil {
		return err
	}
	return k.add(e, seed)
}

// open opens the keys whose time begins before `before`, each once, and hands over what was seen
// under them. Until the caller has put a set into its core, packets under that key are dropped
// there.
func (k *keyring) open(before time.Time) (opened []openedKey, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for e, key := range k.keys {
		from, until := k.window(e)
		if key.journal != nil || !from.Before(before) {
			continue
		}
		journal, tags, err := replay.OpenTags(k.path(e, ".tags"), k.cfg.Capacity, rand.Reader)
		if errors.Is(err, durable.ErrCorrupt) || errors.Is(err, durable.ErrForeign) {
			return opened, fmt.Errorf("%w\n  remove it with its .key file and start again: "+
				"packets of that epoch are lost", err)
		}
		if err != nil {
			return opened, err
		}
		key.journal = journal
		opened = append(opened, openedKey{Epoch: e, From: from, Until: until, Tags: tags,
			Torn: journal.Dropped()})
	}
	return opened, nil
}

// expire erases the keys whose grace is over, and tells which.
func (k *keyring) expire(now time.Time) (gone []directory.Epoch, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for e := range k.keys {
		if _, until := k.window(e); !now.Before(until) {
			gone = append(gone, e)
			k.doomed[e] = true
		}
	}
	for e := range k.doomed {
		if wrong := k.destroy(e); wrong != nil {
			err = errors.Join(err, wrong)
			continue // is tried again
		}
		delete(k.doomed, e)
	}
	return gone, err
}

func (k *keyring) destroy(e directory.Epoch) error {
	delete(k.unsynced, e)
	if key := k.keys[e]; key != nil {
		delete(k.keys, e)
		_ = key.close() // nothing of it is needed any more
	}
	return errors.Join(durable.Erase(k.path(e, ".key")), durable.Erase(k.path(e, ".tags")))
}

// close forgets the key and gives its journal back.
func (key *epochKey) close() error {
	key.private.Erase()
	if key.journal == nil {
		return nil
	}
	return key.journal.Close()
}

// unwrap peels one layer in place with the keys that are accepted now, the current epoch's first.
func (k *keyring) unwrap(
	now time.Time, u *sphinx.Unwrapper, packet []byte,
) (transit.Arrival, transit.Reason) {
	current, err := k.cfg.Epochs.Epoch(now)
	if err != nil {
		return transit.Arrival{}, transit.WrongEpoch
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	reason := transit.WrongEpoch
	for _, e := range [3]directory.Epoch{current, current + 1, current - 1} {
		key := k.keys[e]
		from, until := k.window(e)
		if key == nil || key.journal == nil || now.Before(from) || !now.Before(until) {
			continue
		}
		hop, err := u.Unwrap(key.private, packet)
		if err == nil {
			return transit.Arrival{Epoch: e, Hop: hop, Packet: packet}, transit.Accepted
		}
		if reason = transit.Refusal(err); reason != transit.BadMAC {
			break
		}
	}
	return transit.Arrival{}, reason
}

// persist appends tags to their journals and fsyncs each journal that got any. Tags of a key that
// is gone are skipped: nothing is accepted under it any more. After an error that is
// durable.Passing it may be called again, without the tags that it has already.
func (k *keyring) persist(seen []transit.Seen) error {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, s := range seen {
		key := k.keys[s.Epoch]
		if key == nil {
			continue
		}
		if err := key.journal.Append([32]byte(s.Tag)); err != nil {
			return err
		}
		k.unsynced[s.Epoch] = key.journal
	}
	for e, journal := range k.unsynced {
		if err := journal.Sync(); err != nil {
			return err
		}
		delete(k.unsynced, e)
	}
	return nil
}

// close closes the journals; the keys stay on disk.
func (k *keyring) close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var err error
	for e, key := range k.keys {
		err = errors.Join(err, key.close())
		delete(k.keys, e)
	}
	return err
}
