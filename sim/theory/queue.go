package theory

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// Erlang is the delay of a path: Hops exponential delays of mean MeanHop, and Fixed for links and
// processing.
type Erlang struct {
	Hops           int
	MeanHop, Fixed float64
}

func (e Erlang) valid() bool { return e.Hops >= 1 && positive(e.MeanHop) && e.Fixed >= 0 }

// Mean of the delay.
func (e Erlang) Mean() (float64, error) {
	if !e.valid() {
		return outside("%+v", e)
	}
	return float64(e.Hops)*e.MeanHop + e.Fixed, nil
}

// SD is the standard deviation of the delay.
func (e Erlang) SD() (float64, error) {
	if !e.valid() {
		return outside("%+v", e)
	}
	return math.Sqrt(float64(e.Hops)) * e.MeanHop, nil
}

// Quantile of the delay, for 0 ≤ q < 1.
func (e Erlang) Quantile(q float64) (float64, error) {
	if !e.valid() || !(q >= 0 && q < 1) {
		return outside("quantile %g of %+v", q, e)
	}
	return mathext.GammaIncRegInv(float64(e.Hops), q)*e.MeanHop + e.Fixed, nil
}

// CDF is the probability of a delay of at most t.
func (e Erlang) CDF(t float64) (float64, error) {
	if !e.valid() {
		return outside("%+v", e)
	}
	return mathext.GammaIncReg(float64(e.Hops), max(0, t-e.Fixed)/e.MeanHop), nil
}

// Occupancy of a Poisson mix (M/M/∞): the probability of n messages in it t after it started empty,
// with load rho = λ/μ and t in units of 1/μ: Poisson of mean ρ(1 − e^−t); infinite t is the steady
// state, in which what leaves is a Poisson flow again (Mirasol 1963). Domain: ρ > 0, t ≥ 0, n ≥ 0.
func Occupancy(rho, t float64, n int) (float64, error) {
	if !positive(rho) || !(t >= 0) || n < 0 {
		return outside("load %g, time %g, %d messages", rho, t, n)
	}
	mean := -rho * math.Expm1(-t)
	if mean == 0 {
		if n == 0 {
			return 1, nil
		}
		return 0, nil
	}
	return distuv.Poisson{Lambda: mean}.Prob(float64(n)), nil
}

// ClientQueue is a client that wants to send with rate Wanted (Poisson) and whose payload stream
// has a slot at rate Slots (Poisson, λP): an M/M/1 queue, in which a message spends an exponential
// time of rate Slots − Wanted. Domain: 0 < Wanted < Slots; beyond it the queue grows for ever.
type ClientQueue struct{ Wanted, Slots float64 }

func (c ClientQueue) valid() bool { return positive(c.Wanted, c.Slots) && c.Wanted < c.Slots }

// Sojourn is the mean time from wanting to sending.
func (c ClientQueue) Sojourn() (float64, error) {
	if !c.valid() {
		return outside("%+v", c)
	}
	return 1 / (c.Slots - c.Wanted), nil
}

// SojournQuantile for 0 ≤ q < 1.
func (c ClientQueue) SojournQuantile(q float64) (float64, error) {
	if !c.valid() || !(q >= 0 && q < 1) {
		return outside("quantile %g of %+v", q, c)
	}
	return -math.Log1p(-q) / (c.Slots - c.Wanted), nil
}

// Length is the mean number of waiting messages, the one in the slot included.
func (c ClientQueue) Length() (float64, error) {
	if !c.valid() {
		return outside("%+v", c)
	}
	return c.Wanted / (c.Slots - c.Wanted), nil
}
