package protocol

import (
	"math"
	"time"
)

// WriteGrace is how long after midnight holders still take writes for yesterday (docs/box.md).
const WriteGrace = 2 * time.Hour

// dayLength is that of a UTC day; there are no leap seconds in Go's time.
const dayLength = 24 * time.Hour

// DayOf counts UTC days; the day in which genesis lies is day 0. It saturates at both ends: times
// before are day 0, times after the last day (179 years later) the last day.
func DayOf(genesis, t time.Time) uint16 {
	const seconds = int64(dayLength / time.Second)
	days := floorDiv(t.Unix(), seconds) - floorDiv(genesis.Unix(), seconds)
	return uint16(min(max(days, 0), math.MaxUint16))
}

// DayStart is the first moment of a day.
func DayStart(genesis time.Time, day uint16) time.Time {
	return genesis.UTC().Truncate(dayLength).Add(time.Duration(day) * dayLength)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
