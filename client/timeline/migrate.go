package timeline

import (
	"cmp"
	"errors"
	"slices"

	"murmuration/client/content"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Third is a post as homes of version 3 kept it, under an id of this computer alone.
type Third struct {
	ID       string  `cbor:"1,keyasint"`
	Own      bool    `cbor:"2,keyasint"`
	Follow   uint64  `cbor:"3,keyasint"` // the number of the followed feed that it came from
	Content  []byte  `cbor:"4,keyasint"`
	Received int64   `cbor:"5,keyasint"`
	Day      box.Day `cbor:"6,keyasint"`
	Number   uint64  `cbor:"7,keyasint"`
}

// thirdID is how many characters the ids of version 3 have: others have more.
const thirdID = 8

// Thirds lists the posts that are still kept as in version 3, the oldest first.
func (t *Timeline) Thirds(tx *store.Tx) (all []Third, err error) {
	var names []string
	err = tx.Walk(bucket, func(name string, _ []byte) error {
		if len(name) == thirdID {
			names = append(names, name)
		}
		return nil
	})
	for _, name := range names {
		var e Third
		err = errors.Join(err, tx.Get(bucket, name, &e))
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b Third) int {
		return cmp.Or(cmp.Compare(a.Received, b.Received), cmp.Compare(a.ID, b.ID))
	})
	return all, err
}

// Renew keeps a post of version 3 as one of a source, under the id that it has at every reader; it
// was on the screen long ago. Of two that say the same, one stays.
func (t *Timeline) Renew(tx *store.Tx, e Third, s content.Source) (Entry, error) {
	fresh := Entry{
		ID: content.ID(s, e.Content), Own: e.Own, Content: e.Content, Received: e.Received,
		Day: e.Day, Number: e.Number, Source: s, Epoch: 1,
	}
	known, err := t.Has(tx, fresh.ID)
	if err == nil && !known {
		err = errors.Join(t.Keep(tx, fresh), t.Shown(tx, fresh.ID))
	}
	return fresh, errors.Join(err, tx.Delete(bucket, e.ID))
}
