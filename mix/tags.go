package mix

import (
	"errors"

	"murmuration/internal/replay"
)

// firstTags is the room that a fresh Tags has: 440 KB.
const firstTags = 1 << 14

// Tags is a replay set that grows with what is in it, up to a limit: a mix at rest has no use for the
// memory that it may need at its busiest. It is a chain of sets, each with twice the room of the one
// before, so that nothing is ever moved: a move of half a million tags would hold up the packets.
type Tags struct {
	limit  int
	secret replay.Secret
	sets   []*replay.Set // only the last takes more
}

// NewTags begins with the tags in first, and takes limit in all, those included.
func NewTags(first *replay.Set, limit int, secret replay.Secret) *Tags {
	return &Tags{limit: limit, secret: secret, sets: []*replay.Set{first}}
}

// Add implements TagSet.
func (t *Tags) Add(tag replay.Tag) (fresh bool, err error) {
	last := len(t.sets) - 1
	for _, older := range t.sets[:last] {
		if older.Has(tag) {
			return false, nil
		}
	}
	if t.Len() >= t.limit {
		if t.sets[last].Has(tag) {
			return false, nil
		}
		return false, replay.ErrFull
	}
	fresh, err = t.sets[last].Add(tag)
	if !errors.Is(err, replay.ErrFull) {
		return fresh, err
	}
	t.sets = append(t.sets, replay.NewSet(min(2*t.sets[last].Capacity(), t.limit-t.Len()), t.secret))
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
