package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"murmuration/internal/backoff"
	"murmuration/internal/box"
	"murmuration/internal/box/gather"
)

const (
	// lookEvery is how often a database is asked how large it is.
	lookEvery = 10 * time.Second

	firstWait = 100 * time.Millisecond // before a database that is away is dialled again
	lastWait  = 10 * time.Second       // and when it stays away
)

// request is one change on its way through a committer.
type request struct {
	day    *day
	change change

	outcome box.Outcome
	err     error
	answer  chan struct{} // closed by the committer when outcome and err stand
}

// change is what somebody asks a committer for.
type change interface {
	// keys are those that must be known to settle it.
	keys() [][]byte

	// settle adds to the batch what the change comes to, and says so in outcome and err of its
	// request. It may be called again, with another batch.
	settle(b *batch, r *request)
}

// commitAll is the committer of a shard. It ends when its requests are closed.
func (sh *shard) commitAll(life context.Context) {
	defer func() { sh.conn.close() }()
	for {
		if sh.conn == nil && !sh.reconnect(life) {
			return
		}
		all := gather.Waiting(sh.requests)
		if len(all) == 0 {
			first, ok := <-sh.requests
			if !ok {
				return
			}
			all = append(gather.Waiting(sh.requests), first)
		}
		err := sh.commitTwice(life, all)
		for _, r := range all {
			if err != nil && r.err == nil {
				r.err = fmt.Errorf("writing to %s: %w", sh.name, err)
			}
			close(r.answer)
		}
		if err != nil && sh.conn != nil {
			sh.lose(err)
		}
	}
}

// commitTwice commits a batch, on another connection if this one turns out to be dead before
// anything was begun: a server may have been there again for hours.
func (sh *shard) commitTwice(life context.Context, batch []*request) error {
	err := sh.commitBatch(life, batch)
	if !errors.Is(err, box.ErrAway) {
		return err
	}
	sh.lose(err)
	soon, cancel := context.WithTimeout(life, time.Second)
	defer cancel()
	if sh.connect(soon, 0) != nil {
		return err
	}
	sh.store.opts.Logger.Info("a database is there again", "database", sh.name)
	return sh.commitBatch(life, batch)
}

// lose gives the connection up.
func (sh *shard) lose(err error) {
	sh.away.Store(true)
	sh.conn.close()
	sh.conn = nil
	sh.store.opts.Logger.Error("a database is away: boxes that belong there are refused",
		"database", sh.name, "error", err)
}

// reconnect dials until the database is there again, and refuses meanwhile. It is false when the
// requests are closed.
func (sh *shard) reconnect(life context.Context) bool {
	life, cancel := context.WithCancel(life)
	defer cancel()
	wait, said := backoff.New(firstWait, lastWait, nil), ""
	found := make(chan error, 1)
	go func() { found <- sh.connect(life, 0) }() // ends with its patience, or with life
	for {
		select {
		case r, ok := <-sh.requests:
			if !ok {
				cancel()
				<-found
				return false
			}
			r.err = fmt.Errorf("%w: %s", box.ErrAway, sh.name)
			close(r.answer)
		case err := <-found:
			if err == nil {
				sh.store.opts.Logger.Info("a database is there again", "database", sh.name)
				return true
			}
			if text := err.Error(); text != said {
				said = text
				sh.store.opts.Logger.Warn("a database cannot be had yet", "database", sh.name,
					"error", err)
			}
			next := wait.Next()
			go func() { found <- sh.connect(life, next) }() // likewise
		}
	}
}

// connect makes the committer's connection anew, after a while.
func (sh *shard) connect(life context.Context, after time.Duration) error {
	if err := pause(life, after); err != nil {
		return err
	}
	row, err := sh.dial(life)
	if err != nil {
		return err
	}
	if err := sh.claim(life, row); err != nil {
		sh.conn.close()
		sh.conn = nil
		return err
	}
	return nil
}

