package des

import (
	"math"
	"slices"

	"murmuration/sim/stat"
)

// work is what people want: one Poisson process for all workloads.
type work struct {
	e       *engine
	clock   clock
	rng     *stat.Rand
	friends []int32   // of each client that has any
	popular []float64 // cumulative weights of recipients
}

func (w *work) init(e *engine) {
	c := &e.cfg
	w.e, w.rng = e, e.random("des work")
	w.clock = newClock(c.messageRate()+c.requestRate()+c.postRate(), w.rng)
	if c.Groups.Count > 0 {
		e.groups.deal()
	}
	if n := c.Messages.Friends; n > 0 {
		w.drawFriends(n)
	}
	if c.Messages.Zipf > 0 {
		w.drawPopularity()
	}
}

func (c *Config) senders() int { return or(c.Messages.Senders, c.Clients) }

func (c *Config) messageRate() float64 {
	return perSecond(c.Messages.Every) * float64(c.senders())
}

func (c *Config) requestRate() float64 {
	return perSecond(c.Requests.Every) * float64(c.Clients)
}

func (c *Config) postRate() float64 {
	return perSecond(c.Groups.Every) * float64(c.Groups.Count)
}

// arise lets something arise that people want.
func (w *work) arise() {
	messages, requests := w.e.cfg.messageRate(), w.e.cfg.requestRate()
	x := w.rng.Float64() * (messages + requests + w.e.cfg.postRate())
	switch {
	case x < messages:
		w.write(int32(w.rng.IntN(w.e.cfg.senders())))
	case x < messages+requests:
		w.e.requests.ask(int32(w.rng.IntN(w.e.cfg.Clients)))
	default:
		w.e.groups.publish(int32(w.rng.IntN(w.e.cfg.Groups.Count)))
	}
}

// write lets a client who is online write to somebody.
func (w *work) write(c int32) {
	if w.e.clients.offline.has(c) {
		return
	}
	to := w.recipient(c)
	w.e.posts.mail(w.e.posts.add(post{author: c, group: none, left: 1}), c, to, 0)
}

// recipient draws to whom a client writes.
func (w *work) recipient(c int32) int32 {
	if n := w.e.cfg.Messages.Friends; n > 0 && int(c) < w.e.cfg.befriended() {
		return w.friends[int(c)*n+w.rng.IntN(n)]
	}
	for {
		to := int32(0)
		if w.popular != nil {
			x := w.rng.Float64() * w.popular[len(w.popular)-1]
			i, _ := slices.BinarySearch(w.popular, x)
			to = int32(i)
		} else {
			to = int32(w.rng.IntN(w.e.cfg.Clients))
		}
		if to != c {
			return to
		}
	}
}

// befriended is how many clients have friends, the first ones.
func (c *Config) befriended() int { return or(c.Messages.FriendsOf, c.Clients) }

// drawFriends draws n different recipients for each client that has friends.
func (w *work) drawFriends(n int) {
	w.friends = make([]int32, 0, n*w.e.cfg.befriended())
	for c := range int32(w.e.cfg.befriended()) {
		from := len(w.friends)
		for len(w.friends) < from+n {
			to := int32(w.rng.IntN(w.e.cfg.Clients))
			if to != c && !slices.Contains(w.friends[from:], to) {
				w.friends = append(w.friends, to)
			}
		}
	}
}

func (w *work) drawPopularity() {
	w.popular = make([]float64, w.e.cfg.Clients)
	sum := 0.0
	for i := range w.popular {
		sum += math.Pow(float64(i+1), -w.e.cfg.Messages.Zipf)
		w.popular[i] = sum
	}
}
