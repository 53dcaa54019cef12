package des

// Each test here is of a bug that was there once, with a line of its history.

import (
	"math"
	"testing"
	"time"
)

// History: Spools measured time from the reply on, not from when the client was away.
//
// What comes while its client is away waits until that is back: an exponential rest of the absence.
// The control is a client that is always there.
func TestAbsentWait(t *testing.T) {
	quick(t)
	t.Parallel()
	for retrieval, usual := range map[Retrieval]float64{Push: 0, Pull: 1.5} {
		c := small()
		c.Retrieval, c.PullEvery, c.SpoolLimit = retrieval, 3*time.Second, 4000
		c.Duration, c.Drain, c.Messages.Every = 4*time.Hour, time.Hour, 20*time.Second
		if w := value(t, run(t, c), "spool_wait_s_mean"); math.Abs(w-usual) > 0.05 {
			t.Errorf("clients that are always there wait %v s, want %v", w, usual)
		}
		c.OnlineFor, c.OfflineFor = 6*time.Minute, 3*time.Minute
		r := run(t, c)
		near(t, "wait in the spool", value(t, r, "spool_wait_s_mean"), 180./3+usual, 0.08)
		near(t, "sum of the parts",
			value(t, r, "queue_wait_s_mean")+value(t, r, "spool_wait_s_mean")+
				float64(c.Layers)*c.MeanHop.Seconds()+4*c.Link.Seconds(),
			value(t, r, "latency_s_mean"), 0.08)
	}
}
