package attack

import (
	"math"

	"murmuration/internal/protocol"
)

// Route is the density of the time that packets need from one place to another, in steps.
type Route struct {
	step    float64 // seconds
	density []float64
}

const routeStep = 0.25 // seconds

// NewRoute is the time over links of so many seconds, with an exponential delay of each of the
// means given, in seconds, redrawn above limit of them. The network's document says all this.
func NewRoute(links, limit float64, means ...float64) Route {
	r := Route{step: routeStep, density: []float64{1 / routeStep}}
	for _, mean := range means {
		r = r.Delayed(mean, limit)
	}
	lead := make([]float64, int(math.Round(links/routeStep)))
	r.density = append(lead, r.density...)
	return r
}

// Delayed is a route with one more exponential delay: a recursive convolution.
func (r Route) Delayed(mean, limit float64) Route {
	decay := math.Exp(-r.step / mean)
	steps := int(math.Ceil(mean * limit / r.step))
	out := make([]float64, len(r.density)+steps)
	lost := math.Pow(decay, float64(steps+1))
	sum, total := 0.0, 0.0
	for i := range out {
		if i < len(r.density) {
			sum += r.density[i]
		}
		if gone := i - steps - 1; gone >= 0 && gone < len(r.density) {
			sum -= r.density[gone] * lost
		}
		out[i] = max(0, sum)
		total += out[i] * r.step
		sum *= decay
	}
	for i := range out {
		out[i] /= total
	}
	for len(out) > 1 && out[len(out)-1] < 1e-9 {
		out = out[:len(out)-1]
	}
	return Route{r.step, out}
}

// Held is a route at whose end something is held, so many seconds on average and at most three
// times that, and then waits for the end of a slot.
func (r Route) Held(mean, slot float64) Route {
	if mean > 0 {
		r = r.Delayed(mean, protocol.HoldCap)
	}
	n := max(1, int(slot/r.step))
	out := make([]float64, len(r.density)+n)
	for i, d := range r.density {
		for k := range n {
			out[i+k] += d / float64(n)
		}
	}
	return Route{r.step, out}
}

// at is the density of so many nanoseconds, per second.
func (r Route) at(d int64) float64 {
	i := float64(d) / 1e9 / r.step
	if i < 0 || int(i) >= len(r.density) {
		return 0
	}
	return r.density[int(i)]
}

// mean is the mean time, in nanoseconds.
func (r Route) mean() int64 {
	sum := 0.0
	for i, d := range r.density {
		sum += float64(i) * d
	}
	return int64(sum * r.step * r.step * 1e9)
}

func (r Route) longest() int64 { return int64(float64(len(r.density)) * r.step * 1e9) }
