package directory

import (
	"errors"
	"fmt"
	"math"
	"time"

	"murmuration/internal/protocol"
)

// errBeforeStart is the answer to a time before the network's first epoch: usually a wrong clock.
var errBeforeStart = errors.New("before the start of the network")

// phase is a part of an epoch in which the authorities do one thing for the next epoch's document.
type Phase uint8

// The phases, in eighths of the epoch (docs/directory.md).
const (
	PhaseDescriptors Phase = iota // 0 to 3/8: nodes send descriptors
	phaseVotes                    // to 4/8
	PhaseEcho                     // to 5/8
	PhaseSign                     // to 6/8
	phasePublish                  // to 8/8: and collect missing signatures once more
)

// eighths is the end of each phase.
var eighths = [...]int{3, 4, 5, 6, 8}

func (p Phase) String() string {
	return [...]string{"descriptors", "votes", "echo", "sign", "publish"}[min(p, phasePublish)]
}

// Epoch is the epoch that t is in.
func (s Schedule) Epoch(t time.Time) (Epoch, error) {
	d := t.Sub(s.Start)
	if d < 0 {
		return 0, fmt.Errorf("%s is %w (%s); check the clock", t.UTC().Format(time.RFC3339),
			errBeforeStart, s.Start.UTC().Format(time.RFC3339))
	}
	return Epoch(d / s.Length), nil
}

// At is the epoch and the phase that t is in.
func (s Schedule) At(t time.Time) (Epoch, Phase, error) {
	e, err := s.Epoch(t)
	if err != nil {
		return 0, 0, err
	}
	p, err := s.phase(t)
	return e, p, err
}

// StartOf is the first moment of e. It saturates 292 years after the start.
func (s Schedule) StartOf(e Epoch) time.Time {
	if e > Epoch(math.MaxInt64/s.Length) {
		return s.Start.Add(math.MaxInt64)
	}
	return s.Start.Add(time.Duration(e) * s.Length)
}

// phase is the phase that t is in.
func (s Schedule) phase(t time.Time) (Phase, error) {
	if _, err := s.Epoch(t); err != nil {
		return 0, err
	}
	within := t.Sub(s.Start) % s.Length
	for p, end := range eighths {
		if within < s.Length*time.Duration(end)/8 {
			return Phase(p), nil
		}
	}
	return phasePublish, nil
}

// EndOf is the moment at which phase p of epoch e ends.
func (s Schedule) EndOf(e Epoch, p Phase) time.Time {
	return s.StartOf(e).Add(s.Length * time.Duration(eighths[min(p, phasePublish)]) / 8)
}

// DayOf counts UTC days from the day of the start, which is day 0. It saturates at both ends.
func (s Schedule) DayOf(t time.Time) uint16 { return protocol.DayOf(s.Start, t) }
