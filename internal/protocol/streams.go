package protocol

import "time"

// Streams are a client's three Poisson streams, as the network has them: the mean times between two
// slots of each, zero for a stream that there is not. The slots of payload and loops are work: they
// carry requests.
type Streams struct {
	Payload, Loop, Drop time.Duration
}

// PerSecond is the packets that a client sends a second.
func (s Streams) PerSecond() float64 {
	return per(1, s.Payload) + per(1, s.Loop) + per(1, s.Drop)
}

// WorkPerSecond is how many slots a second carry requests: those of payload and loops.
func (s Streams) WorkPerSecond() float64 { return per(1, s.Payload) + per(1, s.Loop) }

// WorkEvery is the mean time between two slots of work; zero if there are none.
func (s Streams) WorkEvery() time.Duration {
	if rate := s.WorkPerSecond(); rate > 0 {
		return time.Duration(float64(time.Second) / rate)
	}
	return 0
}

// per is n times in each of these times, by the second.
func per(n float64, every time.Duration) float64 {
	if every <= 0 {
		return 0
	}
	return n / every.Seconds()
}
