// Package pgstore is the store of a provider that has outgrown one machine: boxes spread over
// PostgreSQL databases, the shards, by rendezvous hash, each day a schema of its own that is
// dropped whole. It acknowledges nothing before the databases have committed it, and a shard that
// is away is a passing thing: what belongs there is refused, and the rest goes on.
//
// It must not judge what it keeps: signatures and the calendar are the caller's, and what becomes
// of a box where another one stands is box.Arrival's. It must not tell a database what it keeps
// either: names are HMACs and values are sealed (package dayform) under keys that no database has.
package pgstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"murmuration/internal/box"
)

// Options of a Store.
type Options struct {
	// Shards are the addresses of the databases, as libpq takes them: a URL or words. With several
	// hosts in one, it is the one that takes writes. At most 64, in any order.
	Shards []string

	// KeyFile has the secret that names and seals are made with; Create makes it. Without it what
	// is in the databases is noise.
	KeyFile string

	// Limit is how large a database may become, in bytes: above it data is refused with StatusFull,
	// above five quarters of it everything. Zero is no limit but the server's own disk.
	Limit uint64

	// Patience is how long a database may take for an answer before it counts as away. Zero is
	// 10 s: a commit waits for the standbys, and a failover of them takes some seconds.
	Patience time.Duration

	// Logger takes what an operator acts on; nil discards.
	Logger *slog.Logger

	noSync bool          // the control of the durability tests: the databases may forget
	size   func() uint64 // of a database, asked for before each batch; tests make it large
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Patience == 0 {
		o.Patience = 10 * time.Second
	}
	return o
}

// Store is a box.Store, and a Queue, a Lister and an Archive, on PostgreSQL. Every shard has one
// committer, the only one that writes to it, which turns what waits into one transaction, and
// readers of its own.
type Store struct {
	opts   Options
	secret secret
	run    [16]byte // of this process: who else writes it into a database has taken it over
	shards []*shard
	clock  atomic.Uint64 // number of the newest commit of all shards

	mu    sync.RWMutex // guards days and floor
	days  map[box.Day]*day
	floor box.Day // days before it are refused

	publishing sync.Mutex // one bulletin at a time; guards doubts
	doubts     []doubt
	bulletins  bulletins
	paying     locks // tokens that are being spent on a box of another shard

	closing sync.RWMutex // senders of requests hold it for reading; Close for writing
	ended   bool
	stop    context.CancelFunc // ends what waits for a database
	group   sync.WaitGroup     // committers and readers
}

// Open opens the store whose databases Create made. All of them must be there: which slot was
// published last must be known before another is. It refuses databases of another version or
// provider, that somebody uses, or that do not keep what they acknowledge.
func Open(ctx context.Context, opts Options) (*Store, error) {
	key, err := readSecret(opts.KeyFile)
	if err != nil {
		return nil, err
	}
	addresses, err := parseAddresses(opts.Shards)
	if err != nil {
		return nil, err
	}
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Store{opts: opts.withDefaults(), secret: key, days: make(map[box.Day]*day), stop: stop,
		bulletins: bulletins{index: make(map[box.Slot]where)}}
	rand.Read(s.run[:])
	if err := s.open(ctx, addresses); err != nil {
		for _, sh := range s.shards {
			sh.conn.close()
		}
		stop()
		return nil, fmt.Errorf("opening the box store: %w", err)
	}
	for _, sh := range s.shards {
		s.group.Go(func() { sh.commitAll(life) }) // ends when Close closes its requests
		for range readers {
			s.group.Go(func() { sh.readAll(life) }) // likewise
		}
	}
	return s, nil
}

// open connects to the shards, and takes over what they have.
func (s *Store) open(ctx context.Context, addresses []address) error {
	for _, a := range addresses {
		s.shards = append(s.shards, newShard(s, a))
	}
	var rows []shardRow
	for _, sh := range s.shards {
		row, err := sh.dial(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", sh.name, err)
		}
		rows = append(rows, row)
	}
	if err := s.arrange(rows); err != nil {
		return err
	}
	for i, sh := range s.shards {
		if err := sh.claim(ctx, rows[i]); err != nil {
			return fmt.Errorf("%s: %w", sh.name, err)
		}
	}
	if err := s.loadBulletins(ctx); err != nil {
		return err
	}
	return s.sweepListed(ctx)
}

// Read implements box.Store.
func (s *Store) Read(day box.Day, id box.ID) (box.Box, box.Status, error) {
	d := s.day(day)
	if d == nil {
		return box.Box{}, box.StatusNotFound, s.alive()
	}
	name := d.form.Name(id[:])
	b, err := s.load(d, name)
	switch {
	case err != nil:
		return box.Box{}, 0, err
	case b == nil:
		return box.Box{}, box.StatusNotFound, nil
	}
	return *b, b.Status(), nil
}

// Write implements box.Store. A shard that is away refuses with StatusFull: the writer goes to the
// other holder, and a replica comes again. When a database does not say whether it has committed,
// that is an error.
func (s *Store) Write(day box.Day, b box.Box, pay box.Token,
	replicas ...box.Holder) (box.Outcome, error) {
	d, err := s.dayFor(day)
	if err != nil {
		return box.Outcome{}, err
	}
	p := d.put(b, false, replicas)
	if pay == (box.Token{}) || b.Tombstone() {
		return fullIfAway(s.ask(s.at(d, p.name), d, p))
	}
	key := d.form.TokenKey(pay)
	if there := s.at(d, key[1:]); there != s.at(d, p.name) {
		return fullIfAway(s.writePaid(d, p, there, key))
	}
	p.paid = key
	return fullIfAway(s.ask(s.at(d, p.name), d, p))
}

// Merge implements box.Store.
func (s *Store) Merge(day box.Day, b box.Box) (box.Outcome, error) {
	d, err := s.dayFor(day)
	if err != nil {
		return box.Outcome{}, err
	}
	p := d.put(b, true, nil)
	return fullIfAway(s.ask(s.at(d, p.name), d, p))
}

// fullIfAway is what to say when nothing was begun.
func fullIfAway(o box.Outcome, err error) (box.Outcome, error) {
	if errors.Is(err, box.ErrAway) {
		return box.Outcome{Status: box.StatusFull}, nil
	}
	return o, err
}

// ask hands a change to the committer of a shard and waits for its answer.
func (s *Store) ask(sh *shard, d *day, c change) (box.Outcome, error) {
	r := &request{day: d, change: c, answer: make(chan struct{})}
	s.closing.RLock()
	if s.ended {
		s.closing.RUnlock()
		return box.Outcome{}, box.ErrClosed
	}
	sh.requests <- r
	s.closing.RUnlock()
	<-r.answer
	return r.outcome, r.err
}

// alive is ErrClosed after Close.
func (s *Store) alive() error {
	s.closing.RLock()
	defer s.closing.RUnlock()
	if s.ended {
		return box.ErrClosed
	}
	return nil
}

// Away is how many of the shards are away.
func (s *Store) Away() (n int) {
	for _, sh := range s.shards {
		if sh.away.Load() {
			n++
		}
	}
	return n
}

// Close lets what waits be committed and answered, then closes the connections. A second Close does
// nothing.
func (s *Store) Close() error {
	s.closing.Lock()
	if s.ended {
		s.closing.Unlock()
		return nil
	}
	s.ended = true
	for _, sh := range s.shards {
		close(sh.requests)
		close(sh.asked)
	}
	s.closing.Unlock()
	s.group.Wait()
	s.stop()
	return nil
}
