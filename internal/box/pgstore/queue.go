package pgstore

import (
	"errors"
	"fmt"
	"slices"

	"murmuration/internal/box"
	"murmuration/internal/box/dayform"
)

// Pending implements box.Queue. What a shard has that is away is passed over until it is there.
func (s *Store) Pending(peer box.Holder, after box.Queued, n int) ([]box.Queued, error) {
	var found []box.Queued
	for _, d := range s.sorted(after.Day) {
		if len(found) >= n {
			break
		}
		var from box.Place
		if d.number == after.Day {
			from = after.At
		}
		var more []box.Queued
		for _, number := range d.shards {
			part, err := s.pending(s.numbered(number), d, peer, from, n-len(found))
			if err != nil && !errors.Is(err, box.ErrAway) {
				return nil, err
			}
			more = append(more, part...)
		}
		slices.SortFunc(more, func(a, b box.Queued) int { return comparePlaces(a.At, b.At) })
		found = append(found, more[:min(len(more), n-len(found))]...)
	}
	return found, s.alive()
}

// pending are the oldest n entries of a shard and day that come after a place.
func (s *Store) pending(sh *shard, d *day, peer box.Holder, after box.Place,
	n int) (found []box.Queued, err error) {
	if !sh.holds(d) {
		return nil, nil
	}
	prefix := d.form.QueueKey(peer)
	q := &query{sql: fmt.Sprintf(`SELECT q.k, q.v, b.v FROM %[1]s.queue q
		JOIN %[1]s.box b ON b.k = '\x62'::bytea || q.v
		WHERE q.k > $1::bytea AND q.k <= $2::bytea ORDER BY q.k LIMIT $3::bigint`, d.schema())}
	end := box.Place{Commit: 1<<64 - 1, Index: 1<<32 - 1}
	last := dayform.AppendPlace(slices.Clone(prefix), end)
	from := dayform.AppendPlace(slices.Clone(prefix), after)
	for len(found) < n {
		q.most = min(n-len(found), page)
		q.args = [][]byte{from, last, bigint(uint64(q.most))}
		if err := s.query(sh, q); err != nil {
			return nil, err
		}
		for _, row := range q.rows {
			if len(row) != 3 || len(row[0]) != len(from) || len(row[1]) != dayform.NameSize {
				return nil, errWire
			}
			from = row[0]
			b, err := d.form.OpenBox(row[2], row[1])
			if err != nil { // one bad box must not keep the others from their holders
				sh.complain("a box that waits for another holder is passed over", d)
				continue
			}
			found = append(found, box.Queued{Day: d.number, Box: *b,
				At: dayform.ParsePlace(row[0][len(prefix):])})
		}
		if len(q.rows) < q.most {
			break
		}
	}
	return found, nil
}

// done is that another holder has boxes, as a change: their entries in the queue go.
type done struct{ entries [][]byte }

func (done) keys() [][]byte { return nil }

func (p done) settle(b *batch, r *request) {
	if b.room == box.NoRoom {
		r.outcome.Status = box.StatusFull
		return
	}
	r.outcome.Status = box.StatusStored
	for _, key := range p.entries {
		b.remove(r.day, key)
	}
}

// Done implements box.Queue. Entries of a shard that is away stay, and the peer says the same
// again.
func (s *Store) Done(peer box.Holder, entries ...box.Queued) error {
	if err := s.alive(); err != nil {
		return err
	}
	parts := make(map[part][][]byte)
	for _, e := range entries {
		d, number := s.day(e.Day), uint8(e.At.Index)
		if d == nil || !slices.Contains(d.shards, number) {
			continue
		}
		p := part{s.numbered(number), d}
		if p.shard.holds(d) {
			parts[p] = append(parts[p], dayform.AppendPlace(d.form.QueueKey(peer), e.At))
		}
	}
	var errs []error
	for p, keys := range parts {
		if _, err := s.ask(p.shard, p.day, done{keys}); !errors.Is(err, box.ErrAway) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
