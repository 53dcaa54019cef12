package box_test

import (
	"encoding/hex"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/protocol"
)

func holders(n int) []box.Holder {
	h := make([]box.Holder, n)
	for i := range h {
		h[i][0] = byte(i + 1)
	}
	return h
}

// TestPlacementExample is the worked example of docs/box.md section 4.
func TestPlacementExample(t *testing.T) {
	id := box.ID(unhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"))
	got := ""
	for _, h := range box.Placement(7, id, holders(4), 4) {
		got += hex.EncodeToString(h[:1])
	}
	if want := placementExample; got != want {
		t.Errorf("order is %s, want %s", got, want)
	}
}

const placementExample = "03040102"

func TestPlacementProperties(t *testing.T) {
	rng := rand.New(chacha(1))
	all := holders(7)
	for range 200 {
		id, _ := box.RandomID(chacha(byte(rng.Uint32())))
		day := box.Day(rng.Uint32())
		two := box.Placement(day, id, all, 2)
		shuffled := slices.Clone(all)
		rng.Shuffle(len(all), func(i, j int) {
			shuffled[i], shuffled[j] = shuffled[j],
				shuffled[i]
		})
		if len(two) != 2 || two[0] == two[1] ||
			!slices.Equal(two, box.Placement(day, id, shuffled, 2)) {
			t.Fatal("placement depends on the order of the list")
		}
		// Who leaves and held nothing here changes nothing; who held is replaced by the third.
		three := box.Placement(day, id, all, 3)
		without := slices.DeleteFunc(slices.Clone(all),
			func(h box.Holder) bool { return h == three[0] })
		if !slices.Equal(box.Placement(day, id, without, 2), three[1:]) {
			t.Fatal("a leaving holder moved more than its own boxes")
		}
	}
	if len(box.Placement(1, box.ID{}, all[:1], 2)) != 1 ||
		len(box.Placement(1, box.ID{}, nil, 2)) != 0 ||
		len(box.Placement(1, box.ID{}, all, 0)) != 0 {
		t.Error("wrong number of holders")
	}
}

// TestPlacementIsEven: chi-square over 7 holders and 14,000 places at α = 10⁻⁴ (critical value 27.9
// for 6 degrees of freedom). The control ignores the id.
func TestPlacementIsEven(t *testing.T) {
	chi := func(fixed bool) (x float64) {
		const n = 7000
		all, count := holders(7), map[box.Holder]int{}
		var id box.ID
		rng := chacha(2)
		for range n {
			if !fixed {
				rng.Read(id[:])
			}
			for _, h := range box.Placement(3, id, all, 2) {
				count[h]++
			}
		}
		for _, h := range all {
			d := float64(count[h]) - 2*n/7.0
			x += d * d / (2 * n / 7.0)
		}
		return x
	}
	if x := chi(false); x > 27.9 {
		t.Errorf("chi-square is %.1f", x)
	}
	if x := chi(true); x < 27.9 {
		t.Errorf("control: chi-square is %.1f", x)
	}
}

func TestDays(t *testing.T) {
	genesis := time.Date(2026, 3, 1, 17, 30, 0, 0, time.UTC)
	east := time.FixedZone("east", 9*3600)
	for _, test := range []struct {
		t    time.Time
		want box.Day
	}{
		{genesis.Add(-48 * time.Hour), 0},
		{genesis, 0},
		{time.Date(2026, 3, 1, 23, 59, 59, 999, time.UTC), 0},
		{time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), 1},
		{time.Date(2026, 3, 2, 8, 59, 0, 0, east), 0},
		{time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC), 365},
		{time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC), math.MaxUint16},
	} {
		if got := box.DayOf(genesis, test.t); got != test.want {
			t.Errorf("day of %v is %d, want %d", test.t, got, test.want)
		}
	}
	if got := box.Day(365).Start(genesis); !got.Equal(time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("day 365 starts at %v", got)
	}
}

func TestCalendar(t *testing.T) {
	genesis := time.Date(2026, 3, 1, 17, 30, 0, 0, time.UTC)
	c := box.Calendar{Genesis: genesis, Retention: 14}
	noon := box.Day(20).Start(genesis).Add(12 * time.Hour)
	for _, test := range []struct {
		now            time.Time
		day            box.Day
		writable, kept bool
	}{
		{noon, 20, true, true},
		{noon, 19, false, true},
		{noon, 21, false, false},
		{noon, 6, false, true},
		{noon, 5, false, false},
		{noon.Add(-11 * time.Hour), 19, true, true},
		{noon.Add(-10*time.Hour - time.Second), 19, true, true},
		{noon.Add(-10 * time.Hour), 19, false, true},
		{noon.Add(-11 * time.Hour), 18, false, true},
		{genesis, 0, true, true},
	} {
		if w, k := c.Writable(test.now, test.day), c.Kept(test.now, test.day); w != test.writable ||
			k != test.kept {
			t.Errorf("%v, day %d: writable %v, kept %v", test.now, test.day, w, k)
		}
	}
	if c.Oldest(noon) != 6 || c.Oldest(genesis) != 0 {
		t.Errorf("oldest day is %d", c.Oldest(noon))
	}
}

// TestTwoDaysAreOpenAfterMidnight, for the grace; before and after it is one.
func TestTwoDaysAreOpenAfterMidnight(t *testing.T) {
	c := box.Calendar{Genesis: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Retention: 3}
	midnight := box.Day(7).Start(c.Genesis)
	for after, want := range map[time.Duration][]box.Day{
		-1: {6}, 0: {6, 7}, protocol.WriteGrace - 1: {6, 7}, protocol.WriteGrace: {7},
		12 * time.Hour: {7}, 24*time.Hour - 1: {7}, 24 * time.Hour: {7, 8},
	} {
		var open []box.Day
		for day := range box.Day(10) {
			if c.Writable(midnight.Add(after), day) {
				open = append(open, day)
			}
		}
		if !slices.Equal(open, want) {
			t.Errorf("%v after midnight the days %v are open, not %v", after, open, want)
		}
	}
}
