package daystore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"murmuration/internal/box"
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
		k.key = d.recordKey(k.id)
		k.sealed = d.seal.Seal(nil, nil, append(k.id.Maker[:len(k.id.Maker):len(k.id.Maker)],
			k.raw...), k.key)
	}
}

func (d *dayDB) recordKey(k box.RecordKey) []byte {
	key := binary.BigEndian.AppendUint32([]byte{recordPrefix, k.Kind}, k.Number)
	return append(key, d.nameOf(k.Maker[:])[:peerSize]...)
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
	plain, err := d.unseal(txn, key)
	return d.parseRecord(plain, err)
}

// parseRecord splits what a record's value opened into: maker ‖ record.
func (d *dayDB) parseRecord(plain []byte, err error) (maker box.Holder, raw []byte, _ error) {
	if err == nil && plain != nil && len(plain) < len(maker) {
		err = errDamaged
	}
	if err != nil {
		return maker, nil, fmt.Errorf("reading a record of day %d: %w", d.day, err)
	}
	if plain == nil {
		return maker, nil, nil
	}
	return box.Holder(plain[:len(maker)]), plain[len(maker):], nil
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
			_, raw, err = d.record(txn, d.recordKey(k))
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
	prefix := []byte{recordPrefix, kind}
	return d.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
		defer it.Close()
		for it.Seek(binary.BigEndian.AppendUint32(prefix, from)); it.Valid(); it.Next() {
			maker, raw, err := d.parseRecord(d.unsealItem(it.Item()))
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
