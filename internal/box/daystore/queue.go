package daystore

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"murmuration/internal/box"
	"murmuration/internal/box/dayform"
)

// Pending implements box.Queue.
func (s *Store) Pending(peer box.Holder, after box.Queued, n int) ([]box.Queued, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, box.ErrClosed
	}
	var found []box.Queued
	for _, day := range slices.Sorted(maps.Keys(s.days)) {
		if len(found) >= n {
			break
		}
		if day < after.Day {
			continue
		}
		var from box.Place
		if day == after.Day {
			from = after.At
		}
		more, err := s.days[day].pending(peer, from, n-len(found))
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// Done implements box.Queue.
func (s *Store) Done(peer box.Holder, entries ...box.Queued) error {
	var errs []error
	for _, e := range entries {
		_, err := s.ask(e.Day, done{peer, e.At})
		if !errors.Is(err, box.ErrExpired) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// pending returns the oldest n entries for the peer that come after a place.
func (d *dayDB) pending(peer box.Holder, after box.Place, n int) (found []box.Queued, err error) {
	prefix := d.form.QueueKey(peer)
	err = d.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
		defer it.Close()
		after.Index++ // the first that may come
		for it.Seek(dayform.AppendPlace(prefix, after)); it.Valid() && len(found) < n; it.Next() {
			e, err := d.entry(txn, it.Item(), len(prefix))
			// one bad box must not keep the others from their holders
			if errors.Is(err, errDamaged) {
				d.complain("a box that waits for another holder is passed over", err)
				continue
			}
			if err != nil {
				return err
			}
			found = append(found, e)
		}
		return nil
	})
	return found, err
}

// entry is one entry of a queue, whose key begins with so many bytes for the peer.
func (d *dayDB) entry(txn *badger.Txn, item *badger.Item, prefix int) (box.Queued, error) {
	at := item.Key()[prefix:]
	name, err := item.ValueCopy(nil)
	if err != nil {
		return box.Queued{}, fmt.Errorf("reading the queue of day %d: %w", d.day, err)
	}
	b, err := d.load(txn, name)
	if err != nil {
		return box.Queued{}, err
	}
	if b == nil || len(at) != dayform.PlaceSize {
		return box.Queued{}, fmt.Errorf("reading the queue of day %d: %w", d.day, errDamaged)
	}
	return box.Queued{Day: d.day, Box: *b, At: dayform.ParsePlace(at)}, nil
}
