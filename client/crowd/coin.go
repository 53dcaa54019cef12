package crowd

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"time"

	"murmuration/client/person"
	"murmuration/internal/box"
	"murmuration/internal/protocol"
)

// Specification constants (docs/client.md, "The crowd").
const (
	// label keeps the coins apart from whatever else the home's secret is used for.
	label = "murmuration/crowd/v1"
	// Whole is the share of the work slots below which everything is fetched.
	Whole = 0.6
	// YoungSlots is how many slots a listing counts as new, for decoys and after an absence.
	YoungSlots = 8
	// floodFrom is how many times the rate of the last whole period recent slots list in a flood.
	floodFrom = 2
	// settled is how many slots behind the newest one no more listings are waited for.
	settled = 2
)

// coin is what a home's secret says of a listed box, for ever: u decides whether it is fetched, d
// when. Both are uniform in (0, 1).
func coin(key [32]byte, slot box.Slot, e box.Entry) (u, d float64) {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(label))
	var in [4]byte
	binary.BigEndian.PutUint32(in[:], uint32(slot))
	mac.Write(in[:])
	mac.Write(e[:])
	sum := mac.Sum(nil)
	unit := func(b []byte) float64 {
		return (float64(binary.BigEndian.Uint64(b)>>11) + 0.5) / (1 << 53)
	}
	return unit(sum), unit(sum[8:])
}

// after is how long after its listing was read a box is fetched: exponential, by its coin.
func after(mean time.Duration, d float64) time.Duration {
	return time.Duration(-math.Log(d) * float64(mean))
}

// chance is q: the probability with which a box is fetched that nobody here reads. It is one
// whenever the slots carry everything, whatever is read: that is the only value that promises
// anything. Else what is read takes its slots first. The rate is that of a whole period, so that
// a run of boxes moves nothing; that of the recent slots counts in a flood, where they list more
// than there are slots for and much more than the period did, since else a flood would be met with
// the rate of the calm before it. Where they list hardly more it is chance, and a crowd that went
// by the larger of the two would be a tenth smaller.
func (c *Crowd) chance(rate, recent float64) float64 {
	slots := c.slots()
	if recent > max(slots, floodFrom*rate) {
		rate = recent
	}
	if Whole*slots >= rate {
		return 1
	}
	period := protocol.RollSlots * c.net.BulletinEvery.Seconds()
	free := slots - float64(c.reads.last)/period
	return max(0, min(1, c.net.FetchLoad*free/rate))
}

// reads counts what was fetched because it is read.
type reads struct {
	period    box.Slot // roll
	last, now int      // in the last period, and in this one
	streams   map[streamDay]int
}

type streamDay struct {
	token uint64
	day   box.Day
}

// turn goes on to the period of a slot.
func (r *reads) turn(slot box.Slot) {
	period := slot / protocol.RollSlots
	switch {
	case period == r.period:
		return
	case period == r.period+1:
		r.last = r.now
	default:
		r.last = 0
	}
	r.period, r.now = period, 0
}

// within notes boxes of streams, and says whether one of them is among the first so many of its
// stream and day: a stream that has more than its share is not read live.
func (r *reads) within(wants []person.Want, limit int) (ok bool) {
	for _, w := range wants {
		key := streamDay{w.Token, w.Day}
		if r.streams == nil {
			r.streams = map[streamDay]int{}
		}
		r.streams[key]++
		ok = ok || r.streams[key] <= limit
	}
	for key := range r.streams {
		if len(wants) > 0 && key.day+2 < wants[0].Day {
			delete(r.streams, key)
		}
	}
	return ok
}
