package boxstream

import (
	"time"

	"murmuration/internal/box"
	"murmuration/internal/protocol"
)

// position says on which day a reader looks for the next box of a stream. A box that is not yet
// written has another id every day, so that there is something to decide (docs/client.md, "Days"):
// today's is polled; yesterday's once more when no holder takes writes for it any longer; after an
// absence the missed days come first, in order.
type position struct {
	Checked box.Day // every day before this one has been looked through
}

// day is the one to look at now.
func (p position) day(cal box.Calendar, now time.Time) box.Day {
	from := max(p.Checked, cal.Oldest(now))
	if !now.Before(closing(cal, from)) {
		return from
	}
	return box.DayOf(cal.Genesis, now)
}

// closing is when the last write for a day can have come.
func closing(cal box.Calendar, d box.Day) time.Time {
	return (d + 1).Start(cal.Genesis).Add(protocol.WriteGrace)
}

// empty notes that a request sent at `sent` did not find the box under day d.
func (p position) empty(cal box.Calendar, d box.Day, sent time.Time) position {
	from := max(p.Checked, cal.Oldest(sent))
	if d == from && !sent.Before(closing(cal, d)) {
		return position{d + 1}
	}
	return p
}

// found notes the day of a box; an author stores the next one on that day at the earliest.
func (p position) found(d box.Day) position { return position{max(p.Checked, d)} }
