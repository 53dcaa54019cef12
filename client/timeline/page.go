package timeline

import (
	"encoding/hex"
	"errors"
	"slices"

	"murmuration/client/content"
	"murmuration/client/store"
)

func sourceList(s content.Source) string { return "source/" + hex.EncodeToString(s[:]) }

// Filter says which posts are asked for; the zero one: all.
type Filter struct {
	Sources []content.Source // of one of these
	Unread  bool             // that were not shown before
	Before  string           // that come before this one, which is one of them
}

// name is the shortest list that has all posts of the filter.
func (f Filter) name() string {
	switch {
	case f.Unread:
		return listUnread
	case len(f.Sources) == 1:
		return sourceList(f.Sources[0])
	}
	return listAll
}

// Page is the last n entries of a filter, the newest first.
func (t *Timeline) Page(tx *store.Tx, f Filter, n int) (page []Entry, err error) {
	l, err := openList(tx, f.name())
	if err != nil || n < 1 {
		return nil, err
	}
	if f.Before != "" {
		if p, err := getPlace(tx, f.Before); err != nil || p[l.name] == 0 {
			return nil, errors.Join(err, ErrNoPost.With("%q is not in this list", f.Before))
		}
	}
	err = l.backwards(f.Before, func(it item) (bool, error) {
		if len(f.Sources) > 0 && !slices.Contains(f.Sources, it.Source) {
			return false, nil
		}
		e, err := t.Entry(tx, it.ID)
		page = append(page, e)
		return len(page) == n, err
	})
	return page, err
}

// Last is the last n entries of all.
func (t *Timeline) Last(tx *store.Tx, n int) ([]Entry, error) { return t.Page(tx, Filter{}, n) }

// Oldest gives the entries, the oldest first, until do says that it has enough.
func (t *Timeline) Oldest(tx *store.Tx, do func(Entry) (enough bool, err error)) error {
	l, err := openList(tx, listAll)
	if err != nil {
		return err
	}
	return l.forwards(func(it item) (bool, error) {
		e, err := t.Entry(tx, it.ID)
		if err != nil {
			return false, err
		}
		return do(e)
	})
}

// Usage is how much there is.
type Usage struct {
	Posts  int
	Unread int
	// Bytes are those of posts, and those that their photos say that they have, wherever these are.
	Bytes int64
}

// Usage says how much there is.
func (t *Timeline) Usage(tx *store.Tx) (Usage, error) {
	all, err := openList(tx, listAll)
	unread, err2 := openList(tx, listUnread)
	return Usage{all.Count, unread.Count, all.Bytes}, errors.Join(err, err2)
}
