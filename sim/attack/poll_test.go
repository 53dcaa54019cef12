package attack_test

import (
	"slices"
	"testing"
	"time"

	"murmuration/sim/attack"
	"murmuration/sim/des"
)

// pollers is the default network seen by the provider of a thousand people who are online
// for eight hours of a day: 32 watched boxes, a quarter of the payload slots (one in 10 s)
// and the loop stream (one in 40 s) poll.
func pollers() des.Pollers {
	return des.Pollers{
		Seed: 3, Days: 365, Providers: 5, Clients: 1000, Readers: 1, Elsewhere: 3,
		PollEvery: 640 * time.Second, OnlineFor: 8 * time.Hour, OfflineFor: 16 * time.Hour,
	}
}

// daysUntilFound is the median over some replications; beyond the horizon it is the horizon.
func daysUntilFound(t *testing.T, p des.Pollers) (median int, found int) {
	t.Helper()
	var all []int
	for i := range 5 {
		p.Replication = uint64(i)
		days, err := p.Run()
		if err != nil {
			t.Fatal(err)
		}
		day, ok, wrong := attack.DaysUntilFound(days, p.Clients, p.Readers, float64(p.PollEvery))
		if wrong > p.Days/20 {
			t.Errorf("an innocent was named on %d days", wrong)
		}
		if ok {
			found++
		}
		all = append(all, day)
	}
	slices.Sort(all)
	return all[len(all)/2], found
}

// Target: more than 90 days for the default. The holder that is also the entry never sees
// the polls of its own clients, so it finds nobody in a year.
func TestPollIntersection(t *testing.T) {
	t.Parallel()
	p := pollers()
	if days, found := daysUntilFound(t, p); found > 0 {
		t.Errorf("%d of 5 readers were found, the median after %d days", found, days)
	}
	// The controls: without that rule, and with two providers in league, the same attack finds
	// the only reader of a feed soon. (With three readers elsewhere it takes ten weeks: their
	// sessions are noise of the same kind as the signal.)
	p.Days, p.Elsewhere = 90, 0
	p.AskOwn = true
	own, found := daysUntilFound(t, p)
	if found < 5 {
		t.Errorf("clients that ask their own provider: only %d of 5 found", found)
	}
	p.AskOwn, p.League = false, true
	league, found := daysUntilFound(t, p)
	if found < 5 {
		t.Errorf("two providers in league: only %d of 5 found", found)
	}
	if own > 30 || league > 30 {
		t.Errorf("median days until found: asking one's own provider %d, two in league %d", own,
			league)
	}
}

// People who are always online cannot be told apart by when they are.
func TestAlwaysOnlineIsNotFound(t *testing.T) {
	t.Parallel()
	p := pollers()
	p.Days, p.League, p.OfflineFor = 90, true, 0
	if days, found := daysUntilFound(t, p); found > 0 {
		t.Errorf("%d of 5 found, the median after %d days", found, days)
	}
}
