package des

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// Pollers is the world of a poll intersection attack over many days: too long for the
// whole network, and only two things in it matter, when clients are online and when a box
// is polled. The box is the next of a feed that the adversary knows, so that it finds
// each day's name of it; the adversary's provider is one of its two holders on some days.
type Pollers struct {
	Seed, Cell, Replication uint64

	Days      int
	Providers int // at least 3; the adversary runs one of them, or two
	Clients   int // of the adversary's provider
	Readers   int // of the feed, among those clients
	// Elsewhere is the number of readers at other providers. Theirs are the polls that the
	// adversary sees although they do not help it.
	Elsewhere int

	// PollEvery is the mean time between two polls of the same box by an online reader.
	PollEvery time.Duration
	// OnlineFor and OfflineFor are the means of exponential sessions and absences.
	OnlineFor, OfflineFor time.Duration

	// AskOwn lets clients ask their own provider for boxes, which our protocol forbids
	// when there is another holder, as there always is. League gives the adversary a
	// second provider, whose boxes the clients of the first do ask for.
	AskOwn, League bool
}

// Validate reports what cannot be simulated.
func (p Pollers) Validate() error {
	switch {
	case p.Days < 1 || p.Clients < 2 || p.Providers < 3:
		return fmt.Errorf("checking pollers: %d days, %d clients, %d providers", p.Days, p.Clients,
			p.Providers)
	case p.Readers < 0 || p.Readers > p.Clients || p.Elsewhere < 0:
		return fmt.Errorf("checking pollers: %d readers among %d clients, %d elsewhere", p.Readers,
			p.Clients, p.Elsewhere)
	case p.PollEvery <= 0 || p.OnlineFor <= 0 || p.OfflineFor < 0:
		return errors.New("checking pollers: a mean time is not positive")
	}
	return nil
}

// Run simulates what the adversary sees: one entry per day, in which Polls is empty when it
// holds no box. Clients 0 to Readers-1 are the readers; that is for scorers to know.
func (p Pollers) Run() ([]trace.HolderDay, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	life := stat.Seed(p.Seed, p.Cell, p.Replication, 0, "pollers' sessions")
	polls := stat.Seed(p.Seed, p.Cell, p.Replication, 0, "pollers' polls")
	days := make([]trace.HolderDay, p.Days)
	for i := range days {
		days[i].Length = int64(24 * time.Hour)
	}
	own := make([][]trace.Session, p.Days)
	for c := range p.Clients {
		p.live(int32(c), life, own)
	}
	elsewhere := make([][]trace.Session, p.Days)
	for c := range p.Elsewhere {
		p.live(int32(p.Clients+c), life, elsewhere)
	}
	for d := range days {
		days[d].Sessions = own[d]
		if polls.IntN(p.Providers) < 2 { // one of two holders
			days[d].Polls = p.seen(slices.Concat(own[d], elsewhere[d]), polls)
		}
	}
	return days, nil
}

// live draws the sessions of one client, cut at midnight.
func (p Pollers) live(client int32, rng *stat.Rand, days [][]trace.Session) {
	day, end := int64(24*time.Hour), int64(p.Days)*int64(24*time.Hour)
	on := rng.Float64() < float64(p.OnlineFor)/float64(p.OnlineFor+p.OfflineFor)
	for at := int64(0); at < end; {
		mean := p.OfflineFor
		if on {
			mean = p.OnlineFor
		}
		until := min(at+int64(rng.Exp()*float64(mean))+1, end)
		for from := at; on && from < until; {
			d := from / day
			to := min(until, (d+1)*day)
			days[d] = append(days[d],
				trace.Session{Client: client, From: from - d*day, To: to - d*day})
			from = to
		}
		at, on = until, !on || p.OfflineFor == 0
	}
}

// seen draws the polls of one day that reach the adversary. A reader prefers one of the two
// holders; which, is drawn anew with each day's name of the box.
func (p Pollers) seen(sessions []trace.Session, rng *stat.Rand) []int64 {
	var polls []int64
	sessions = slices.Clone(sessions)
	slices.SortStableFunc(sessions,
		func(a, b trace.Session) int { return cmp.Compare(a.Client, b.Client) })
	share, reader := 0.0, int32(-1)
	for _, s := range sessions {
		if own := int(s.Client) < p.Clients; own &&
			(int(s.Client) >= p.Readers || !p.AskOwn && !p.League) {
			continue
		}
		if s.Client != reader {
			reader, share = s.Client, 1./otherHolderEvery
			if rng.Float64() < 0.5 {
				share = 1 - share
			}
		}
		mean := float64(p.PollEvery) / share
		for at := s.From + int64(rng.Exp()*mean); at < s.To; at += int64(rng.Exp()*mean) + 1 {
			polls = append(polls, at)
		}
	}
	slices.Sort(polls)
	return polls
}
