package sender_test

import (
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/counted"
	"murmuration/internal/long"
)

// TestRoundTripsAreCompleted is about lossy links and dead mixes: the share of requests that are
// answered within so many tries. Its short form is TestResend.
func TestRoundTripsAreCompleted(t *testing.T) {
	n := long.Count(t, "MURMUR_ARQ", 1, 0)
	if n == 0 {
		t.Skip("minutes for each thousand: just arq (MURMUR_ARQ=10000)")
	}
	for _, row := range []struct {
		of          string // row of docs/rows.md
		name        string
		loss        float64
		width, dead int // mixes of a layer
		tries       int
		want        float64
	}{
		{"arq", "5 % of packets lost on each link", 0.05, 2, 0, 16, 0.9999},
		{"arq", "10 % lost", 0.10, 2, 0, 32, 0.9999},
		{"arq", "20 % lost", 0.20, 2, 0, 64, 0.998},
		{"dead-mixes", "20 % of the mixes dead", 0, 5, 1, 32, 0.9999},
		{"dead-mixes", "33 % dead", 0, 3, 1, 48, 0.985},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			tries := roundTrips(t, row.loss, row.width, row.dead, n, row.tries)
			within := func(limit int) (done int) {
				for _, k := range tries {
					if k <= limit {
						done++
					}
				}
				return done
			}
			counted.Say(t, row.of, "%s: %d of %d round trips within %d tries, %d within one",
				row.name, within(row.tries), n, row.tries, within(1))
			enough := int(row.want * float64(n))
			if done := within(row.tries); done < enough {
				t.Errorf("%d of %d round trips, expected %d", done, n, enough)
			}
			if within(1) >= enough { // the control: nothing was lost that had to be sent again
				t.Error("one try is enough: the row cannot fail")
			}
		})
	}
}

// roundTrips sends n requests and says of each that was answered at which try, `most` at the
// latest.
func roundTrips(t *testing.T, loss float64, width, dead, n, most int) (tries []int) {
	par := testParameters()
	par.PayloadEvery, par.LoopEvery, par.DropEvery = 10*time.Second, time.Hour, 5*time.Second
	par.EpochLength = 8 * time.Hour
	w := newWideNetwork(t, 11, par, width)
	w.Links.LoseAll(loss)
	w.carries = onlyWork
	w.kill(dead)
	p := w.joinWith(0, sender.Config{Seed: [32]byte{byte(width)}, Queue: n})
	for i := range n {
		r := sender.Request{Token: uint64(i), Op: box.OpDigest, Try: i}
		if err := p.Enqueue(w.Now(), r); err != nil {
			t.Fatal(err)
		}
	}
	sent := map[uint64]int{}
	for p.Waiting() > 0 {
		w.run(time.Minute)
		for _, s := range p.sent {
			if s.Work {
				if sent[s.Token]++; sent[s.Token] > most {
					p.Cancel(s.Token)
				}
			}
		}
		for _, e := range p.events {
			tries = append(tries, sent[e.Token])
		}
		p.sent, p.times, p.events, p.trace = nil, nil, nil, nil
	}
	return tries
}
