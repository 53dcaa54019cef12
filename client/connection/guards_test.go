package connection

import (
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// TestGuardIsGivenUpAfterADayOfTries. Time in which nobody tried does not count, nor does a clock
// that is set: back or ahead.
func TestGuardIsGivenUpAfterADayOfTries(t *testing.T) {
	now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	var tried time.Time
	g := guards{Nodes: []directory.NodeID{{1}, {2}}, Seeds: [2]link.Seed{{1}, {2}}}
	saves := 0
	try := func(after time.Duration) bool {
		now = now.Add(after)
		changed, save := g.unreached(now, &tried)
		if save {
			saves++
		}
		return changed
	}
	for _, gap := range []time.Duration{0, 100 * time.Hour, tryGap + 1, -24 * time.Hour} {
		if try(gap) || g.Failing != 0 {
			t.Fatalf("after %v the guard has failed for %v", gap, g.Failing)
		}
	}
	for g.Failing < guardPatience-5*time.Minute {
		if try(5 * time.Minute) {
			t.Fatalf("given up after %v", g.Failing)
		}
	}
	if most := int(guardPatience / noteEvery); saves < most-2 || saves > most {
		t.Errorf("kept %d times in a day", saves)
	}
	if !try(5*time.Minute) || g.Failing != 0 || g.Nodes[0] != (directory.NodeID{2}) ||
		g.Seeds[0] != (link.Seed{2}) {
		t.Errorf("after a day: %+v", g)
	}
	lone := guards{Nodes: []directory.NodeID{{1}}, Failing: 2 * guardPatience}
	tried = now
	if changed, _ := lone.unreached(now.Add(time.Minute), &tried); changed {
		t.Error("the only guard was given up")
	}
}
