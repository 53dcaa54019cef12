package provider

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/internal/cover"
	"murmuration/internal/directory"
	"murmuration/internal/replay"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
	"murmuration/mix"
)

// spoolDelays are the times, in means, between the arrival of replies and their entry into the
// spool. The driver looks only every `look`.
func spoolDelays(t *testing.T, n int, mean, look time.Duration) []float64 {
	t.Helper()
	e := NewEdge(Limits{Packets: 1, Replies: 2 * n, Spools: 1, PerSpool: n, SpoolAge: time.Hour,
		SpoolIdle: time.Hour, SpooledTotal: n})
	e.SetDocument(directory.Parameters{PayloadEvery: time.Second, LoopEvery: time.Second,
		DropEvery: time.Second})
	e.Relay().SetRules(mix.Rules{DelayLimit: 100 * mean, Next: map[directory.NodeID]struct{}{}})
	e.Relay().OpenEpoch(0, epoch0, epoch0.Add(1000*time.Hour), replay.NewSet(n, replay.Secret{}))
	e.Attach(epoch0, SpoolKey{}, "")
	rng := rand.New(rand.NewPCG(4, 2))
	arrived := map[sphinx.SURBID]time.Time{}
	var delays []float64
	now := epoch0
	for i := 0; len(delays) < n; {
		// a thousand arrivals a second
		for ; i < n && i <= int(now.Sub(epoch0)/time.Millisecond); i++ {
			a := transit.Arrival{Hop: sphinx.Result{Kind: sphinx.Reply,
				Delay: cover.HopDelay(rng, mean, 100*mean)}}
			a.Hop.Tag[0], a.Hop.Tag[1] = byte(i), byte(i>>8)
			a.Hop.SURBID[0], a.Hop.SURBID[1] = byte(i), byte(i>>8)
			if _, reason := e.Receive(now, a); reason != transit.Accepted {
				t.Fatal(reason)
			}
			arrived[a.Hop.SURBID] = now
			e.Persisted(uint64(i) + 1)
		}
		now = now.Add(look)
		if next, ok := e.Next(); look == 0 && ok {
			now = next
			if i < n {
				now = earlier(now, ms(i))
			}
		}
		e.Due(now, nil, nil)
		for down, _ := e.Exchange(now, SpoolKey{}, 0); down.Sequence > 0; down, _ = e.Exchange(now,
			SpoolKey{}, down.Sequence) {
			delays = append(delays, float64(now.Sub(arrived[down.SURBID]))/float64(mean))
		}
	}
	return delays
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// kolmogorovSmirnov is the greatest distance between the sample's distribution and Exp(1), and the
// one that chance exceeds with probability 10⁻⁴.
func kolmogorovSmirnov(sample []float64) (d, critical float64) {
	slices.Sort(sample)
	n := float64(len(sample))
	for i, x := range sample {
		p := 1 - math.Exp(-x)
		d = max(d, math.Abs(p-float64(i)/n), math.Abs(float64(i+1)/n-p))
	}
	return d, math.Sqrt(math.Log(2/1e-4)/2) / math.Sqrt(n)
}

// TestRepliesWaitExponentially: the realised delay of a reply's last hop, before it is spooled. The
// control is a driver that looks only now and then.
func TestRepliesWaitExponentially(t *testing.T) {
	const n, mean = 10_000, 200 * time.Millisecond
	if d, critical := kolmogorovSmirnov(spoolDelays(t, n, mean, 0)); d > critical {
		t.Errorf("the delays are not exponential: D is %.4f, the bound %.4f", d, critical)
	}
	if d, critical := kolmogorovSmirnov(spoolDelays(t, n, mean, mean/4)); d <= critical {
		t.Errorf("control: a driver that looks every 50 ms is not noticed: D is %.4f, the bound "+
			"%.4f", d, critical)
	}
}
