package crowd

import (
	"math/rand/v2"
	"slices"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// perEpoch is how many questions about bulletins everybody asks in an epoch.
const perEpoch = 2

// questions are the times at which this client asks about bulletins.
type questions struct {
	began bool
	epoch directory.Epoch
	times []time.Time      // left of this epoch
	last  directory.NodeID // who was asked
}

// turn draws those of an epoch when it has begun. A client that starts in it has missed some.
func (q *questions) turn(s directory.Schedule, at time.Time, rng *rand.Rand) {
	e, err := s.Epoch(at)
	if err != nil || q.began && e == q.epoch {
		return
	}
	late := !q.began
	q.began, q.epoch, q.times = true, e, nil
	for range perEpoch {
		t := s.StartOf(e).Add(time.Duration(rng.Float64() * float64(s.Length)))
		if !late || t.After(at) {
			q.times = append(q.times, t)
		}
	}
	slices.SortFunc(q.times, time.Time.Compare)
}

func (q *questions) due(at time.Time) bool { return len(q.times) > 0 && !q.times[0].After(at) }

func (q *questions) asked(t *try) {
	if t.routine {
		q.times, q.last = q.times[1:], t.Holder
	}
}

// ask offers a question, of another provider than the last one if that can be.
func (c *Crowd) ask(at time.Time, routine bool) bool {
	const draws = 8
	for i := range draws {
		ask, ok := c.cfg.Board.Question(at, c.rng)
		if !ok {
			return false
		}
		if ask.Of != c.questions.last || i == draws-1 {
			c.propose(&try{routine: routine, Fetch: sender.Fetch{
				Op: box.OpBulletin, Holder: ask.Of, Ask: ask.What, Proof: ask.Proof,
			}})
			break
		}
	}
	return true
}
