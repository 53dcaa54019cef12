package sender

import (
	"math/rand/v2"
	"time"

	"murmuration/internal/cover"
	"murmuration/internal/directory"
)

// Stream is one of the three Poisson processes by which a client speaks.
type Stream uint8

// The streams of a client (Loopix section 4): payload λP, loop λL, drop λD.
const (
	Payload Stream = iota
	Loop
	Drop
	streamCount
)

func (s Stream) String() string { return [...]string{"payload", "loop", "drop"}[s] }

// slots is the rhythm of a client: when it speaks, and in which stream. It has generators of its
// own and hears nothing of queues, replies or documents, so that one seed gives one rhythm.
type slots struct {
	streams [streamCount]*cover.Schedule
	rngs    [streamCount]*rand.Rand
}

func newSlots(seeds *seeds, p directory.Parameters, now time.Time) slots {
	var s slots
	for i := range s.rngs {
		s.rngs[i] = seeds.next()
	}
	s.retime(p, now)
	return s
}

// retime begins the streams anew at now with the rates of p: a Poisson process has no memory.
func (s *slots) retime(p directory.Parameters, now time.Time) {
	for i, every := range []time.Duration{p.PayloadEvery, p.LoopEvery, p.DropEvery} {
		s.streams[i] = cover.NewSchedule(s.rngs[i], every, now)
	}
}

// coming is the earliest slot of the three streams; of two at one instant the payload's goes first.
func (s *slots) coming() (Stream, time.Time) {
	first := Payload
	for i := Loop; i < streamCount; i++ {
		if s.streams[i].Next().Before(s.streams[first].Next()) {
			first = i
		}
	}
	return first, s.streams[first].Next()
}

func (s *slots) pass(stream Stream) { s.streams[stream].Advance() }

func (s *slots) skip(now time.Time) {
	for _, stream := range s.streams {
		stream.Skip(now)
	}
}

// seeds hands out independent generators, always in the same order for one seed.
type seeds struct{ root *rand.ChaCha8 }

func newSeeds(seed [32]byte) *seeds { return &seeds{rand.NewChaCha8(seed)} }

func (s *seeds) source() *rand.ChaCha8 {
	var seed [32]byte
	s.root.Read(seed[:]) // never fails
	return rand.NewChaCha8(seed)
}

func (s *seeds) next() *rand.Rand { return rand.New(s.source()) }