// commitBatch settles the requests and commits what they change. An error is the connection's, and
// nothing may be said on it any more; box.ErrAway is that of one where nothing was begun.
func (sh *shard) commitBatch(ctx context.Context, requests []*request) error {
	if err := sh.look(ctx); err != nil {
		return fmt.Errorf("%w: %w", box.ErrAway, err)
	}
	for again := false; ; again = true {
		b, err := sh.read(ctx, requests)
		if err != nil {
			return fmt.Errorf("%w: %w", box.ErrAway, err)
		}
		for _, r := range requests {
			r.outcome, r.err = box.Outcome{}, nil
			r.change.settle(b, r)
		}
		err = sh.flush(ctx, b)
		if said(err, diskFull) && !again {
			sh.room, sh.looked = box.NoRoom, time.Now()
			sh.store.opts.Logger.Error("the disk of a database is full: nothing is written there",
				"database", sh.name)
			if err := sh.conn.exec(ctx, "ROLLBACK"); err != nil {
				return err
			}
			continue
		}
		return err
	}
}

// look finds out what may be written, and says when that has changed.
func (sh *shard) look(ctx context.Context) error {
	opts := sh.store.opts
	if opts.size == nil && time.Since(sh.looked) < lookEvery {
		return nil
	}
	sh.looked = time.Now()
	now, size := box.Plenty, uint64(0)
	if opts.Limit > 0 {
		q := &query{sql: `SELECT pg_database_size(current_database())`, most: 1}
		if err := sh.conn.run(ctx, q); err != nil {
			return err
		}
		row, err := q.one(1)
		if err == nil {
			size, err = parseBigint(row[0])
		}
		if err != nil {
			return err
		}
		if opts.size != nil {
			size = opts.size()
		}
		switch {
		case size > opts.Limit+opts.Limit/4:
			now = box.NoRoom
		case size > opts.Limit:
			now = box.Scarce
		}
	}
	if now != sh.room {
		sh.room = now
		opts.Logger.Warn("what may be written to a database has changed: "+
			[]string{"everything", "deletions only", "nothing"}[now], "database", sh.name,
			"mib", size>>20, "limit_mib", opts.Limit>>20)
	}
	return nil
}

// read begins a batch with what the database holds under the keys of the changes.
func (sh *shard) read(ctx context.Context, requests []*request) (*batch, error) {
	b := &batch{shard: sh, number: sh.store.clock.Add(1), room: sh.room,
		sheets: make(map[*day]*sheet)}
	wanted := make(map[*day][][]byte)
	for _, r := range requests {
		if b.sheets[r.day] == nil {
			b.sheets[r.day] = &sheet{have: make(map[string][]byte), set: make(map[string][]byte)}
		}
		wanted[r.day] = append(wanted[r.day], r.change.keys()...)
	}
	var queries []*query
	var of []*sheet
	for d, keys := range wanted {
		if !sh.holds(d) {
			continue
		}
		for table, keys := range byTable(d, keys) {
			queries = append(queries, getAll(table, keys))
			of = append(of, b.sheets[d])
		}
	}
	if len(queries) == 0 {
		return b, nil
	}
	if err := sh.conn.run(ctx, queries...); err != nil {
		return nil, err
	}
	for i, q := range queries {
		if err := q.into(of[i].have); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// flush commits a batch, in one transaction with its number, which no other process can have
// written.
func (sh *shard) flush(ctx context.Context, b *batch) error {
	if b.changes == 0 {
		return nil
	}
	queries := []*query{{sql: "BEGIN"}, {sql: fence, args: [][]byte{sh.store.run[:],
		bigint(sh.commit), bigint(b.number)}, most: 1}}
	for d, s := range b.sheets {
		if len(s.set) == 0 {
			continue
		}
		if !sh.holds(d) {
			queries = append(queries, d.create()...)
		}
		queries = append(queries, s.queries(d)...)
	}
	last := &query{sql: "COMMIT"}
	sh.conn.warning = ""
	if err := sh.conn.run(ctx, append(queries, last)...); err != nil {
		if said(err, fenced) {
			return errTaken
		}
		return err
	}
	if last.tag != "COMMIT" || sh.conn.warning != "" {
		return errors.Join(errDoubt, errors.New(sh.conn.warning))
	}
	sh.commit = b.number
	sh.apply(b)
	return nil
}

// fence writes the number of a commit, and fails if another process has written since.
const fence = `WITH mine AS (UPDATE murmur.shard SET commit = $3::bigint
	WHERE run = $1::bytea AND commit = $2::bigint RETURNING 1) SELECT 1 / count(*) FROM mine`
