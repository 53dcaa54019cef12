package level

import (
	"time"

	"murmuration/sim/attack"
	"murmuration/sim/des"
	"murmuration/sim/scenario"
	"murmuration/sim/stat"
)

// pollers is the world of the attack by polls.
func pollers(c scenario.Cell) des.Pollers {
	s := c.Scenario
	readers := s.Workload.GroupSize - 1
	own := max(1, readers/s.Topology.Providers)
	world := des.Pollers{
		Seed: uint64(s.Seed), Cell: uint64(c.Index),
		Days: s.Adversary.Rounds, Providers: s.Topology.Providers,
		Clients: max(2, s.Clients.Count/s.Topology.Providers),
		Readers: own, Elsewhere: readers - own, PollEvery: pollEvery(s),
		OnlineFor: s.Clients.Session.Duration, OfflineFor: s.Clients.Absence.Duration,
	}
	if world.OnlineFor == 0 {
		world.OnlineFor = time.Duration(world.Days) * 24 * time.Hour // always
	}
	return world
}

// pollIntersection is the attack of a provider that holds a box of a feed and is the first provider
// of some of its readers, over so many days: does it find one, and after how many days. Days that
// end without are counted in full.
func (p eventPlan) pollIntersection() (Replication, error) {
	world := p.polls
	days, err := world.Run()
	if err != nil {
		return Replication{}, err
	}
	day, found, wrong := attack.DaysUntilFound(days, world.Clients, world.Readers,
		float64(world.PollEvery))
	share := 0.0
	if found {
		share = 1
	}
	return Replication{Metrics: []stat.Metric{
		plain("poll_found", "1", share), plain("poll_days", "days", float64(day)),
		plain("poll_days_wrong", "days", float64(wrong)),
	}}, nil
}

// pollEvery is the mean time between two polls of one box by one reader who watches as many as the
// network says.
func pollEvery(s scenario.Scenario) time.Duration {
	rate := des.Polls(s.Boxes.PollShare.Of, s.Clients.PayloadEvery.Duration,
		s.Clients.LoopEvery.Duration)
	return time.Duration(float64(time.Second) * float64(max(1, s.Boxes.Watched)) / rate)
}
