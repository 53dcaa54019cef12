package world_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"murmuration/internal/counted"
	"murmuration/internal/long"
	"murmuration/sim/world"
)

// TestSkewedClocks: of mixes or people whose clocks are off by up to an eighth of an epoch nobody
// sees anything over three epochs: no packet is dropped, every post is read. Where some are ahead
// and some behind, packets that meet the wrong key are sent again, and every post is read. A layer
// that is off by more drops what it has no key for, each packet with its reason, and posts are
// missing.
func TestSkewedClocks(t *testing.T) {
	mixes, people := []string{"m1", "m2", "m3", "m4", "m5", "m6"}, []string{"alice", "bob"}
	eighth := newWorld(t, world.Config{Null: true}).Genesis().Parameters.EpochLength / 8
	for _, c := range []struct {
		who    string
		ahead  map[string]time.Duration
		drops  bool // packets
		beyond bool // posts are missing
		small  bool // in the small form too
	}{
		{"all mixes ahead", off(eighth, mixes...), false, false, true},
		{"all mixes behind", off(-eighth, mixes...), false, false, false},
		{"people ahead", off(eighth, people...), false, false, false},
		{"people behind", off(-eighth, people...), false, false, false},
		{"half of all ahead, half behind", merge(off(eighth, "m1", "m4", "m5", "alice"),
			off(-eighth, "m2", "m3", "m6", "bob")), true, false, false},
		{"control, a layer an epoch ahead", off(8*eighth, "m3", "m4"), true, true, true},
		{"control, a layer an epoch behind", off(-8*eighth, "m3", "m4"), true, true, false},
	} {
		if !c.small && !long.Set("MURMUR_ROWS") { // just skew
			continue
		}
		read, posted, dropped := skewed(t, c.ahead)
		counted.Say(t, "skew", "%s: %d of %d posts read, %d packets dropped for it", c.who, read,
			posted, dropped)
		if (dropped > 0) != c.drops || (read < posted) != c.beyond {
			t.Errorf("%s: %d of %d posts read, %d packets dropped", c.who, read, posted, dropped)
		}
	}
}

func off(by time.Duration, names ...string) map[string]time.Duration {
	m := map[string]time.Duration{}
	for _, name := range names {
		m[name] = by
	}
	return m
}

func merge(a, b map[string]time.Duration) map[string]time.Duration {
	for name, by := range b {
		a[name] = by
	}
	return a
}

// skewed is how many posts are read in order over three epochs with these clocks, and how many
// packets find no key.
func skewed(t *testing.T, ahead map[string]time.Duration) (read, posted, dropped int) {
	t.Helper()
	w := newWorld(t, world.Config{Seed: 14, Null: true})
	alice, bob := follow(t, w)
	run(t, w, time.Second)
	for name, by := range ahead {
		if p := w.Person(name); p != nil {
			p.SetClock(by)
		} else {
			w.Node(name).SetClock(by)
		}
	}
	var want []string
	for i := range 16 {
		text := fmt.Sprintf("post %d", i)
		want = append(want, text)
		w.After(time.Duration(3*i)*time.Second/2, func() { post(t, alice, text) })
	}
	run(t, w, 45*time.Second)
	got := texts(t, bob)
	if len(got) == len(want) && !slices.Equal(got, want) {
		t.Errorf("read in another order: %q", got)
	}
	for reason, n := range w.Drops() {
		if reason != "drop_stream" {
			dropped += int(n)
		}
	}
	return len(got), len(want), dropped
}
