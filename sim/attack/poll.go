package attack

import (
	"math"

	"murmuration/sim/trace"
)

// pollIntersection is the attack of a holder that is also the first provider of some
// clients: it compares the times at which a known box is polled with the times at which
// its own clients are online. For each client it sums, over the days, the log-likelihood of
// the polls if that client is a reader against that if all polls come from elsewhere,
// evenly over the day.
type pollIntersection struct {
	Clients int
	// PollEvery is the mean time between two polls of one online reader, nanoseconds; it
	// follows from the network document. Of the two holders a reader asks one for seven polls
	// of eight on a day, the other for one; which, the attack must guess.
	PollEvery float64
	scores    []float64
}

// surely is how far, in nats, the best client must be ahead of the next, and of nobody at
// all, to be named: odds of one thousand to one.
var surely = math.Log(1000)

// dayAtMost bounds what one day can say, in nats. Polls from elsewhere come in sessions too,
// not evenly; a day on which those resemble an innocent's must not decide.
const dayAtMost = 3

// day takes one more day and returns the client whom the attack names, or -1.
func (a *pollIntersection) day(d trace.HolderDay) int32 {
	if a.scores == nil {
		a.scores = make([]float64, a.Clients)
	}
	if len(d.Polls) > 0 {
		for c, s := range a.evidence(d) {
			a.scores[c] += min(max(s, -dayAtMost), dayAtMost)
		}
	}
	return a.named()
}

// evidence is one day's log-likelihood ratio for each client.
func (a *pollIntersection) evidence(d trace.HolderDay) []float64 {
	online := make([]float64, a.Clients)
	during := make([]float64, a.Clients)
	for _, s := range d.Sessions {
		online[s.Client] += float64(s.To - s.From)
		during[s.Client] += float64(pollsIn(d.Polls, s))
	}
	for c := range online {
		preferred := likelihood(d, online[c], during[c], 7./8/a.PollEvery)
		other := likelihood(d, online[c], during[c], 1./8/a.PollEvery)
		online[c] = max(preferred, other) + math.Log1p(math.Exp(-math.Abs(preferred-other))) -
			math.Ln2
	}
	return online
}

// likelihood is the log-likelihood ratio of a day's polls, of which some fell into a client's
// time online, if the client sends polls at this rate while online and the rest come evenly.
func likelihood(d trace.HolderDay, online, during, rate float64) float64 {
	day, all := float64(d.Length), float64(len(d.Polls))
	even := all / day
	rest := max(all-rate*online, 0.5) / day // at least half a poll a day
	return during*math.Log((rest+rate)/even) + (all-during)*math.Log(rest/even) -
		(rest*day + rate*online - all)
}

// pollsIn counts the polls within a session; polls rise.
func pollsIn(polls []int64, s trace.Session) int {
	n := 0
	for _, at := range polls {
		if at >= s.From && at < s.To {
			n++
		}
	}
	return n
}

func (a *pollIntersection) named() int32 {
	best, first, second := int32(-1), surely, math.Inf(-1)
	for c, s := range a.scores {
		switch {
		case s > first:
			best, first, second = int32(c), s, max(first, second)
		case s > second:
			second = s
		}
	}
	if best >= 0 && first-max(second, 0) < surely {
		return -1
	}
	return best
}

// DaysUntilFound runs the attack over the days. It is a scorer: it knows that clients below
// readers read the feed. It returns the day, from 1, on which a reader is first named, or
// false if none is in all the days; and how many days named somebody who is no reader.
func DaysUntilFound(
	days []trace.HolderDay, clients, readers int, pollEvery float64,
) (day int, found bool, wrong int) {
	a := pollIntersection{Clients: clients, PollEvery: pollEvery}
	for i, d := range days {
		switch c := a.day(d); {
		case c < 0:
		case int(c) < readers:
			return i + 1, true, wrong
		default:
			wrong++
		}
	}
	return len(days), false, wrong
}
