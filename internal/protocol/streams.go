package protocol

import "time"

// Streams are a client's three Poisson streams, as the network has them: the mean times between two
// slots of each, zero for a stream that there is not, and the share of payload slots that poll a
// watched box. All other payload slots are work: reads and writes that the person wants. Loops poll
// as well.
type Streams struct {
	Payload, Loop, Drop time.Duration
	PollShare           float64
}

// PerSecond is the packets that a client sends a second.
func (s Streams) PerSecond() float64 {
	return per(1, s.Payload) + per(1, s.Loop) + per(1, s.Drop)
}

// PollsPerSecond is how many watched boxes a client asks for a second.
func (s Streams) PollsPerSecond() float64 { return per(s.PollShare, s.Payload) + per(1, s.Loop) }

// SlotsPerSecond is how many slots a second carry requests: those of payload and loops.
func (s Streams) SlotsPerSecond() float64 { return per(1, s.Payload) + per(1, s.Loop) }

// WorkPerSecond is how many requests of the person's a client can send a second.
func (s Streams) WorkPerSecond() float64 { return per(1-s.PollShare, s.Payload) }

// WorkEvery is the mean time between two slots of work.
func (s Streams) WorkEvery() time.Duration {
	return time.Duration(float64(s.Payload) / (1 - s.PollShare))
}

// per is n times in each of these times, by the second.
func per(n float64, every time.Duration) float64 {
	if every <= 0 {
		return 0
	}
	return n / every.Seconds()
}
