package provider

import (
	"time"

	"golang.org/x/time/rate"

	"murmuration/mix"
)

const (
	// rateSlack is by how much a budget fills faster than the network's rate.
	rateSlack = mix.Slack
	// rateBurst is the depth of a budget. With the slack above, a full one runs dry for a Poisson
	// stream with probability below e⁻²⁶ (the queue M/D/1 at load 1/1.5, 32 deep, reversed).
	rateBurst = 32
)

// NewBudget holds somebody who may send one frame every so often, on average, to the network's
// rate, with room for the chance crowds of a Poisson stream.
func NewBudget(every time.Duration) *rate.Limiter {
	return rate.NewLimiter(limit(every), rateBurst)
}

// Retune holds somebody to another rate from now on; what is left of the budget stays.
func Retune(budget *rate.Limiter, every time.Duration) {
	if l := limit(every); budget.Limit() != l {
		budget.SetLimit(l)
	}
}

func limit(every time.Duration) rate.Limit {
	if every <= 0 {
		return rate.Inf
	}
	return rate.Limit(rateSlack / every.Seconds())
}
