package pgstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"murmuration/internal/backoff"
	"murmuration/internal/box"
	"murmuration/internal/box/dayform"
	"murmuration/internal/box/gather"
)

// shard is one of the databases.
type shard struct {
	store    *Store
	address  address
	name     string        // for people
	number   uint8         // which of the shards it is; the database says so
	requests chan *request // to the committer; bounded, senders wait
	asked    chan *read    // to the readers; likewise

	// The committer's.
	conn    *conn
	commit  uint64 // newest that was acknowledged
	claimed bool
	room    box.Room
	looked  time.Time // when it was asked how large it is

	away atomic.Bool   // no committer is connected
	life atomic.Uint64 // counts its connections: readers of an older one may ask a dead primary

	mu    sync.Mutex // guards what follows
	has   map[box.Day]bool
	lists map[box.Day]map[string]waiting
	owed  map[box.Day][][]byte           // what is listed, and stays on the database's list
	held  map[box.Day]map[string]waiting // listed by a bulletin that may be there, or not

	damaged sync.Map // what was said of damage: queues are read many times a second
}

// complain says that something is damaged, once.
func (sh *shard) complain(what string, d *day) {
	if _, said := sh.damaged.LoadOrStore(what, true); !said {
		sh.store.opts.Logger.Error(what, "database", sh.name, "day", d.number, "error",
			dayform.ErrDamaged)
	}
}

func newShard(s *Store, a address) *shard {
	return &shard{store: s, address: a, name: a.name,
		requests: make(chan *request, gather.Most), asked: make(chan *read, gather.Most),
		has: make(map[box.Day]bool), lists: make(map[box.Day]map[string]waiting),
		owed: make(map[box.Day][][]byte), held: make(map[box.Day]map[string]waiting)}
}

// Errors of taking a database over.
var (
	errInUse = errors.New("another process uses it: a second provider with the same databases\n" +
		"  stop the other one")
	errLost = errors.New("acknowledged boxes are missing: it went back to a state of before\n" +
		"  a standby without synchronous_standby_names was promoted, or a backup put back; to go " +
		"on without them, start the provider again")
	errAnother = errors.New("another database answers at its address")
	errTaken   = errors.New("another process wrote to it meanwhile\n  a second provider has the " +
		"same databases: stop one of them, and start the other again")
)

// lockKey is the advisory lock of whoever writes to a database: "murmur" in ASCII.
const lockKey = 0x6d75726d7572

// dial connects the committer, alone: it holds the lock as long as its connection lives.
func (sh *shard) dial(ctx context.Context) (row shardRow, err error) {
	opts := sh.store.opts
	c, err := dial(ctx, sh.address, opts.Patience, opts.noSync)
	if err != nil {
		c.close()
		return row, err
	}
	log := opts.Logger
	if sh.claimed {
		log = nil // it was said at the start
	}
	if !opts.noSync {
		err = checkServer(ctx, c, log)
	}
	if err == nil {
		row, err = readShard(ctx, c, sh.store.secret)
	}
	if err == nil {
		err = sh.lock(ctx, c, row)
	}
	if err == nil && sh.claimed && row.number != uint64(sh.number) {
		err = errAnother
	}
	if err != nil {
		c.close()
		return row, err
	}
	sh.conn, sh.number = c, uint8(row.number)
	return row, nil
}

// checkServer refuses a database that would forget what it has acknowledged.
func checkServer(ctx context.Context, c *conn, log *slog.Logger) error {
	q := &query{sql: `SELECT current_setting('fsync'), current_setting('synchronous_commit'),
		current_setting('synchronous_standby_names'), current_setting('full_page_writes')`, most: 1}
	if err := c.run(ctx, q); err != nil {
		return err
	}
	row, err := q.one(4)
	if err != nil {
		return err
	}
	if fsync := text(row[0]); fsync != "on" {
		return fmt.Errorf("fsync is %s: a power cut would take what was acknowledged\n  set "+
			"fsync = on in its configuration", fsync)
	}
	if commit := text(row[1]); commit != "on" && commit != "remote_apply" {
		return fmt.Errorf("synchronous_commit is %s: what was acknowledged could be lost\n  set "+
			"it to on, or to remote_apply", commit)
	}
	if log != nil && len(row[2]) == 0 {
		log.Warn("a database has no synchronous standby: what it acknowledges is on one machine",
			"database", c.pg.Conn().RemoteAddr().String())
	}
	if log != nil && text(row[3]) != "on" {
		log.Warn("full_page_writes is off: a power cut may damage a database, unless its file " +
			"system writes pages whole")
	}
	return nil
}

