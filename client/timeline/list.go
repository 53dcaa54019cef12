package timeline

import (
	"errors"
	"fmt"
	"slices"

	"murmuration/client/content"
	"murmuration/client/store"
)

// The buckets of lists. A list is a chain of leaves, the oldest post first, so that reading a part
// of it, and putting a post anywhere into it, touches a few records however long it is.
const (
	bucketLists  = "lists"  // head, by the name of the list
	bucketLeaves = "leaves" // leaf, by the name of the list and its number
	bucketPlaces = "places" // place, by the id of the post
)

// leafItems is how many items a leaf has at most.
const leafItems = 64

// head is what is known of a list.
type head struct {
	First uint64 `cbor:"1,keyasint"` // leaf; zero: the list is empty
	Last  uint64 `cbor:"2,keyasint"`
	Ever  uint64 `cbor:"3,keyasint"` // leaves that there were; their numbers begin at 1
	Count int    `cbor:"4,keyasint"` // items
	Bytes int64  `cbor:"5,keyasint"` // of the posts in it, as far as its owner counts them
}

// leaf is a part of a list.
type leaf struct {
	Before uint64 `cbor:"1,keyasint"`
	After  uint64 `cbor:"2,keyasint"`
	Items  []item `cbor:"3,keyasint"`
}

// item is a post in a list, with its author's order.
type item struct {
	ID     string         `cbor:"1,keyasint"`
	Epoch  int            `cbor:"2,keyasint"`
	Number uint64         `cbor:"3,keyasint"`
	Source content.Source `cbor:"4,keyasint"`
	When   int64          `cbor:"5,keyasint,omitempty"` // zero: the entry says it
	late   bool           // it is to be put into a list, and came long after it was written
}

// stands says whether a post of another stream stands behind this one: what was written in the same
// hour does as it came, unless that was long afterwards.
func (it item) stands(tx *store.Tx, other item) (behind bool, err error) {
	if other.When == 0 { // kept by an earlier version
		var e Entry
		err = tx.Get(bucket, other.ID, &e)
		other.When = e.Written()
	}
	return other.When > it.When || other.When == it.When && it.late && other.Epoch > it.Epoch, err
}

// place says in which leaf of which list a post is; no entry: it is not in that list.
type place map[string]uint64

// list is a list while a transaction has it open. Its methods keep everything in order on the disk,
// but for the head: put writes that.
type list struct {
	tx   *store.Tx
	name string
	head
}

func openList(tx *store.Tx, name string) (*list, error) {
	l := &list{tx: tx, name: name}
	err := tx.Get(bucketLists, name, &l.head)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return l, err
}

// put writes the head; of an empty list nothing is kept, so that its numbers begin anew.
func (l *list) put() error {
	if l.Count == 0 {
		return l.tx.Delete(bucketLists, l.name)
	}
	return l.tx.Put(bucketLists, l.name, l.head)
}

func (l *list) leafName(number uint64) string { return fmt.Sprintf("%s/%d", l.name, number) }

func (l *list) leaf(number uint64) (f leaf, err error) {
	err = l.tx.Get(bucketLeaves, l.leafName(number), &f)
	if errors.Is(err, store.ErrNotFound) {
		err = store.ErrForeign.With("leaf %d of list %s is missing", number, l.name)
	}
	return f, err
}

func (l *list) putLeaf(number uint64, f leaf) error {
	return l.tx.Put(bucketLeaves, l.leafName(number), f)
}

// at says where in a list a post is: leaf and place in it.
func (l *list) at(id string) (number uint64, f leaf, i int, err error) {
	p, err := getPlace(l.tx, id)
	number = p[l.name]
	if err != nil || number == 0 {
		return 0, leaf{}, 0, err
	}
	if f, err = l.leaf(number); err != nil {
		return 0, leaf{}, 0, err
	}
	i = slices.IndexFunc(f.Items, func(other item) bool { return other.ID == id })
	if i < 0 {
		err = store.ErrForeign.With("a post is not where list %s has it", l.name)
	}
	return number, f, i, err
}

// append puts an item behind all others.
func (l *list) append(it item) error {
	if l.Last == 0 {
		l.Ever++
		l.First, l.Last = l.Ever, l.Ever
		return l.insert(l.Last, leaf{}, 0, it)
	}
	f, err := l.leaf(l.Last)
	if err != nil {
		return err
	}
	if len(f.Items) < leafItems {
		return l.insert(l.Last, f, len(f.Items), it)
	}
	l.Ever++ // a leaf of its own, rather than two halves: most posts come in order
	f.After = l.Ever
	before := l.Last
	l.Last = l.Ever
	return errors.Join(l.putLeaf(before, f), l.insert(l.Last, leaf{Before: before}, 0, it))
}

// insert puts an item into a leaf, and halves that if it is too long.
func (l *list) insert(number uint64, f leaf, i int, it item) error {
	f.Items = slices.Insert(slices.Clone(f.Items), i, it)
	l.Count++
	err := setPlace(l.tx, it.ID, l.name, number)
	if err != nil || len(f.Items) <= leafItems {
		return errors.Join(err, l.putLeaf(number, f))
	}
	return l.halve(number, f)
}

