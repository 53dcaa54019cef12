package sender

import (
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/internal/directory"
)

func TestWaitDoubles(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	const delays, drop = 2 * time.Second, time.Second
	for n := 1; n < 20; n++ {
		low := (delays + spoolWaits*drop) << min(n-1, doublings)
		for range 100 {
			if w := wait(rng, delays, drop, n); w < low || w > 2*low {
				t.Fatalf("try %d waits %v, not %v to %v", n, w, low, 2*low)
			}
		}
	}
}

// TestHoldThatIsLeft: further tries carry what is left of it, since the holder counts anew.
func TestHoldThatIsLeft(t *testing.T) {
	first := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]uint8{
		-time.Second: 40, 0: 40, 499 * time.Millisecond: 40, 7 * time.Second: 26,
		20 * time.Second: 0, time.Hour: 0,
	} {
		it := &queued{Request: Request{Hold: 40}, first: first, tries: 1}
		if r := it.request(first.Add(after)); r.Hold != want || r.Try != 1 {
			t.Errorf("%v after the first try: %+v", after, r)
		}
	}
	it := &queued{Request: Request{Hold: 40}}
	if r := it.request(first); r.Hold != 40 {
		t.Errorf("the first try holds for %d", r.Hold)
	}
}

func TestWindows(t *testing.T) {
	p, err := directory.Defaults("xwing")
	if err != nil {
		t.Fatal(err)
	}
	one, nine := Expect(p, 1), Expect(p, 9)
	if one.Typical >= nine.Typical || one.Typical >= one.Late ||
		nine.Typical < 9*writeGap(p) {
		t.Errorf("one box %v, nine %v", one, nine)
	}
	for d, want := range map[time.Duration]string{
		1234 * time.Millisecond: "1.2s", 75 * time.Second: "1m15s", 12*time.Minute +
			10*time.Second: "12m",
		60 * time.Minute: "1h", 10 * time.Minute: "10m", 25 * time.Hour: "25h",
	} {
		if got := round(d); got != want {
			t.Errorf("%v reads %q, not %q", d, got, want)
		}
	}
}
