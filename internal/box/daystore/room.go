package daystore

import (
	"fmt"
	"murmuration/internal/box"
)

// look finds out what may be written, and says when that has changed: it is the operator's to act.
func (s *Store) look() error {
	free, err := s.opts.Free(s.dir)
	if err != nil {
		return err
	}
	now := box.Plenty
	switch {
	case free < s.opts.Reserve/4:
		now = box.NoRoom
	case free < s.opts.Reserve:
		now = box.Scarce
	}
	if now == s.room {
		return nil
	}
	s.room = now
	switch now {
	case box.Plenty:
		s.opts.Logger.Info("there is room on the disk: boxes are taken again")
	case box.Scarce:
		s.opts.Logger.Warn("the disk is nearly full: new boxes are refused, deletions are taken",
			"free_mib", free>>20)
	case box.NoRoom:
		s.opts.Logger.Error("the disk is full: nothing is written, neither boxes nor deletions",
			"free_mib", free>>20)
	}
	return nil
}

// mib is bytes in MiB, rounded up.
func mib(bytes uint64) uint64 { return (bytes + 1<<20 - 1) >> 20 }

// openWithRoom opens the days if there is space for the files that Badger makes then.
func (s *Store) openWithRoom() error {
	if err := s.look(); err != nil {
		return fmt.Errorf("opening box store: %w", err)
	}
	if s.room == box.NoRoom {
		return fmt.Errorf("opening box store %s: the disk is full\n  make room: at least %d MiB "+
			"must be free to start, and %d to take new boxes", s.dir, mib(s.opts.Reserve/4),
			mib(s.opts.Reserve))
	}
	return s.openDays()
}
