package follow

import (
	"errors"
	"math/rand/v2"
	"time"

	"murmuration/internal/backoff"
	"murmuration/internal/directory"
)

// search is for one epoch's document: rounds over the entries in random order, with growing waits
// between the rounds. Where none has it and nothing serves, one is asked once for its latest, which
// tells what is wrong.
type search struct {
	epoch  directory.Epoch
	at     time.Time // of the next question
	left   []int     // entries that were not asked in this round
	latest bool      // the next question is for the latest document
	told   bool      // that question was asked
	absent bool      // an entry said that it has no such document
	rounds int       // in vain
	err    error     // of the last question
	waits  *backoff.Backoff
}

func (s *search) ask(rng *rand.Rand, entries int) (directory.Epoch, int) {
	if s.latest {
		s.latest, s.told = false, true
		return directory.Latest, rng.IntN(entries)
	}
	if len(s.left) == 0 {
		s.left = rng.Perm(entries)
	}
	entry := s.left[0]
	s.left = s.left[1:]
	return s.epoch, entry
}

// failed goes on with the next entry, then with the latest document if nothing serves, then with
// another round.
func (s *search) failed(now time.Time, err error, blind bool) {
	s.at, s.err = now, err
	s.absent = s.absent || errors.Is(err, directory.ErrNoDocument)
	switch {
	case len(s.left) > 0:
	case blind && s.absent && !s.told:
		s.latest = true
	default:
		s.at = now.Add(s.waits.Next())
		s.rounds++
	}
}
