package directory

import (
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSchedule(t *testing.T) {
	s := Schedule{testStart, time.Hour}
	for _, c := range []struct {
		after time.Duration
		epoch Epoch
		phase Phase
		day   uint16
	}{
		{0, 0, PhaseDescriptors, 0},
		{time.Hour*3/8 - 1, 0, PhaseDescriptors, 0},
		{time.Hour * 3 / 8, 0, phaseVotes, 0},
		{time.Hour / 2, 0, PhaseEcho, 0},
		{time.Hour * 5 / 8, 0, PhaseSign, 0},
		{time.Hour * 6 / 8, 0, phasePublish, 0},
		{time.Hour - 1, 0, phasePublish, 0},
		{time.Hour, 1, PhaseDescriptors, 0},
		{24*time.Hour - 1, 23, phasePublish, 0},
		{24 * time.Hour, 24, PhaseDescriptors, 1},
	} {
		at := testStart.Add(c.after)
		e, err := s.Epoch(at)
		p, err2 := s.phase(at)
		if err != nil || err2 != nil || e != c.epoch || p != c.phase || s.DayOf(at) != c.day {
			t.Errorf("%s: epoch %d, %s, day %d (%v, %v)", c.after, e, p, s.DayOf(at), err, err2)
		}
	}
}

func TestBeforeTheStart(t *testing.T) {
	s := Schedule{testStart, time.Hour}
	if _, err := s.Epoch(testStart.Add(-1)); !errors.Is(err, errBeforeStart) {
		t.Error(err)
	}
	if _, err := s.phase(testStart.Add(-1)); !errors.Is(err, errBeforeStart) {
		t.Error(err)
	}
	if d := s.DayOf(testStart.AddDate(-3, 0, 0)); d != 0 {
		t.Errorf("day %d", d)
	}
	if d := s.DayOf(testStart.AddDate(200, 0, 0)); d != math.MaxUint16 {
		t.Errorf("day %d", d)
	}
}

// Days are UTC days, counted from the genesis day, however late in it the network started.
func TestDaysAreUTC(t *testing.T) {
	s := Schedule{time.Date(2026, 5, 5, 23, 59, 0, 0, time.UTC), time.Minute}
	east := time.FixedZone("east", 14*3600)
	if d := s.DayOf(time.Date(2026, 5, 6, 0, 0, 0, 0, time.UTC)); d != 1 {
		t.Errorf("a minute later: day %d", d)
	}
	if d := s.DayOf(time.Date(2026, 5, 6, 13, 59, 0, 0, east)); d != 0 {
		t.Errorf("the same moment elsewhere: day %d", d)
	}
}

func TestScheduleProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Schedule{testStart,
			8 * time.Duration(rapid.Int64Range(125, 3_600_000).Draw(t, "ms")) * time.Millisecond}
		at := testStart.Add(time.Duration(rapid.Int64Range(0, 1<<60).Draw(t, "after")))
		e, err := s.Epoch(at)
		if err != nil || s.StartOf(e).After(at) || !s.StartOf(e+1).After(at) {
			t.Fatalf("epoch %d from %s to %s does not hold %s", e, s.StartOf(e), s.StartOf(e+1), at)
		}
		p, _ := s.phase(at)
		if !s.EndOf(e, p).After(at) || p > 0 && s.EndOf(e, p-1).After(at) {
			t.Fatalf("phase %s of epoch %d does not hold %s", p, e, at)
		}
	})
}

func TestStartOfSaturates(t *testing.T) {
	s := Schedule{testStart, time.Hour}
	if got := s.StartOf(math.MaxUint64); got.Before(testStart.AddDate(290, 0, 0)) {
		t.Errorf("%s", got)
	}
}
