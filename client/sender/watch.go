package sender

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"murmuration/internal/box"
)

// Specification constants (docs/client.md, "The watched set").
const (
	weightAge = time.Hour      // a box of this age is polled half as often as a new one
	ageCap    = 24 * time.Hour // beyond it age counts no more
	// polls that a place gets before its turn ends, when there are more streams than places
	turnPolls = 16
	otherPoll = 8 // every so many polls of a box go to its other holder

	decoyLifeMin = 10 * time.Minute // lives of decoys are log-uniform between these two,
	decoyLifeMax = 96 * time.Hour   // as the gaps between posts of a person are
)

// Target is the box that a followed stream waits for. Since is when its index became the next one;
// it stays when the day, and with it the box's id, changes.
type Target struct {
	Token uint64
	Day   box.Day
	ID    box.ID
	Since time.Time
}

// Decoy is a place of the watched set that no real stream needs. Decoys are kept over restarts,
// since a holder would otherwise see which polled boxes are abandoned.
type Decoy struct {
	Day          box.Day
	ID           box.ID
	Since, Until time.Time
}

// place is one watched box and the number of polls that it had.
type place struct {
	Target
	until time.Time // of a decoy; zero in a real one
	polls int
}

func (p *place) request() Request {
	return Request{
		Token: p.Token, Op: box.OpRead, Day: p.Day, Box: box.Box{ID: p.ID},
		Try: p.polls / otherPoll,
	}
}

// watched is the set of W boxes that the poll lane and the loop stream read.
type watched struct {
	width  int
	turn   time.Duration // a turn's length when there are more streams than places
	rng    *rand.Rand
	random func() box.ID
	real   []*place
	decoys []*place
}

// Watch makes t the box that t.Token's stream waits for, in place of the one before it.
func (s *Sender) Watch(t Target) {
	for _, p := range s.watched.real {
		if p.Token == t.Token {
			if p.ID != t.ID {
				p.polls = 0
			}
			p.Target = t
			return
		}
	}
	s.watched.real = append(s.watched.real, &place{Target: t})
}

// Unwatch ends a stream's place; a decoy takes it.
func (s *Sender) Unwatch(token uint64) {
	s.watched.real = slices.DeleteFunc(
		s.watched.real,
		func(p *place) bool { return p.Token == token },
	)
}

// Decoys lists the standing decoys, to be kept and given to the next sender of this person.
func (s *Sender) Decoys() []Decoy {
	var all []Decoy
	for _, p := range s.watched.decoys {
		all = append(all, Decoy{p.Day, p.ID, p.Since, p.until})
	}
	return all
}

// restore fills the decoys: those kept, then new ones whose age is somewhere within their life.
func (w *watched) restore(kept []Decoy, now time.Time, today box.Day) {
	w.decoys = w.decoys[:min(len(w.decoys), w.width)]
	for _, d := range kept[:min(len(kept), w.width)] {
		w.decoys = append(
			w.decoys, &place{Target: Target{Day: d.Day, ID: d.ID, Since: d.Since}, until: d.Until},
		)
	}
	for len(w.decoys) < w.width {
		p := w.decoy(now, today)
		age := time.Duration(w.rng.Float64() * float64(p.until.Sub(now)))
		p.Since, p.until = p.Since.Add(-age), p.until.Add(-age)
		w.decoys = append(w.decoys, p)
	}
}

func (w *watched) decoy(now time.Time, today box.Day) *place {
	spread := math.Log(float64(decoyLifeMax) / float64(decoyLifeMin))
	life := time.Duration(float64(decoyLifeMin) * math.Exp(w.rng.Float64()*spread))
	return &place{Target: Target{Day: today, ID: w.random(), Since: now}, until: now.Add(life)}
}

// freshen lets decoys whose life is over begin a new one, and gives each its id of the day.
func (w *watched) freshen(now time.Time, today box.Day) {
	for i, p := range w.decoys {
		switch {
		case !now.Before(p.until):
			w.decoys[i] = w.decoy(now, today)
		case p.Day != today:
			p.Day, p.ID, p.polls = today, w.random(), 0
		}
	}
}

// places are the W boxes of this moment: real streams, taking turns if they are too many, then
// decoys.
func (w *watched) places(now time.Time) []*place {
	n := len(w.real)
	if n <= w.width {
		return append(slices.Clone(w.real), w.decoys[:w.width-n]...)
	}
	first := int(now.UnixNano() / int64(w.turn) % int64(n) * int64(w.width) % int64(n))
	return append(slices.Clone(w.real[first:]), w.real[:first]...)[:w.width]
}

// pick draws the box to poll: the same weight by age for everybody.
func (w *watched) pick(now time.Time, today box.Day) *place {
	w.freshen(now, today)
	places := w.places(now)
	sum := 0.0
	for _, p := range places {
		sum += weight(now.Sub(p.Since))
	}
	x := w.rng.Float64() * sum
	for _, p := range places {
		if x -= weight(now.Sub(p.Since)); x < 0 {
			return p
		}
	}
	return places[len(places)-1]
}

// weight is 1/(1 + age/1 h), with the age capped at a day.
func weight(age time.Duration) float64 {
	age = max(0, min(age, ageCap))
	return 1 / (1 + float64(age)/float64(weightAge))
}
