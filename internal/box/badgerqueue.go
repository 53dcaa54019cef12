package box

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// pending returns the oldest n entries for the peer that come after a place.
func (d *badgerDay) pending(peer Holder, after place, n int) (found []Entry, err error) {
	prefix := d.queueKey(peer)
	err = d.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
		defer it.Close()
		after.index++ // the first that may come
		for it.Seek(after.appendTo(prefix)); it.Valid() && len(found) < n; it.Next() {
			e, err := d.entry(txn, it.Item(), len(prefix))
			// one bad box must not keep the others from their holders
			if errors.Is(err, ErrDamaged) {
				d.damaged.Do(func() {
					d.log.log.Error("a box that waits for another holder is passed over", "day",
						d.day, "error", err)
				})
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
func (d *badgerDay) entry(txn *badger.Txn, item *badger.Item, prefix int) (Entry, error) {
	at := item.Key()[prefix:]
	name, err := item.ValueCopy(nil)
	if err != nil {
		return Entry{}, fmt.Errorf("reading the queue of day %d: %w", d.day, err)
	}
	b, err := d.load(txn, name)
	if err != nil {
		return Entry{}, err
	}
	if b == nil || len(at) != 12 {
		return Entry{}, fmt.Errorf("reading the queue of day %d: %w", d.day, ErrDamaged)
	}
	return Entry{Day: d.day, Box: *b,
		at: place{binary.BigEndian.Uint64(at), binary.BigEndian.Uint32(at[8:])}}, nil
}

func (d *badgerDay) queueKey(peer Holder) []byte {
	return append([]byte{queuePrefix}, d.nameOf(peer[:])[:peerSize]...)
}

func (p place) appendTo(key []byte) []byte {
	key = binary.BigEndian.AppendUint64(key, p.commit)
	return binary.BigEndian.AppendUint32(key, p.index)
}
