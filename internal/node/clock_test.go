package node

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestClockIsWatched: a clock is believed when it has gone evenly for a while, and anew after each
// leap, forwards or back.
func TestClockIsWatched(t *testing.T) {
	var e evenly
	wall, ran := epoch0, time.Duration(0)
	pass := func(d, set time.Duration) bool {
		wall, ran = wall.Add(d+set), ran+d
		return e.sure(wall, ran)
	}
	if pass(0, 0) || pass(clockSure-time.Second, 0) {
		t.Error("a clock is believed at once")
	}
	if !pass(time.Second, 0) || !pass(10*time.Hour, time.Second) {
		t.Error("control: a clock that goes evenly is not believed")
	}
	for _, set := range []time.Duration{time.Hour, -time.Hour} {
		if pass(time.Minute, set) || pass(clockSure-time.Second, 0) {
			t.Errorf("a clock that was set by %v is believed at once", set)
		}
		if !pass(time.Second, 0) {
			t.Errorf("a clock that was set by %v is never believed again", set)
		}
	}
}

// TestKeysOutliveAWrongClock: a home that is opened an hour ahead keeps the keys of now.
func TestKeysOutliveAWrongClock(t *testing.T) {
	dir := t.TempDir()
	before := public(t, openRing(t, dir, epoch0), 0)
	if err := openRing(t, dir, epoch0.Add(9*time.Hour)).close(); err != nil {
		t.Fatal(err)
	}
	k := openRing(t, dir, epoch0)
	if !bytes.Equal(public(t, k, 0), before) {
		t.Error("a clock that was ahead cost the node its key")
	}
	if gone, err := k.expire(epoch0.Add(9 * time.Hour)); err != nil || len(gone) != 1 {
		t.Errorf("control: %v, %v", gone, err)
	}
}

// TestClockWords have the amount, the direction and what to do, and no alarm where clocks agree.
func TestClockWords(t *testing.T) {
	for _, c := range []struct {
		ahead time.Duration
		peers int
		want  string
	}{
		{time.Hour, 3, "it is 1h0m0s behind those of 3 other nodes: set it"},
		{-90 * time.Second, 1, "it is 1m30s ahead of that of one other node: set it"},
		{300 * time.Millisecond, 7, "it agrees with those of 7 other nodes"},
		{0, 0, "not compared"},
	} {
		if got := ClockWords(c.ahead, c.peers); !strings.Contains(got, c.want) {
			t.Errorf("%v of %d: %s", c.ahead, c.peers, got)
		}
	}
}
