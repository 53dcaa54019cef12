package box

import "fmt"

// room is what a store may still write.
type room int

const (
	plenty room = iota
	scarce      // no data
	none        // nothing: the next page would kill the process
)

// look finds out what may be written, and says when that has changed: it is the operator's to act.
func (s *BadgerStore) look() error {
	free, err := s.opts.Free(s.dir)
	if err != nil {
		return err
	}
	now := plenty
	switch {
	case free < s.opts.Reserve/4:
		now = none
	case free < s.opts.Reserve:
		now = scarce
	}
	if now == s.room {
		return nil
	}
	s.room = now
	switch now {
	case plenty:
		s.opts.Logger.Info("there is room on the disk: boxes are taken again")
	case scarce:
		s.opts.Logger.Warn("the disk is nearly full: new boxes are refused, deletions are taken",
			"free_mib", free>>20)
	case none:
		s.opts.Logger.Error("the disk is full: nothing is written, neither boxes nor deletions",
			"free_mib", free>>20)
	}
	return nil
}

// openWithRoom opens the days if there is space for the files that Badger makes then.
func (s *BadgerStore) openWithRoom() error {
	if err := s.look(); err != nil {
		return fmt.Errorf("opening box store: %w", err)
	}
	if s.room == none {
		return fmt.Errorf("opening box store %s: the disk is full\n  make room: at least %d MiB "+
			"must be free", s.dir, s.opts.Reserve/4>>20+1)
	}
	return s.openDays()
}
