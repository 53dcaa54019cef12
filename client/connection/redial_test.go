package connection

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestRedial: for the better part of a minute a try every few seconds, at times that differ, then
// ever more seldom, once a minute in the end.
func TestRedial(t *testing.T) {
	const clients = 400
	var firsts []time.Duration
	for range clients {
		waits := newRedial(generator())
		quick := time.Duration(0)
		for i := range quickTries {
			d := waits.next()
			if d < redialSoon || d > redialQuick {
				t.Fatalf("try %d after %v", i, d)
			}
			if i == 0 {
				firsts = append(firsts, d)
			}
			quick += d
		}
		if quick < 20*time.Second || quick > time.Minute {
			t.Fatalf("%d tries in %v", quickTries, quick)
		}
		last := time.Duration(0)
		for range 10 {
			last = waits.next()
		}
		if last < redialLast/2 || last > redialLast {
			t.Errorf("at last after %v", last)
		}
		if waits.reset(); waits.next() > redialQuick {
			t.Error("it does not begin anew")
		}
	}
	slices.Sort(firsts)
	second := func(d time.Duration) bool { return d > redialSoon+time.Second }
	if n := slices.IndexFunc(firsts, second); n < clients/5 || n > clients/2 {
		t.Errorf("%d of %d clients come in the first of three seconds", n, clients)
	}
}

// History: Waits were doubled from the first one on, up to five minutes.
//
// TestRestartedGuardIsBackSoon, after any outage of some seconds.
func TestRestartedGuardIsBackSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		c := n.run(home(t), "p2")
		for _, outage := range []time.Duration{1, 5, 10, 20} {
			await(t, "connection", redialQuick+time.Second,
				func() bool { return c.Status().Connected })
			n.close("p2")
			<-time.After(outage * time.Second)
			if c.Status().Connected {
				t.Error("the control: it is connected to who is away")
			}
			n.close()
			await(t, "connection", redialQuick+time.Second,
				func() bool { return c.Status().Connected })
			<-time.After(redialLast + time.Second)
		}
		n.end(c)
	})
}
