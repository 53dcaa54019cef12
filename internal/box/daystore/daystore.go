// Package daystore is the store of a provider on its disk: a directory for each day, with a Badger
// and a key of its own, so that a day is destroyed with its key. It acknowledges nothing that a
// power cut could take back.
//
// It must not judge what it keeps: signatures and the calendar are the caller's, and what becomes
// of a box where another one stands is box.Arrival's.
package daystore

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"murmuration/internal/box"
	"murmuration/internal/box/gather"
	"murmuration/internal/durable"
)

// Options of a Store; the zero value is usable.
type Options struct {
	// Logger takes Badger's warnings; nil discards.
	Logger *slog.Logger

	// Reserve is the free space in bytes below which data is refused with StatusFull; below a
	// quarter of it nothing is written, and the store does not open. A full disk would kill the
	// process (Badger writes through memory maps), so this must cover what else grows there. Zero
	// is 1 GiB.
	Reserve uint64

	// Free tells the free space of the store's file system, in bytes; nil asks the system.
	Free func(dir string) (uint64, error)

	noSync   bool  // the control of the durability tests
	valueLog int64 // size of a value log file, in bytes; tests make it small
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Reserve == 0 {
		o.Reserve = 1 << 30
	}
	if o.Free == nil {
		o.Free = durable.Free
	}
	if o.valueLog == 0 {
		o.valueLog = 64 << 20
	}
	return o
}

const (
	formatFile = "FORMAT"
	formatText = "murmuration box store 1\n"
)

// Store is a box.Store, and a Queue, a Lister and an Archive, on disk: one directory for each day,
// with a Badger and a key of its own. Requests of all goroutines go to one committer, which turns
// what waits into one batch, fsyncs the batch's number outside Badger, and only then answers.
type Store struct {
	dir  string
	opts Options
	lock *durable.Lock

	room     box.Room      // what the committer found last
	requests chan *request // to the committer; bounded, senders wait
	done     chan struct{} // closed when it has ended

	mu     sync.RWMutex // readers use days; the writer adds and removes them
	days   map[box.Day]*dayDB
	floor  box.Day // days before it are refused
	closed bool

	publishing sync.Mutex // one bulletin at a time; guards published
	published  published

	closing sync.RWMutex // senders of requests hold it for reading; Close for writing
	ended   bool
}

// Create makes an empty store in dir, which must be empty or not there.
func Create(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("creating box store: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("creating box store: %w", err)
	}
	for _, e := range entries {
		if e.Name() != "lost+found" {
			return fmt.Errorf("creating box store %s: the directory is not empty\n  name an empty "+
				"directory, or open the store that is there", dir)
		}
	}
	return durable.WriteFile(filepath.Join(dir, formatFile), []byte(formatText), 0o600)
}

// Open opens a store that Create made, with all its days. It fails, and changes nothing that it
// cannot read, when dir is something else, when another process has it (*durable.Locked), when
// acknowledged boxes are missing (errLost), when a file is damaged, or when the disk is full.
func Open(dir string, opts Options) (*Store, error) {
	if err := checkFormat(dir); err != nil {
		return nil, err
	}
	lock, err := durable.Acquire(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("opening box store: %w", err)
	}
	s := &Store{
		dir: dir, opts: opts.withDefaults(), lock: lock,
		requests: make(chan *request, gather.Most), done: make(chan struct{}),
		days: make(map[box.Day]*dayDB),
	}
	if err := s.openWithRoom(); err != nil {
		return nil, errors.Join(err, s.closeDays(), lock.Close())
	}
	go s.commitAll() // ends when Close closes requests
	return s, nil
}

func checkFormat(dir string) error {
	text, err := durable.ReadFile(filepath.Join(dir, formatFile), 1024)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("opening box store %s: %w: it has no %s file\n  name the directory that "+
			"init made, or make a new one with init", dir, durable.ErrForeign, formatFile)
	case err != nil:
		return fmt.Errorf("opening box store: %w", err)
	case string(text) != formatText:
		return fmt.Errorf("opening box store %s: %w: its %s file names another format\n  use the "+
			"version of murmur that made it", dir, durable.ErrForeign, formatFile)
	}
	return nil
}

