package link

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestClocksAreCompared: who dials learns how far the other clock is ahead; one liar among three
// changes little, and a clock that is set is followed.
func TestClocksAreCompared(t *testing.T) {
	everywhere(t, func(w world) {
		_, to := w.listen(testConfig(1))
		dialler := testConfig(2)
		dialler.Clocks = new(Clocks)
		if _, err := w.dial(dialler, to, Packets); err != nil {
			w.Fatal(err)
		}
		ahead, n := dialler.Clocks.Ahead(time.Now())
		if n != 1 || ahead.Abs() > time.Second {
			w.Errorf("%d clocks, %v ahead on one computer", n, ahead)
		}
		stranger := testConfig(3)
		stranger.Clocks, stranger.Network = new(Clocks), [32]byte{99}
		w.dial(stranger, to, Packets)
		if _, n := stranger.Clocks.Ahead(time.Now()); n != 0 {
			w.Error("a node told its clock to somebody of another network")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		var c Clocks
		now := time.Now()
		const off = time.Second
		for who, ahead := range []time.Duration{time.Hour, time.Hour + off, -9 * time.Hour} {
			c.Hear(PublicKey{byte(who)}, now.Add(ahead), now.Add(-off), now.Add(off))
		}
		if ahead, n := c.Ahead(now); ahead != time.Hour || n != 3 {
			t.Errorf("%v ahead of %d", ahead, n)
		}
		for range 3 { // the same one says it again and again
			c.Hear(PublicKey{2}, now.Add(-9*time.Hour), now, now)
		}
		if ahead, n := c.Ahead(now); ahead != time.Hour || n != 3 {
			t.Errorf("one who dials often counts often: %v of %d", ahead, n)
		}
		for who := range mostClocks {
			c.Hear(PublicKey{9, byte(who)}, now, now, now)
		}
		if ahead, n := c.Ahead(now); ahead != 0 || n != mostClocks {
			t.Errorf("control: %v of %d", ahead, n)
		}
	})
}
