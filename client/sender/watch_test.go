package sender

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
)

var watchNow = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func newWatched(width int, kept []Decoy) *watched {
	n := uint64(0)
	w := &watched{width: width, turn: time.Minute, rng: rand.New(rand.NewPCG(3, 4)),
		random: func() (id box.ID) {
			n++
			id[0], id[1] = byte(n), byte(n>>8)
			return id
		}}
	w.restore(kept, watchNow, 1)
	return w
}

func target(token uint64, age time.Duration) *place {
	return &place{Target: Target{Token: token, Day: 1, ID: box.ID{255, byte(token)},
		Since: watchNow.Add(-age)}}
}

// picks counts how often each of the real streams was picked in n polls, and how often a decoy.
func picks(w *watched, now time.Time, n int) (real map[uint64]int, decoys int) {
	real = map[uint64]int{}
	for range n {
		if p := w.pick(now, 1); p.until.IsZero() {
			real[p.Token]++
		} else {
			decoys++
		}
	}
	return real, decoys
}

func TestPollsFollowTheWeights(t *testing.T) {
	w := newWatched(3, nil)
	ages := []time.Duration{0, time.Hour, 30 * 24 * time.Hour} // weights 1, 1/2, 1/25
	for i, age := range ages {
		w.real = append(w.real, target(uint64(i), age))
	}
	const n = 20_000
	got, decoys := picks(w, watchNow, n)
	if decoys != 0 {
		t.Errorf("%d polls of decoys with no place left for one", decoys)
	}
	sum := 1 + 0.5 + 0.04
	for i, weight := range []float64{1, 0.5, 0.04} {
		want := n * weight / sum
		if math.Abs(float64(got[uint64(i)])-want) > 5*math.Sqrt(want) {
			t.Errorf("stream %d: %d polls, expected %.0f", i, got[uint64(i)], want)
		}
	}
}

func TestDecoysFillThePlaces(t *testing.T) {
	w := newWatched(8, nil)
	if got, decoys := picks(w, watchNow, 100); len(got) != 0 || decoys != 100 {
		t.Errorf("with nothing to follow: %v, %d", got, decoys)
	}
	w.real = append(w.real, target(1, 0), target(2, 0))
	if n := len(w.places(watchNow)); n != 8 {
		t.Errorf("%d places", n)
	}
	for i := uint64(3); i < 30; i++ {
		w.real = append(w.real, target(i, 0))
	}
	if n := len(w.places(watchNow)); n != 8 {
		t.Errorf("%d places with more streams than there are", n)
	}
}

func TestStreamsTakeTurns(t *testing.T) {
	w := newWatched(4, nil)
	for i := range uint64(10) {
		w.real = append(w.real, target(i, 0))
	}
	seen := map[uint64]int{}
	for turn := range 10 {
		for _, p := range w.places(watchNow.Add(time.Duration(turn) * w.turn)) {
			seen[p.Token]++
		}
	}
	for i := range uint64(10) {
		if seen[i] != 4 { // ten turns of four places for ten streams
			t.Errorf("stream %d had %d turns", i, seen[i])
		}
	}
}

func TestDecoysLiveAndDie(t *testing.T) {
	w := newWatched(64, nil)
	young := 0
	for _, d := range w.decoys {
		if age := watchNow.Sub(d.Since); age < 0 || watchNow.After(d.until) {
			t.Fatalf("a decoy of age %v until %v", age, d.until)
		} else if age < time.Minute {
			young++
		}
	}
	if young > 32 {
		t.Errorf("%d of 64 decoys were born just now: a start would show", young)
	}
	ids := map[box.ID]bool{}
	for _, d := range w.decoys {
		ids[d.ID] = true
	}
	w.freshen(watchNow.Add(time.Second), 1)
	for _, d := range w.decoys {
		if !ids[d.ID] && d.until.After(watchNow.Add(2*decoyLifeMax)) {
			t.Error("a decoy changed for no reason")
		}
	}
	w.freshen(watchNow.Add(time.Second), 2)
	for _, d := range w.decoys {
		if ids[d.ID] || d.Day != 2 {
			t.Fatal("a decoy has the id of yesterday")
		}
	}
	w.freshen(watchNow.Add(decoyLifeMax), 2)
	for _, d := range w.decoys {
		if d.Since.Before(watchNow) {
			t.Error("a decoy outlived the longest life")
		}
	}
}

func TestDecoysAreKept(t *testing.T) {
	w := newWatched(4, nil)
	s := Sender{watched: *w}
	again := newWatched(4, s.Decoys())
	for i := range w.decoys {
		if again.decoys[i].Target != w.decoys[i].Target ||
			!again.decoys[i].until.Equal(w.decoys[i].until) {
			t.Errorf("decoy %d changed over a restart", i)
		}
	}
}

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

func TestWindows(t *testing.T) {
	p, err := directory.Defaults("xwing")
	if err != nil {
		t.Fatal(err)
	}
	one, nine := Expect(p, 1), Expect(p, 9)
	if one.Typical >= nine.Typical || one.Typical >= one.Late ||
		nine.Typical < 9*p.Streams().WorkEvery() {
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