// halve moves the later half of a leaf into one of its own behind it.
func (l *list) halve(number uint64, f leaf) error {
	l.Ever++
	half := leaf{Before: number, After: f.After, Items: f.Items[leafItems/2:]}
	var errs []error
	for _, it := range half.Items {
		errs = append(errs, setPlace(l.tx, it.ID, l.name, l.Ever))
	}
	f.Items, f.After = f.Items[:leafItems/2], l.Ever
	errs = append(errs, l.link(half.After, func(n *leaf) { n.Before = l.Ever }))
	if half.After == 0 {
		l.Last = l.Ever
	}
	return errors.Join(append(errs, l.putLeaf(number, f), l.putLeaf(l.Ever, half))...)
}

// link changes a leaf, if there is one of this number.
func (l *list) link(number uint64, change func(*leaf)) error {
	if number == 0 {
		return nil
	}
	f, err := l.leaf(number)
	if err != nil {
		return err
	}
	change(&f)
	return l.putLeaf(number, f)
}

// insertBefore puts an item before a post that is in the list; or behind all, if it is not.
func (l *list) insertBefore(id string, it item) error {
	number, f, i, err := l.at(id)
	if err != nil {
		return err
	}
	if number == 0 {
		return l.append(it)
	}
	return l.insert(number, f, i, it)
}

// insertOrdered puts an item where its author's order has it, and says before which post that is,
// if any: those of one stream by their numbers, those of several by when they were written. It
// looks from the end, until one of the same stream: most posts come in order.
func (l *list) insertOrdered(it item) (before string, err error) {
	settled := false
	err = l.backwards("", func(other item) (enough bool, err error) {
		switch {
		case other.Epoch != it.Epoch && settled:
		case other.Epoch != it.Epoch:
			behind, err := it.stands(l.tx, other)
			if settled = !behind; behind {
				before = other.ID
			}
			return false, err
		case other.Number <= it.Number:
			return true, nil
		default:
			before, settled = other.ID, false
		}
		return false, nil
	})
	if err != nil {
		return "", err
	}
	return before, l.insertBefore(before, it)
}

// remove takes a post out, if it is in.
func (l *list) remove(id string) error {
	number, f, i, err := l.at(id)
	if err != nil || number == 0 {
		return err
	}
	f.Items = slices.Delete(f.Items, i, i+1)
	l.Count--
	errs := []error{setPlace(l.tx, id, l.name, 0)}
	if len(f.Items) > 0 {
		return errors.Join(append(errs, l.putLeaf(number, f))...)
	}
	if l.First == number {
		l.First = f.After
	}
	if l.Last == number {
		l.Last = f.Before
	}
	return errors.Join(append(errs,
		l.link(f.Before, func(n *leaf) { n.After = f.After }),
		l.link(f.After, func(n *leaf) { n.Before = f.Before }),
		l.tx.Delete(bucketLeaves, l.leafName(number)))...)
}

// backwards gives the posts before one of them (empty: all), the newest first, until do says that
// it has enough.
func (l *list) backwards(before string, do func(item) (enough bool, err error)) error {
	number, f, i, err := l.at(before)
	if err == nil && number == 0 && l.Last != 0 {
		number = l.Last
		f, err = l.leaf(number)
		i = len(f.Items)
	}
	for steps := uint64(0); err == nil && number != 0; steps++ {
		if steps > l.Ever {
			return l.endless()
		}
		for i--; i >= 0; i-- {
			if enough, err := do(f.Items[i]); enough || err != nil {
				return err
			}
		}
		if number = f.Before; number != 0 {
			f, err = l.leaf(number)
			i = len(f.Items)
		}
	}
	return err
}

// forwards gives all posts, the oldest first, until do says that it has enough.
func (l *list) forwards(do func(item) (enough bool, err error)) error {
	steps := uint64(0)
	for number := l.First; number != 0; steps++ {
		if steps > l.Ever {
			return l.endless()
		}
		f, err := l.leaf(number)
		if err != nil {
			return err
		}
		for _, it := range f.Items {
			if enough, err := do(it); enough || err != nil {
				return err
			}
		}
		number = f.After
	}
	return nil
}

// endless says that the leaves of a list go round: it was made by somebody else.
func (l *list) endless() error { return store.ErrForeign.With("list %s has no end", l.name) }

func getPlace(tx *store.Tx, id string) (p place, err error) {
	err = tx.Get(bucketPlaces, id, &p)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return p, err
}

func setPlace(tx *store.Tx, id, list string, number uint64) error {
	p, err := getPlace(tx, id)
	if err != nil {
		return err
	}
	if p == nil {
		p = place{}
	}
	if p[list] = number; number == 0 {
		delete(p, list)
	}
	if len(p) == 0 {
		return tx.Delete(bucketPlaces, id)
	}
	return tx.Put(bucketPlaces, id, p)
}
