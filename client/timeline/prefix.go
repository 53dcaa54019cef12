package timeline

import (
	"errors"
	"slices"
	"strings"

	"murmuration/client/fault"
	"murmuration/client/store"
)

const bucketPrefixes = "prefixes" // ids, by what they begin with

// prefixSize is how much of an id is enough, in characters.
const prefixSize = 6

// maxAlike bounds the ids that begin alike: more of them are the work of somebody who draws ids
// until they do, and are found by the whole id only.
const maxAlike = 32

var errAmbiguous = fault.New(
	fault.User, "several posts begin so", "Type more of the id; `murmur timeline` lists them.",
)

func prefixOf(id string) string { return id[:min(len(id), prefixSize)] }

func getPrefix(tx *store.Tx, id string) (ids []string, err error) {
	err = tx.Get(bucketPrefixes, prefixOf(id), &ids)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return ids, err
}

func addPrefix(tx *store.Tx, id string) error {
	ids, err := getPrefix(tx, id)
	if err != nil || len(ids) >= maxAlike || slices.Contains(ids, id) {
		return err
	}
	return tx.Put(bucketPrefixes, prefixOf(id), append(ids, id))
}

func dropPrefix(tx *store.Tx, id string) error {
	ids, err := getPrefix(tx, id)
	if err != nil {
		return err
	}
	ids = slices.DeleteFunc(ids, func(other string) bool { return other == id })
	if len(ids) == 0 {
		return tx.Delete(bucketPrefixes, prefixOf(id))
	}
	return tx.Put(bucketPrefixes, prefixOf(id), ids)
}

// Find is the entry of an id, or of the first characters of one: six or more, as far as no other
// post begins so.
func (t *Timeline) Find(tx *store.Tx, id string) (Entry, error) {
	e, err := t.Entry(tx, id)
	if !errors.Is(err, ErrNoPost) || len(id) < prefixSize {
		return e, err
	}
	alike, err := getPrefix(tx, id)
	if err != nil {
		return Entry{}, err
	}
	alike = slices.DeleteFunc(alike, func(o string) bool { return !strings.HasPrefix(o, id) })
	switch len(alike) {
	case 0:
		return Entry{}, ErrNoPost.With("%q", id)
	case 1:
		return t.Entry(tx, alike[0])
	}
	return Entry{}, errAmbiguous.With("%s and %s", alike[0], alike[1])
}
