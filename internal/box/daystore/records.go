package daystore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"murmuration/internal/box"
	"murmuration/internal/box/dayform"
)

// keep is a record that comes, as a change.
type keep struct {
	id     box.RecordKey
	raw    []byte
	key    []byte
	sealed []byte // nil until seal
}

func (k *keep) recycle() {}

func (k *keep) seal(d *dayDB) {
	if k.sealed == nil {
		k.key = d.form.RecordKey(k.id)
		k.sealed = d.form.SealRecord(k.id, k.raw, k.key)
	}
}

func (k *keep) settle(b *batch, r *request) {
	old := b.records[string(k.key)]
	if old == nil {
		_, old, r.err = b.day.record(b.reads, k.key)
	}
	switch {
	case r.err != nil:
	case old != nil && !bytes.Equal(old, k.raw):
		r.err = box.ErrKept
	case old != nil:
		r.outcome.Status = box.StatusStored
	case b.room != box.Plenty:
		r.outcome.Status = box.StatusFull
	default:
		r.outcome.Status = box.StatusStored
		b.records[string(k.key)] = k.raw
		b.set(k.key, k.sealed)
	}
}

// record returns the record under a key, with its maker; nil if there is none.
func (d *dayDB) record(txn *badger.Txn, key []byte) (maker box.Holder, raw []byte, err error) {
	v, err := get(txn, key)
	if err != nil || v == nil {
		return maker, nil, err
	}
	return d.openRecord(v, key)
}

func (d *dayDB) openRecord(v, key []byte) (maker box.Holder, raw []byte, err error) {
	if maker, raw, err = d.form.OpenRecord(v, key); err != nil {
		return maker, nil, fmt.Errorf("reading a record of day %d: %w", d.day, err)
	}
	return maker, raw, nil
}

// Keep implements box.Archive.
func (s *Store) Keep(day box.Day, k box.RecordKey, raw []byte) error {
	if err := box.CheckRecord(raw); err != nil {
		return err
	}
	o, err := s.ask(day, &keep{id: k, raw: raw})
	if err == nil && o.Status == box.StatusFull {
		return box.ErrNoRoom
	}
	return err
}

// Kept implements box.Archive.
func (s *Store) Kept(k box.RecordKey) (raw []byte, ok bool, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, false, box.ErrClosed
	}
	for _, d := range s.sorted() {
		err := d.db.View(func(txn *badger.Txn) (err error) {
			_, raw, err = d.record(txn, d.form.RecordKey(k))
			return err
		})
		if raw != nil || err != nil {
			return raw, err == nil, err
		}
	}
	return nil, false, nil
}

// EachKept implements box.Archive.
func (s *Store) EachKept(kind uint8, from uint32, do func(box.RecordKey, []byte) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return box.ErrClosed
	}
	for _, d := range s.sorted() {
		if err := d.eachRecord(kind, from, do); err != nil {
			return err
		}
	}
	return nil
}

func (d *dayDB) eachRecord(kind uint8, from uint32, do func(box.RecordKey, []byte) error) error {
	prefix := []byte{dayform.RecordPrefix, kind}
	return d.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
		defer it.Close()
		for it.Seek(binary.BigEndian.AppendUint32(prefix, from)); it.Valid(); it.Next() {
			v, err := it.Item().ValueCopy(nil)
			if err != nil {
				return err
			}
			maker, raw, err := d.openRecord(v, it.Item().Key())
			if errors.Is(err, errDamaged) {
				d.complain("a record is passed over", err)
				continue
			}
			if err == nil {
				number := binary.BigEndian.Uint32(it.Item().Key()[2:])
				err = do(box.RecordKey{Kind: kind, Number: number, Maker: maker}, raw)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
