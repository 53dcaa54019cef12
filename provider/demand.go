package provider

import (
	"math"
	"time"

	"murmuration/internal/directory"
	"murmuration/mix"
)

// Demand is what decides how much disk a provider may need.
type Demand struct {
	Listed   int           // boxes that one of its bulletins may list
	Every    time.Duration // length of a bulletin's slot
	BoxBytes int           // ciphertext of one box
	Days     int           // that a box is kept, the day of its writing included
}

// Disk bounds the boxes that are left here, in bytes: more than bulletins can list is not stored,
// whoever writes. Indexes, bulletins and half-merged tables come on top, less than a tenth with
// boxes of 8 KiB.
func (d Demand) Disk() int64 {
	slots := 24 * time.Hour.Seconds() / d.Every.Seconds()
	bytes := float64(d.Listed) * slots * float64(d.BoxBytes) * float64(d.Days)
	if bytes >= math.MaxInt64 {
		return math.MaxInt64 // no disk has it
	}
	return int64(bytes)
}

// Tags bounds the replay tags that one key of a provider must have room for while it is in use,
// when every client of every provider sends as much as its budget lets through: of each client the
// packets of all three streams come in here, loops and replies come back here, and one provider in
// as many gets its requests and drops. So nobody can fill the set of an epoch by sending, after
// which the provider would pass nothing on.
func Tags(clients int, par directory.Parameters) int {
	s := par.Streams()
	perSecond := s.PerSecond() + s.WorkPerSecond() + s.PerSecond()
	return mix.Room(float64(clients)*perSecond, mix.KeyInUse(par))
}
