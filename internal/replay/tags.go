package replay

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// TagSet remembers what was seen under one key. *Set is one of fixed size, Tags one that grows.
type TagSet interface {
	// Add is not fresh if the tag was there before; a fresh one that finds the set full is refused
	// with ErrFull.
	Add(tag Tag) (fresh bool, err error)
	Len() int
	Capacity() int
}

// firstTags is the room that a fresh Tags has: 440 KB.
const firstTags = 1 << 14

// Tags is a replay set that grows with what is in it, up to a limit: a mix at rest has no use for
// the memory that it may need at its busiest. It is a chain of sets, each with twice the room of
// the one before, so that nothing is ever moved: a move of half a million tags would hold up the
// packets.
type Tags struct {
	limit  int
	secret Secret
	sets   []*Set // only the last takes more
}

// NewTags begins with the tags in first, and takes limit in all, those included.
func NewTags(first *Set, limit int, secret Secret) *Tags {
	return &Tags{limit: limit, secret: secret, sets: []*Set{first}}
}

// Add implements TagSet.
func (t *Tags) Add(tag Tag) (fresh bool, err error) {
	last := len(t.sets) - 1
	for _, older := range t.sets[:last] {
		if older.has(tag) {
			return false, nil
		}
	}
	if t.Len() >= t.limit {
		if t.sets[last].has(tag) {
			return false, nil
		}
		return false, ErrFull
	}
	fresh, err = t.sets[last].Add(tag)
	if !errors.Is(err, ErrFull) {
		return fresh, err
	}
	t.sets = append(t.sets, NewSet(min(2*t.sets[last].Capacity(), t.limit-t.Len()), t.secret))
	return t.sets[last+1].Add(tag)
}

// Len implements TagSet.
func (t *Tags) Len() (n int) {
	for _, s := range t.sets {
		n += s.Len()
	}
	return n
}

// Capacity implements TagSet.
func (t *Tags) Capacity() int { return t.limit }

// tagSize is the least that a tag takes in a journal, in bytes.
const tagSize = 20

// OpenTags opens the journal in path, which must be there, and loads it into a set with room for
// what is in it and some more, up to limit. Secrets are drawn from random.
func OpenTags(path string, limit int, random io.Reader) (*Journal, *Tags, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fmt.Errorf("opening replay journal: %w", err)
	}
	journal, set, err := Open(path, max(firstTags, int(info.Size()/tagSize)+1), random)
	if err != nil {
		return nil, nil, err
	}
	var secret Secret
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return nil, nil, errors.Join(err, journal.Close())
	}
	return journal, NewTags(set, limit, secret), nil
}
