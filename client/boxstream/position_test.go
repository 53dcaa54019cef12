package boxstream

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"

	"murmuration/internal/box"
)

var testCalendar = box.Calendar{
	Genesis: time.Date(2026, 3, 1, 15, 0, 0, 0, time.UTC), Retention: 14,
}

func onDay(d int, clock time.Duration) time.Time {
	return box.Day(d).Start(testCalendar.Genesis).Add(clock)
}

func TestReaderDays(t *testing.T) {
	p := position{Checked: 3}
	steps := []struct {
		now   time.Time
		day   box.Day
		empty bool // the answer to a poll of that day
	}{
		{onDay(3, 9*time.Hour), 3, true},
		{onDay(4, time.Minute), 4, true},             // midnight: today's
		{onDay(4, 2*time.Hour), 3, true},             // yesterday's once more after the grace
		{onDay(4, 2*time.Hour+time.Minute), 4, true}, // and then today's again
		// after an absence the missed days in order
		{onDay(9, time.Hour), 4, true},
		{onDay(9, time.Hour+time.Minute), 5, true},      //
		{onDay(9, time.Hour+2*time.Minute), 6, true},    //
		{onDay(9, time.Hour+3*time.Minute), 7, true},    //
		{onDay(9, time.Hour+4*time.Minute), 9, true},    // yesterday's is still open
		{onDay(9, 2*time.Hour), 8, true},                //
		{onDay(9, 3*time.Hour), 9, false},               // found
		{onDay(9, 3*time.Hour+time.Minute), 9, true},    // the next one, that day at the earliest
		{onDay(40, 12*time.Hour), 26, true},             // what is not kept is not asked for
		{onDay(40, 12*time.Hour+time.Minute), 27, true}, //
	}
	for i, s := range steps {
		if got := p.day(testCalendar, s.now); got != s.day {
			t.Fatalf("step %d: day %d, not %d", i, got, s.day)
		}
		if s.empty {
			p = p.empty(testCalendar, s.day, s.now)
		} else {
			p = p.found(s.day)
		}
	}
}

// TestEveryDayIsLookedThrough lets a reader come and go as they like: whenever a box was stored, in
// a day's time of writing, a reader who comes back in time finds it.
func TestEveryDayIsLookedThrough(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		stored := box.Day(rapid.IntRange(0, 10).Draw(r, "stored on"))
		late := time.Duration(rapid.IntRange(0, int(26*time.Hour)-1).Draw(r, "after"))
		written := stored.Start(testCalendar.Genesis).Add(late)
		p, now := position{}, onDay(0, 15*time.Hour)
		for now.Before(onDay(int(stored)+12, 0)) {
			d := p.day(testCalendar, now)
			if d == stored && !now.Before(written) {
				return // found
			}
			p = p.empty(testCalendar, d, now)
			if p.Checked > stored {
				r.Fatalf("day %d was passed at %v, written at %v", stored, now, written)
			}
			now = now.Add(
				time.Duration(rapid.IntRange(int(time.Minute), int(30*time.Hour)).Draw(r, "pause")),
			)
		}
		for range 40 { // now stays online
			if d := p.day(testCalendar, now); d == stored {
				return
			} else {
				p = p.empty(testCalendar, d, now)
			}
			now = now.Add(time.Hour)
		}
		r.Fatalf("never found")
	})
}