// openDays finishes what a crash interrupted and opens every day.
func (s *Store) openDays() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("opening box store: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(s.dir, e.Name())
		name, isDay := strings.CutPrefix(e.Name(), "day-")
		switch {
		case !isDay:
			continue
		case strings.HasSuffix(name, freshSuffix): // nothing was ever written to it
			err = os.RemoveAll(path)
		case strings.HasSuffix(name, deadSuffix):
			err = destroyDay(path)
		default:
			err = s.openDay(name)
		}
		if err != nil {
			return err
		}
	}
	if s.published, err = s.newest(); err != nil {
		return err
	}
	return s.loadUnlisted()
}

func (s *Store) openDay(number string) error {
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || filepath.Join(s.dir, "day-"+number) != dayDir(s.dir, box.Day(n)) {
		return fmt.Errorf("opening box store %s: %w: day-%s\n  move it away", s.dir,
			durable.ErrForeign, number)
	}
	d, err := openDay(s.dir, box.Day(n), s.opts)
	if err == nil {
		s.days[box.Day(n)] = d
	}
	return err
}

// Read implements box.Store.
func (s *Store) Read(day box.Day, id box.ID) (box.Box, box.Status, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return box.Box{}, 0, box.ErrClosed
	}
	return s.read(day, id)
}

// read is Read for a caller that holds mu.
func (s *Store) read(day box.Day, id box.ID) (box.Box, box.Status, error) {
	d := s.days[day]
	if d == nil {
		return box.Box{}, box.StatusNotFound, nil
	}
	b, err := d.read(id)
	if err != nil {
		return box.Box{}, 0, err
	}
	if b == nil {
		return box.Box{}, box.StatusNotFound, nil
	}
	return *b, b.Status(), nil
}

// sorted returns the days in order. The caller holds mu.
func (s *Store) sorted() (days []*dayDB) {
	for _, day := range slices.Sorted(maps.Keys(s.days)) {
		days = append(days, s.days[day])
	}
	return days
}

// Write implements box.Store.
func (s *Store) Write(day box.Day, b box.Box, pay box.Token,
	replicas ...box.Holder) (box.Outcome, error) {
	return s.ask(day, &put{box: b, pay: pay, replicas: replicas})
}

// Merge implements box.Store.
func (s *Store) Merge(day box.Day, b box.Box) (box.Outcome, error) {
	return s.ask(day, &put{box: b, merge: true})
}

// ask hands a change to the committer and waits for its answer.
func (s *Store) ask(day box.Day, c change) (box.Outcome, error) {
	r := &request{day: day, change: c, answer: make(chan struct{})}
	s.mu.RLock()
	d := s.days[day]
	s.mu.RUnlock()
	if d != nil {
		c.seal(d)
	}
	s.closing.RLock()
	if s.ended {
		s.closing.RUnlock()
		return box.Outcome{}, box.ErrClosed
	}
	s.requests <- r
	s.closing.RUnlock()
	<-r.answer
	return r.outcome, r.err
}

// Drop implements box.Store.
func (s *Store) Drop(before box.Day) error {
	dead, err := s.detach(before)
	for _, d := range dead {
		if e := destroyDay(d.dir); e != nil {
			err = errors.Join(err, fmt.Errorf("destroying day %d of the box store: %w", d.day, e))
		}
	}
	return err
}

// detach closes the days before this one and takes them out of the store.
func (s *Store) detach(before box.Day) (dead []*dayDB, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, box.ErrClosed
	}
	s.floor = max(s.floor, before)
	for day, d := range s.days {
		if day < s.floor {
			err = errors.Join(err, d.close())
			delete(s.days, day)
			dead = append(dead, d)
		}
	}
	return dead, err
}

// Close lets what waits be committed and answered, then closes the files. A second Close does
// nothing.
func (s *Store) Close() error {
	s.closing.Lock()
	if s.ended {
		s.closing.Unlock()
		return nil
	}
	s.ended = true
	close(s.requests)
	s.closing.Unlock()
	<-s.done
	return errors.Join(s.closeDays(), s.lock.Close())
}

func (s *Store) closeDays() (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, d := range s.days {
		err = errors.Join(err, d.close())
	}
	return err
}
