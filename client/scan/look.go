package scan

import (
	"errors"
	"time"

	"murmuration/client/board"
	"murmuration/client/person"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
)

// look goes through what was listed before somebody began to want it.
func (s *Scan) look(now time.Time) error {
	fresh := s.person.Fresh()
	if len(fresh) == 0 {
		return nil
	}
	wanted, first := map[box.Entry]bool{}, fresh[0].Day
	for _, w := range fresh {
		wanted[box.EntryOf(w.ID)], first = true, min(first, w.Day)
	}
	var found []board.Pair
	var err error
	s.cfg.Exclusive(func() { found, err = s.history(now, first, wanted) })
	errs := []error{err}
	for _, p := range found {
		errs = append(errs, s.found(now, p))
	}
	return errors.Join(errs...)
}

// history is the pairs of wanted entries since a day; the caller has exclusivity.
func (s *Scan) history(now time.Time, first box.Day, wanted map[box.Entry]bool) (
	found []board.Pair, err error,
) {
	begins := first.Start(s.cfg.Schedule.Start)
	last := bulletin.RollNumber(s.slot(now))
	for roll := bulletin.RollNumber(s.slot(begins)); roll <= last; roll++ {
		pairs, trouble := s.board.History(roll)
		err = errors.Join(err, trouble)
		for _, p := range pairs {
			if wanted[p.Entry] {
				found = append(found, p)
				s.crowd.Old(now, p)
			}
		}
	}
	return found, err
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
