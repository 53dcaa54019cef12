package provider

import (
	"math"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/protocol"
	"murmuration/mix"
)

// Demand is what decides how much disk a provider may need.
type Demand struct {
	Clients      int           // that this provider admits
	Providers    int           // that store boxes in the whole network
	Replicas     int           // holders of each box
	PayloadEvery time.Duration // mean time between two payload slots of a client
	PollShare    float64       // of these that poll and never write
	BoxBytes     int           // ciphertext of one box
	Days         int           // that a box is kept, the day of its writing included
}

// Disk bounds the boxes that Clients at each of the Providers leave here, in bytes: every work slot
// a write, Replicas copies spread over all providers. Indexes and half-merged tables come on top,
// less than a tenth with boxes of 8 KiB.
func (d Demand) Disk() int64 {
	// a second, by the clients of one provider
	streams := protocol.Streams{Payload: d.PayloadEvery, PollShare: d.PollShare}
	writes := float64(d.Clients) * streams.WorkPerSecond()
	copies := float64(min(d.Replicas, d.Providers))
	bytes := writes * copies * float64(d.BoxBytes) * float64(d.Days) * 86400
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
	perSecond := s.PerSecond() + s.SlotsPerSecond() + s.PerSecond()
	return mix.Room(float64(clients)*perSecond, mix.KeyInUse(par))
}