// lock takes the database for this process. A lock that an older connection of it still holds,
// which the server does not know to be dead, is taken from it; that of a process that just died is
// waited for.
func (sh *shard) lock(ctx context.Context, c *conn, row shardRow) error {
	wait := backoff.New(50*time.Millisecond, time.Second, nil)
	for waited := time.Duration(0); ; {
		q := &query{sql: `SELECT pg_try_advisory_lock($1::bigint)`, args: [][]byte{bigint(lockKey)},
			most: 1}
		if err := c.run(ctx, q); err != nil {
			return err
		}
		got, err := q.one(1)
		if err != nil || bytes.Equal(got[0], []byte{1}) {
			return err
		}
		if waited > 3*time.Second {
			return errInUse
		}
		if bytes.Equal(row.run, sh.store.run[:]) {
			if err := c.run(ctx, &query{sql: takeLock, args: [][]byte{bigint(lockKey >> 32),
				bigint(lockKey & (1<<32 - 1))}, most: 64}); err != nil {
				return err
			}
		}
		next := wait.Next()
		waited += next
		if err := pause(ctx, next); err != nil {
			return err
		}
	}
}

// takeLock ends the connections that hold the lock.
const takeLock = `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'
	AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
	AND classid::bigint = $1::bigint AND objid::bigint = $2::bigint AND pid <> pg_backend_pid()`

// pause waits, or fails with ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// claim writes this process's name into the database, which also waits until the standby has all
// that was committed before, and takes over what it has.
func (sh *shard) claim(ctx context.Context, row shardRow) error {
	if row.commit < sh.commit {
		return fmt.Errorf("%w (commit %d was acknowledged, its newest is %d)", errLost, sh.commit,
			row.commit)
	}
	if sh.claimed && !bytes.Equal(row.run, sh.store.run[:]) {
		return errTaken
	}
	sh.conn.warning = ""
	err := sh.conn.exec(ctx, `UPDATE murmur.shard SET run = $1::bytea`, sh.store.run[:])
	if err == nil && sh.conn.warning != "" {
		err = fmt.Errorf("%w: %s", errDoubt, sh.conn.warning)
	}
	if err == nil {
		err = sh.takeDays(ctx, row.days)
	}
	if err != nil {
		return err
	}
	sh.commit, sh.claimed = row.commit, true
	for now := sh.store.clock.Load(); now < sh.commit; now = sh.store.clock.Load() {
		sh.store.clock.CompareAndSwap(now, sh.commit)
	}
	sh.life.Add(1)
	sh.away.Store(false)
	return nil
}

// takeDays notes which days the database has, and reads what they are to list.
func (sh *shard) takeDays(ctx context.Context, rows []dayRow) error {
	sh.mu.Lock()
	clear(sh.has)
	for _, r := range rows {
		sh.has[r.number] = true
	}
	sh.mu.Unlock()
	for _, d := range sh.store.sorted(0) {
		if !sh.holds(d) {
			continue
		}
		if err := sh.readUnlisted(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// holds says whether the database has a part of the day.
func (sh *shard) holds(d *day) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.has[d.number]
}

// sweep drops the days that are over, on a connection of its own: the files of a large day take a
// while to go, and nobody shall wait for it. What is refused now is tried again with the next Drop.
func (sh *shard) sweep(ctx context.Context, floor box.Day) error {
	old := sh.before(floor)
	if len(old) == 0 || sh.away.Load() {
		return nil
	}
	c, err := dial(ctx, sh.address, sh.store.opts.Patience, sh.store.opts.noSync)
	defer c.close()
	if err != nil {
		return err
	}
	c.patience = dropPatience
	for _, n := range old {
		err := c.run(ctx, &query{sql: "BEGIN"},
			&query{sql: "SELECT 1 / count(*) FROM murmur.shard WHERE run = $1::bytea",
				args: [][]byte{sh.store.run[:]}, most: 1},
			&query{sql: "DROP SCHEMA IF EXISTS " + schemaOf(n) + " CASCADE"},
			&query{sql: "DELETE FROM murmur.day WHERE day = $1::bigint",
				args: [][]byte{bigint(uint64(n))}},
			&query{sql: "COMMIT"})
		if err != nil {
			return fmt.Errorf("dropping day %d: %w", n, err)
		}
		sh.mu.Lock()
		delete(sh.has, n)
		sh.mu.Unlock()
	}
	return nil
}

// dropPatience is how long the files of a day may take to go.
const dropPatience = 10 * time.Minute

// before are the days of the database before one.
func (sh *shard) before(floor box.Day) (old []box.Day) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for n := range sh.has {
		if n < floor {
			old = append(old, n)
		}
	}
	return old
}

// forget drops what memory has of the days before one.
func (sh *shard) forget(before box.Day) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	maps.DeleteFunc(sh.lists, func(n box.Day, _ map[string]waiting) bool { return n < before })
	maps.DeleteFunc(sh.owed, func(n box.Day, _ [][]byte) bool { return n < before })
	maps.DeleteFunc(sh.held, func(n box.Day, _ map[string]waiting) bool { return n < before })
}
