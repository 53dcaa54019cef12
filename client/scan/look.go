package scan

import (
	"errors"
	"time"

	"murmuration/client/board"
	"murmuration/client/crowd"
	"murmuration/client/person"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
)

// look goes through what was listed before somebody began to want it; first says that they began
// before this program did, and had it fetched then.
func (s *Scan) look(now time.Time, first bool) error {
	fresh := s.person.Fresh()
	if len(fresh) == 0 {
		return nil
	}
	var (
		gave  []crowd.Found
		pairs []board.Pair
		err   error
	)
	s.cfg.Exclusive(func() { gave, pairs, err = s.history(now, fresh, first) })
	errs := []error{err}
	for _, p := range pairs {
		errs = append(errs, s.found(now, p))
	}
	for _, f := range gave {
		errs = append(errs, s.person.Found(now, f.Want, f.Holder, f.Box))
	}
	return errors.Join(errs...)
}

// history is those wanted boxes that are here, and the pairs of all that were listed; what is not
// here is fetched. The caller has exclusivity.
func (s *Scan) history(now time.Time, fresh []person.Want, first bool) (
	gave []crowd.Found, found []board.Pair, err error,
) {
	const here, wanted = 1, 2
	kinds, since := map[box.Entry]int{}, fresh[0].Day
	for _, w := range fresh {
		e := box.EntryOf(w.ID)
		since = min(since, w.Day)
		if f, ok := s.crowd.Had(w); ok {
			gave, kinds[e] = append(gave, f), max(kinds[e], here)
		} else {
			kinds[e] = wanted
		}
	}
	var old []board.Pair
	begins := since.Start(s.cfg.Schedule.Start)
	last := bulletin.RollNumber(s.slot(now))
	for roll := bulletin.RollNumber(s.slot(begins)); roll <= last; roll++ {
		pairs, trouble := s.board.History(roll)
		err = errors.Join(err, trouble)
		for _, p := range pairs {
			if kinds[p.Entry] > 0 {
				found = append(found, p)
			}
			if kinds[p.Entry] == wanted {
				old = append(old, p)
			}
		}
	}
	if !first {
		s.crowd.Learned(now, old)
		return gave, found, err
	}
	for _, p := range old {
		s.crowd.Old(now, p)
	}
	return gave, found, err
}

// found tells the person of both listings of a pair.
func (s *Scan) found(now time.Time, p board.Pair) error {
	err := s.listed(now, p.Entry, p.First)
	if p.Second == (board.Listing{}) {
		return err
	}
	return errors.Join(err, s.listed(now, p.Entry, p.Second))
}

func (s *Scan) slot(t time.Time) box.Slot {
	return bulletin.Calendar{
		Start: s.cfg.Schedule.Start, Every: s.cfg.Parameters.BulletinEvery,
	}.Slot(t)
}

var _ person.Part = (*Scan)(nil)
