package pgstore

import (
	"context"
	"fmt"
	"time"

	"murmuration/internal/backoff"
	"murmuration/internal/box"
	"murmuration/internal/box/dayform"
)

const (
	readers   = 2  // connections of a shard for reading
	mostReads = 64 // questions in one round trip
)

// read is a question to a shard: values of keys of one day, or else a query.
type read struct {
	day   *day
	keys  [][]byte
	query *query

	have   map[string][]byte // what the keys hold; what is not there is not in it
	err    error
	answer chan struct{} // closed by the reader when the above stands
}

// get asks a shard for what keys of a day hold.
func (s *Store) get(sh *shard, d *day, keys ...[]byte) (map[string][]byte, error) {
	if !sh.holds(d) {
		return nil, s.alive()
	}
	r := &read{day: d, keys: keys}
	err := s.question(sh, r)
	return r.have, err
}

// query asks a shard a query about a day that it has.
func (s *Store) query(sh *shard, q *query) error { return s.question(sh, &read{query: q}) }

func (s *Store) question(sh *shard, r *read) error {
	r.answer = make(chan struct{})
	s.closing.RLock()
	if s.ended {
		s.closing.RUnlock()
		return box.ErrClosed
	}
	sh.asked <- r
	s.closing.RUnlock()
	<-r.answer
	return r.err
}

// load returns the box of that name, or nil.
func (s *Store) load(d *day, name []byte) (*box.Box, error) {
	key := dayform.BoxKey(name)
	have, err := s.get(s.at(d, name), d, key)
	if err != nil || have[string(key)] == nil {
		return nil, err
	}
	b, err := d.form.OpenBox(have[string(key)], name)
	if err != nil {
		return nil, fmt.Errorf("reading a box of day %d: %w", d.number, err)
	}
	return b, nil
}

// reader is a connection that reads what is committed.
type reader struct {
	shard *shard
	conn  *conn
	life  uint64 // of the committer's connection when this one was made
	wait  *backoff.Backoff
	until time.Time // not dialled before
	why   error
}

// readAll answers questions, those that wait in one round trip. It ends when they are closed.
func (sh *shard) readAll(life context.Context) {
	r := &reader{shard: sh, wait: backoff.New(firstWait, lastWait, nil)}
	defer func() { r.conn.close() }()
	for first := range sh.asked {
		batch := append([]*read{first}, sh.alsoAsked()...)
		err := r.answer(life, batch)
		for _, q := range batch {
			if err != nil && q.err == nil {
				q.err = fmt.Errorf("%w: reading from %s: %w", box.ErrAway, sh.name, err)
			}
			close(q.answer)
		}
	}
}

func (sh *shard) alsoAsked() (batch []*read) {
	for len(batch) < mostReads {
		select {
		case q, ok := <-sh.asked:
			if !ok {
				return batch
			}
			batch = append(batch, q)
		default:
			return batch
		}
	}
	return batch
}

// answer asks the database. When it refuses one of several questions, about a day that has just
// been dropped, it asks them one by one.
func (r *reader) answer(ctx context.Context, batch []*read) error {
	old := r.conn
	if err := r.connect(ctx); err != nil {
		return err
	}
	err := r.fetch(ctx, batch)
	switch {
	case err == nil:
		return nil
	case !refused(err):
		r.conn.close()
		if r.conn = nil; old != nil { // it may have been dead for long
			return r.answer(ctx, batch)
		}
		return err
	case len(batch) > 1:
		for _, q := range batch {
			if q.err = r.answer(ctx, []*read{q}); q.err != nil && !refused(q.err) {
				return q.err
			}
		}
		return nil
	case said(err, noTable, noSchema):
		return nil // it is gone
	}
	return err
}

// connect dials if need be, at most as often as the backoff lets it.
func (r *reader) connect(ctx context.Context) (err error) {
	if r.conn != nil && r.life == r.shard.life.Load() {
		return nil
	}
	r.conn.close()
	r.conn = nil
	if time.Now().Before(r.until) {
		return r.why
	}
	opts := r.shard.store.opts
	r.life = r.shard.life.Load()
	if r.conn, r.why = dial(ctx, r.shard.address, opts.Patience, opts.noSync); r.why != nil {
		r.conn.close()
		r.conn = nil
		r.until = time.Now().Add(r.wait.Next())
		return r.why
	}
	r.wait.Reset()
	return nil
}

// fetch asks all questions at once; keys of one table are asked for together.
func (r *reader) fetch(ctx context.Context, batch []*read) error {
	wanted := make(map[string][][]byte)
	var queries []*query
	for _, q := range batch {
		if q.query != nil {
			queries = append(queries, q.query)
			continue
		}
		for table, keys := range byTable(q.day, q.keys) {
			wanted[table] = append(wanted[table], keys...)
		}
	}
	found := make(map[string]*query)
	for table, keys := range wanted {
		found[table] = getAll(table, keys)
		queries = append(queries, found[table])
	}
	if err := r.conn.run(ctx, queries...); err != nil {
		return err
	}
	have := make(map[string]map[string][]byte)
	for table, q := range found {
		have[table] = make(map[string][]byte)
		if err := q.into(have[table]); err != nil {
			return err
		}
	}
	for _, q := range batch {
		q.have = make(map[string][]byte)
		for _, k := range q.keys {
			if v := have[q.day.tableOf(k)][string(k)]; v != nil {
				q.have[string(k)] = v
			}
		}
	}
	return nil
}

// getAll asks a table for the values of keys.
func getAll(table string, keys [][]byte) *query {
	return &query{sql: "SELECT k, v FROM " + table + " WHERE k = ANY($1::bytea[])",
		args: [][]byte{array(keys)}, most: len(keys)}
}

// into sorts the rows of getAll by their keys.
func (q *query) into(have map[string][]byte) error {
	for _, row := range q.rows {
		if len(row) != 2 || row[0] == nil || row[1] == nil {
			return errWire
		}
		have[string(row[0])] = row[1]
	}
	return nil
}
