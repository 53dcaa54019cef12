package sender

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/internal/directory"
)

// TestKeysSwitchAtAnyTime of the half grace before an epoch, for each packet another one.
func TestKeysSwitchAtAnyTime(t *testing.T) {
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	s := views{schedule: directory.Schedule{Start: start, Length: time.Hour}}
	rng := rand.New(rand.NewPCG(1, 2))
	const half = 450 * time.Second
	next := start.Add(3 * time.Hour)
	for _, row := range []struct {
		epoch directory.Epoch // of the document
		left  time.Duration   // to the end of epoch 2
		share float64         // with the keys of the next one
	}{
		{2, time.Hour, 0}, {2, half + 1, 0}, {2, half, 0}, {2, half * 3 / 4, 0.25},
		{2, half / 2, 0.5},
		{2, half / 10, 0.9}, {2, 1, 1}, {1, half / 2, 0.5}, {0, half / 2, 0},
	} {
		const n = 4000
		got := 0
		for range n {
			switch e := s.keys(&view{epoch: row.epoch}, 2, next.Add(-row.left), rng); e {
			case 3:
				got++
			case 2:
			default:
				t.Fatalf("keys of epoch %d", e)
			}
		}
		if d := float64(got)/n - row.share; math.Abs(d) > 5*math.Sqrt(0.25/n) ||
			row.share == 0 && got > 0 {
			t.Errorf("%v before the next epoch, document of %d: %d of %d with its keys", row.left,
				row.epoch, got, n)
		}
	}
}

// TestSlowPacketsWaitAtMixes: the time more is given to one mix on each way, to any layer alike,
// and never to a provider.
func TestSlowPacketsWaitAtMixes(t *testing.T) {
	par, err := directory.Defaults("xwing")
	if err != nil {
		t.Fatal(err)
	}
	r := router{
		packets: &packets{route: rand.New(rand.NewPCG(1, 2))},
		view:    &view{net: par, layers: make([][]*node, 3)}, slow: true,
	}
	for _, first := range []int{0, 1} {
		const n = 3000
		var at [5]int
		sum := 0.0
		for range n {
			d, i := r.more(first)
			if d < 0 || d > 4*par.SlowDelay {
				t.Fatalf("%v more", d)
			}
			at[i]++
			sum += d.Seconds()
		}
		for i, count := range at {
			mix := i >= first && i < first+3
			if want := 0.0; mix {
				want = n / 3
				if math.Abs(float64(count)-want) > 5*math.Sqrt(want) {
					t.Errorf("hop %d of %v waits %d times", i, at, count)
				}
			} else if count != 0 {
				t.Errorf("a provider waits: %v", at)
			}
		}
		if mean := sum / n; math.Abs(mean-0.9254*120) > 5*120/math.Sqrt(n) {
			t.Errorf("%.1f s more on average", mean)
		}
	}
	r.slow = false
	if d, _ := r.more(0); d != 0 {
		t.Errorf("a quick packet waits %v more", d)
	}
}
