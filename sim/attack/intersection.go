package attack

import "slices"

// Intersect is the passive intersection attack: whoever received nothing in a round in
// which the target sent is no friend of a target that has one. It returns the candidates
// left after each such round.
func Intersect(rounds []Round, users int, target int32) []int {
	candidates := everybody(users, target)
	var left []int
	for _, r := range rounds {
		if !slices.Contains(r.Senders, target) {
			continue
		}
		candidates = candidates.keep(r.Receivers)
		left = append(left, candidates.size())
	}
	return left
}

// churn is the intersection of who was online: at each moment of some stream of events
// that belong together, whoever was offline is not their cause. It returns the clients
// that were online every time, in order, and how many were left after each moment.
func churn(online [][]int32, users int) (left []int, candidates []int32) {
	c := everybody(users, -1)
	for _, there := range online {
		c = c.keep(there)
		left = append(left, c.size())
	}
	for i, in := range c {
		if in {
			candidates = append(candidates, int32(i))
		}
	}
	return left, candidates
}

// suspects says of each client whether it is still a candidate.
type suspects []bool

func everybody(users int, but int32) suspects {
	s := slices.Repeat(suspects{true}, users)
	if but >= 0 {
		s[but] = false
	}
	return s
}

func (s suspects) keep(seen []int32) suspects {
	next := make(suspects, len(s))
	for _, c := range seen {
		next[c] = s[c]
	}
	return next
}

func (s suspects) size() int {
	n := 0
	for _, in := range s {
		if in {
			n++
		}
	}
	return n
}
