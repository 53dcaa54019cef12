package pgstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"murmuration/internal/box"
	"murmuration/internal/box/dayform"
)

// keep is a record that comes, as a change.
type keep struct{ raw, key, sealed []byte }

func (k *keep) keys() [][]byte { return [][]byte{k.key} }

func (k *keep) settle(b *batch, r *request) {
	var old []byte
	sealed := b.sheets[r.day].have[string(k.key)]
	if sealed != nil {
		_, old, r.err = r.day.form.OpenRecord(sealed, k.key)
	}
	switch {
	case r.err != nil:
	case sealed != nil && !bytes.Equal(old, k.raw):
		r.err = box.ErrKept
	case sealed != nil:
		r.outcome.Status = box.StatusStored
	case b.room != box.Plenty:
		r.outcome.Status = box.StatusFull
	default:
		r.outcome.Status = box.StatusStored
		b.set(r.day, k.key, k.sealed)
	}
}

// Keep implements box.Archive.
func (s *Store) Keep(number box.Day, k box.RecordKey, raw []byte) error {
	if err := box.CheckRecord(raw); err != nil {
		return err
	}
	d, err := s.dayFor(number)
	if err != nil {
		return err
	}
	key := d.form.RecordKey(k)
	o, err := s.ask(s.at(d, key), d, &keep{raw, key, d.form.SealRecord(k, raw, key)})
	if err == nil && o.Status == box.StatusFull {
		return box.ErrNoRoom
	}
	return err
}

// Kept implements box.Archive.
func (s *Store) Kept(k box.RecordKey) (raw []byte, ok bool, err error) {
	var failed error
	for _, d := range s.sorted(0) {
		key := d.form.RecordKey(k)
		have, err := s.get(s.at(d, key), d, key)
		if errors.Is(err, box.ErrAway) {
			failed = err // another day may have it
			continue
		}
		if err != nil {
			return nil, false, err
		}
		if sealed := have[string(key)]; sealed != nil {
			_, raw, err := d.form.OpenRecord(sealed, key)
			return raw, err == nil, err
		}
	}
	return nil, false, errors.Join(failed, s.alive())
}

// EachKept implements box.Archive.
func (s *Store) EachKept(kind uint8, from uint32, do func(box.RecordKey, []byte) error) error {
	for _, d := range s.sorted(0) {
		keys, err := s.recordKeys(d, kind, from)
		if err != nil {
			return err
		}
		for len(keys) > 0 {
			some := pageOf(keys)
			if err := s.eachOf(d, keys[:some], do); err != nil {
				return err
			}
			keys = keys[some:]
		}
	}
	return s.alive()
}

// recordKey is the key of a record, and how large its value is.
type recordKey struct {
	key   []byte
	size  uint64
	shard *shard
}

const mostRecords = 1 << 20 // keys of one kind, day and shard

// recordKeys are the keys of a kind from a number on, in order.
func (s *Store) recordKeys(d *day, kind uint8, from uint32) (keys []recordKey, err error) {
	first := binary.BigEndian.AppendUint32([]byte{dayform.RecordPrefix, kind}, from)
	last := append([]byte{dayform.RecordPrefix, kind}, bytes.Repeat([]byte{0xff}, 32)...)
	for _, n := range d.shards {
		sh := s.numbered(n)
		if !sh.holds(d) {
			continue
		}
		q := &query{sql: fmt.Sprintf("SELECT k, octet_length(v)::bigint FROM %s.record "+
			"WHERE k >= $1::bytea AND k <= $2::bytea", d.schema()),
			args: [][]byte{first, last}, most: mostRecords}
		if err := s.query(sh, q); err != nil {
			return nil, err
		}
		for _, row := range q.rows {
			if len(row) != 2 || len(row[0]) != 1+1+4+dayform.PeerSize {
				return nil, errWire
			}
			size, err := parseBigint(row[1])
			if err != nil {
				return nil, err
			}
			keys = append(keys, recordKey{row[0], size, sh})
		}
	}
	slices.SortFunc(keys, func(a, b recordKey) int { return bytes.Compare(a.key, b.key) })
	return keys, nil
}

// pageOf is how many of the keys, one at least, are read at a time: some 4 MiB of values.
func pageOf(keys []recordKey) int {
	size := uint64(0)
	for i, k := range keys[:min(len(keys), page)] {
		if size += k.size; size > 4<<20 {
			return max(i, 1)
		}
	}
	return min(len(keys), page)
}

// eachOf calls do for the records of some keys.
func (s *Store) eachOf(d *day, keys []recordKey, do func(box.RecordKey, []byte) error) error {
	wanted, have := make(map[*shard][][]byte), make(map[string][]byte)
	for _, k := range keys {
		wanted[k.shard] = append(wanted[k.shard], k.key)
	}
	for sh, keys := range wanted {
		part, err := s.get(sh, d, keys...)
		if err != nil {
			return err
		}
		for k, v := range part {
			have[k] = v
		}
	}
	for _, k := range keys {
		maker, raw, err := d.form.OpenRecord(have[string(k.key)], k.key)
		if err != nil {
			k.shard.complain("a record is passed over", d)
			continue
		}
		number := binary.BigEndian.Uint32(k.key[2:])
		if err := do(box.RecordKey{Kind: k.key[1], Number: number, Maker: maker}, raw); err != nil {
			return err
		}
	}
	return nil
}
