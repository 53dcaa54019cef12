package provider

import (
	"testing"
	"time"

	"golang.org/x/time/rate"

	"murmuration/internal/directory"
	"murmuration/internal/transit"
)

// TestBudgets: so many at once and so many later; where there is no rate, nobody is held to one.
func TestBudgets(t *testing.T) {
	for every, want := range map[time.Duration]rate.Limit{-time.Second: rate.Inf, 0: rate.Inf,
		time.Nanosecond: 1.5e9, 3 * time.Second: 0.5} {
		if b := NewBudget(every); b.Limit() != want || b.Burst() != 32 {
			t.Errorf("every %s: %v a second, %d at once", every, b.Limit(), b.Burst())
		}
	}
}

// TestRateOfTheDocument: who is here already is held to the rate of the new document, too.
func TestRateOfTheDocument(t *testing.T) {
	slow := directory.Parameters{PayloadEvery: time.Hour, LoopEvery: time.Hour,
		DropEvery: time.Hour}
	fast := directory.Parameters{PayloadEvery: time.Second, LoopEvery: time.Second,
		DropEvery: time.Second}
	for _, c := range []struct {
		then directory.Parameters
		want int
	}{{slow, 0}, {fast, rateBurst}} {
		edge, now, key := NewEdge(Limits{Spools: 1}), epoch0, SpoolKey{'A'}
		edge.SetDocument(slow)
		edge.Attach(now, key, "")
		for range rateBurst {
			if _, reason := edge.Exchange(now, key, 0); reason != transit.Accepted {
				t.Fatal(reason)
			}
		}
		edge.SetDocument(c.then)
		edge.Exchange(now, key, 0)
		now, got := now.Add(time.Minute), 0
		for range 2 * rateBurst {
			if _, reason := edge.Exchange(now, key, 0); reason == transit.Accepted {
				got++
			}
		}
		if got != c.want {
			t.Errorf("%d frames after a minute, want %d", got, c.want)
		}
	}
}
