package replay

import (
	"fmt"
	"io"

	"murmuration/internal/durable"
)

// HeaderSize is the size of a journal without tags, in bytes. It is on the disk when Open returns.
const HeaderSize = durable.LogHeaderSize

// Journal is the durable side of one key's Set: a file with a record of 20 bytes for each tag. It
// is used by one goroutine at a time, which need not be the one that uses the Set.
type Journal struct {
	log  *durable.Log
	path string
}

// Open opens the journal at path, creating it if it is not there, and loads its tags into a new Set
// of this capacity, keyed by 16 bytes of rng. A tail torn by a power cut is dropped: its packets
// never left. Damage elsewhere, a foreign file, and more tags than the capacity (ErrFull) are
// errors, and the file is left alone.
func Open(path string, capacity int, rng io.Reader) (*Journal, *Set, error) {
	return load(path, capacity, rng, func(each func([]byte) error) (*durable.Log, error) {
		return durable.OpenLog(path, keySize, each)
	})
}

// openFile is Open on a file of a test's own.
func openFile(f durable.File, length int64, capacity int, rng io.Reader) (*Journal, *Set, error) {
	return load("", capacity, rng, func(each func([]byte) error) (*durable.Log, error) {
		return durable.OpenLogFile(f, "journal", length, keySize, each)
	})
}

func load(
	path string, capacity int, rng io.Reader, open func(func([]byte) error) (*durable.Log, error),
) (*Journal, *Set, error) {
	var secret Secret
	if _, err := io.ReadFull(rng, secret[:]); err != nil {
		return nil, nil, fmt.Errorf("drawing the replay set's secret: %w", err)
	}
	set := NewSet(capacity, secret)
	log, err := open(func(record []byte) error {
		_, err := set.add(key(record))
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("opening replay journal: %w", err)
	}
	return &Journal{log: log, path: path}, set, nil
}

// Append collects tags for the next Sync.
func (j *Journal) Append(tags ...Tag) error {
	for i := range tags {
		if err := j.log.Append(tags[i][:keySize]); err != nil {
			return fmt.Errorf("appending to replay journal: %w", err)
		}
	}
	return nil
}

// Sync makes the collected tags durable: one write and one fsync for all of them. Only when it
// returns nil may their packets leave. After an error the journal takes nothing more; the key must
// not be used any longer.
func (j *Journal) Sync() error {
	if err := j.log.Sync(); err != nil {
		return fmt.Errorf("syncing replay journal: %w", err)
	}
	return nil
}

// Dropped is the number of torn records that Open cut off.
func (j *Journal) Dropped() int { return j.log.Dropped() }

// Close closes the file; what was appended and not synced is lost. A second Close does nothing.
func (j *Journal) Close() error { return j.log.Close() }

// erase closes the journal and destroys its file. It is for the moment when the key's grace ends
// and the key itself is erased, never before.
func (j *Journal) erase() error {
	if err := j.Close(); err != nil {
		return err
	}
	return durable.Erase(j.path)
}
