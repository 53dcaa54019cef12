package world

import (
	"errors"

	"murmuration/internal/replay"
)

// tags is a replay set that grows: a chain of sets, each with twice the room of the one before.
type tags struct {
	secret replay.Secret
	sets   []*replay.Set // only the last takes more
}

func newTags(room int, secret replay.Secret) *tags {
	return &tags{secret, []*replay.Set{replay.NewSet(room, secret)}}
}

// Add implements its interface in package mix.
func (t *tags) Add(tag replay.Tag) (fresh bool, err error) {
	last := len(t.sets) - 1
	for _, older := range t.sets[:last] {
		if older.Has(tag) {
			return false, nil
		}
	}
	fresh, err = t.sets[last].Add(tag)
	if !errors.Is(err, replay.ErrFull) {
		return fresh, err
	}
	t.sets = append(t.sets, replay.NewSet(2*t.sets[last].Capacity(), t.secret))
	return t.sets[last+1].Add(tag)
}

// Len implements its interface in package mix.
func (t *tags) Len() (n int) {
	for _, s := range t.sets {
		n += s.Len()
	}
	return n
}

// Capacity implements its interface in package mix.
func (t *tags) Capacity() int { return 1 << 62 }
