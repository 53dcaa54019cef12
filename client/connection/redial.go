package connection

import (
	"math/rand/v2"
	"time"

	"murmuration/internal/backoff"
)

// Implementation constants. A watcher sees the tries, whose times depend on nothing but when the
// link broke: that somebody uses this provider was seen before.
const (
	// redialSoon and redialQuick are the waits of the first tries, drawn between them: a provider
	// that is started again has its clients back in seconds, and not all at once.
	redialSoon  = time.Second
	redialQuick = 4 * time.Second
	quickTries  = 16
	// redialLast bounds the waits after these, which are doubled. Whoever was connected for as long
	// begins anew.
	redialLast = time.Minute
)

// redial is the waits between the tries to reach the guard.
type redial struct {
	rng   *rand.Rand
	tries int
	later *backoff.Backoff
}

func newRedial(rng *rand.Rand) *redial {
	return &redial{rng: rng, later: backoff.New(redialQuick, redialLast, rng)}
}

// next is the wait after one more try.
func (r *redial) next() time.Duration {
	if r.tries++; r.tries > quickTries {
		return r.later.Next()
	}
	return redialSoon + time.Duration(r.rng.Int64N(int64(redialQuick-redialSoon)+1))
}

func (r *redial) reset() {
	r.tries = 0
	r.later.Reset()
}
