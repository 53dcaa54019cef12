package des

import (
	"testing"
	"time"
)

// Everybody fetches what is listed, whether or not it is there, twice soon and then late; who
// leaves false boxes to others leaves them to those who take them for theirs.
func TestBaitsAreFetchedByAll(t *testing.T) {
	quick(t)
	t.Parallel()
	fetchers := func(without Rules) float64 {
		c := listing(100)
		c.Groups.Every, c.Coalition = 24*time.Hour, true
		c.Bulletins.Baits, c.Bulletins.Without = time.Hour, without
		r := run(t, c)
		baits, fetches := 0, 0
		for i, b := range r.Seen.Boxes {
			from, to := int64(c.Warmup), int64(c.Warmup+c.Duration)
			if !r.Labels.Boxes[i].Bait || b.Listed < from || b.Listed+300e9 > to {
				continue
			}
			baits++
			for _, f := range b.Fetches {
				if f.At < b.Listed+300e9 {
					fetches++
				}
			}
		}
		if baits < 5 {
			t.Fatalf("%d baits", baits)
		}
		return float64(fetches) / float64(baits)
	}
	if n := fetchers(0); n < 180 {
		t.Errorf("%v fetches of a bait by 100 clients, each of which tries twice", n)
	}
	if n := fetchers(FalseRule); n < 30 || n > 45 {
		t.Errorf("%v fetches of a bait by 20 members, each of whom tries twice", n)
	}
}
