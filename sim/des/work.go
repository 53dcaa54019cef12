package des

import (
	"math"
	"slices"
)

// initWork sets up the workloads: one Poisson process for all of them.
func (e *engine) initWork() {
	c := &e.cfg
	e.work = newClock(e.messageRate()+e.requestRate()+e.postRate(), e.onWork)
	if c.Groups.Count > 0 {
		e.dealGroups()
	}
	if n := c.Messages.Friends; n > 0 {
		e.drawFriends(n)
	}
	if c.Messages.Zipf > 0 {
		e.drawPopularity()
	}
}

func (e *engine) senders() int { return or(e.cfg.Messages.Senders, e.cfg.Clients) }

func (e *engine) messageRate() float64 {
	return perSecond(e.cfg.Messages.Every) * float64(e.senders())
}

func (e *engine) requestRate() float64 {
	return perSecond(e.cfg.Requests.Every) * float64(e.cfg.Clients)
}

func (e *engine) postRate() float64 {
	return perSecond(e.cfg.Groups.Every) * float64(e.cfg.Groups.Count)
}

// arise lets something arise that people want.
func (e *engine) arise() {
	messages, requests := e.messageRate(), e.requestRate()
	x := e.onWork.Float64() * (messages + requests + e.postRate())
	switch {
	case x < messages:
		e.write(int32(e.onWork.IntN(e.senders())))
	case x < messages+requests:
		e.ask(int32(e.onWork.IntN(e.cfg.Clients)))
	default:
		e.publish(int32(e.onWork.IntN(e.cfg.Groups.Count)))
	}
}

// write lets a client who is online write to somebody.
func (e *engine) write(c int32) {
	if e.offline.has(c) {
		return
	}
	to := e.recipient(c)
	e.mail(e.newPost(post{author: c, group: none, left: 1}), c, to, 0)
}

// recipient draws to whom a client writes.
func (e *engine) recipient(c int32) int32 {
	if n := e.cfg.Messages.Friends; n > 0 && int(c) < e.befriended() {
		return e.friends[int(c)*n+e.onWork.IntN(n)]
	}
	for {
		to := int32(0)
		if e.popular != nil {
			x := e.onWork.Float64() * e.popular[len(e.popular)-1]
			i, _ := slices.BinarySearch(e.popular, x)
			to = int32(i)
		} else {
			to = int32(e.onWork.IntN(e.cfg.Clients))
		}
		if to != c {
			return to
		}
	}
}

// befriended is how many clients have friends, the first ones.
func (e *engine) befriended() int { return or(e.cfg.Messages.FriendsOf, e.cfg.Clients) }

// drawFriends draws n different recipients for each client that has friends.
func (e *engine) drawFriends(n int) {
	e.friends = make([]int32, 0, n*e.befriended())
	for c := range int32(e.befriended()) {
		from := len(e.friends)
		for len(e.friends) < from+n {
			to := int32(e.onWork.IntN(e.cfg.Clients))
			if to != c && !slices.Contains(e.friends[from:], to) {
				e.friends = append(e.friends, to)
			}
		}
	}
}

func (e *engine) drawPopularity() {
	e.popular = make([]float64, e.cfg.Clients)
	sum := 0.0
	for i := range e.popular {
		sum += math.Pow(float64(i+1), -e.cfg.Messages.Zipf)
		e.popular[i] = sum
	}
}
