package guard

import (
	"errors"
	"time"
)

// ErrNoProvider says that a document lists no provider of the name that was asked for.
var ErrNoProvider = errors.New("no provider of this name")

// Implementation constants.
const (
	// patience is how long the guard in use may fail before the other one takes over, counted while
	// this client tries: not while it is off or asleep.
	patience = 24 * time.Hour
	// freshness is for how long one reply says that a guard serves: it is long, since mixes may be
	// down or drop packets, for which changing guards is no remedy.
	freshness = time.Hour
	// enough is the share of the last loops that has to come back where replies are rarer.
	enough = 0.5
	// forgiven is how much of a failure an hour of health makes good, in hours. It is no whole
	// failure, or one reply a day would keep a guard that swallows all others.
	forgiven = 4
	// withheld is the share of a day's bulletins above which a guard is failing, and sample how
	// many it should have passed on before that is looked at.
	withheld = 0.05
	sample   = 128
	// gap is more than lies between two observations of a client that is awake.
	gap = 10 * time.Minute
	// noteEvery is how much of a failure a crash may make it forget.
	noteEvery = 10 * time.Minute
)

// Signs are what is seen of the guard in use. None of them can be had from it for taking a link.
type Signs struct {
	Replied time.Time     // when a reply last came and opened, zero before the first
	Loops   float64       // share of the last Window loops that came back
	Of      int           // how many of those there are
	Window  int           // how many loops are looked at
	Span    time.Duration // in which as many loops are sent
	// Withheld is how many of today's bulletins it did not pass on, by the word of two others, and
	// Expected of how many.
	Withheld, Expected uint64
	// Dry says that it brought none of the write tokens that it was asked for again and again.
	Dry bool
}

// withholds says whether a guard keeps back bulletins.
func (s Signs) withholds() bool {
	return s.Expected >= sample && float64(s.Withheld) > withheld*float64(s.Expected)
}

// health says whether a guard of such signs serves.
func (s Signs) health(now time.Time) bool {
	if s.withholds() || s.Dry || s.Replied.IsZero() {
		return false
	}
	age := now.Sub(s.Replied)
	return age < freshness || s.Of >= s.Window && s.Loops >= enough && age < s.Span
}

// Verdict is what follows from an observation.
type Verdict struct {
	Failed bool // for a day: TakeOver
	Save   bool // the guards have changed by so much that they are to be kept
}

// Observe takes the signs at a time, which are to be taken every few minutes while this client
// tries. A clock that is set, or a computer that slept, counts for nothing.
func (g *Guards) Observe(now time.Time, s Signs) Verdict {
	since := now.Sub(g.seen)
	g.seen, g.healthy, g.withholds, g.dry = now, s.health(now), s.withholds(), s.Dry
	before, given, served := g.Failing/noteEvery, g.Given, g.Served
	switch {
	case since <= 0 || since > gap:
	case g.healthy:
		g.Failing = max(0, g.Failing-forgiven*since)
	default:
		g.Failing = min(patience, g.Failing+since)
	}
	if g.healthy {
		g.Given, g.Served = 0, true
	}
	return Verdict{Failed: g.Failing >= patience,
		Save: before != g.Failing/noteEvery || given != g.Given || served != g.Served}
}

// Healthy says how the guard in use was at the last observation.
func (g *Guards) Healthy() bool { return g.healthy }

// Withholds says whether the guard in use kept back bulletins, at the last observation.
func (g *Guards) Withholds() bool { return g.withholds }

// Dry says whether the guard in use brought no write tokens, at the last observation.
func (g *Guards) Dry() bool { return g.dry }

// Left is for how long the guard in use may go on failing before the other one takes over.
func (g *Guards) Left() time.Duration { return patience - g.Failing }
