package box

import (
	"time"

	"murmuration/internal/protocol"
)

// Day counts UTC days; day 0 is the one in which the network's genesis lies.
type Day uint16

// DayOf is the day in which t lies. Times before the genesis are day 0, times after the last day
// (179 years later) the last day.
func DayOf(genesis, t time.Time) Day {
	return Day(protocol.DayOf(genesis, t))
}

// Start is the first moment of the day.
func (d Day) Start(genesis time.Time) time.Time {
	return protocol.DayStart(genesis, uint16(d))
}

// Calendar says which days are open at a given time.
type Calendar struct {
	Genesis   time.Time // from the genesis file
	Retention int       // full days that a box is kept after the day of its writing
}

// Writable reports whether holders take writes for the day: today, and yesterday within the grace
// after midnight.
func (c Calendar) Writable(now time.Time, d Day) bool {
	return d == DayOf(c.Genesis, now) || d == DayOf(c.Genesis, now.Add(-protocol.WriteGrace))
}

// Kept reports whether the day's boxes still exist.
func (c Calendar) Kept(now time.Time, d Day) bool {
	return d >= c.Oldest(now) && d <= DayOf(c.Genesis, now)
}

// Oldest is the first day still kept; stores drop what is before it.
func (c Calendar) Oldest(now time.Time) Day {
	return Day(max(int(DayOf(c.Genesis, now))-c.Retention, 0))
}
