package stat

import "math"

// Running keeps count, mean and spread of numbers seen one by one (Welford 1962), without storing
// them. Its zero value is empty.
type Running struct {
	n        int
	mean, m2 float64
	min, max float64
}

// Add takes in one number.
func (r *Running) Add(x float64) {
	if r.n == 0 || x < r.min {
		r.min = x
	}
	if r.n == 0 || x > r.max {
		r.max = x
	}
	r.n++
	d := x - r.mean
	r.mean += d / float64(r.n)
	r.m2 += d * (x - r.mean)
}

// Merge takes in all that another has seen (Chan, Golub and LeVeque 1983).
func (r *Running) Merge(o Running) {
	if o.n == 0 {
		return
	}
	if r.n == 0 {
		*r = o
		return
	}
	n, d := float64(r.n+o.n), o.mean-r.mean
	r.mean += d * float64(o.n) / n
	r.m2 += o.m2 + d*d*float64(r.n)*float64(o.n)/n
	r.n += o.n
	r.min, r.max = min(r.min, o.min), max(r.max, o.max)
}

// N is how many numbers were seen.
func (r *Running) N() int { return r.n }

// mean is 0 when nothing was seen.
func (r *Running) Mean() float64 { return r.mean }

// Min and Max are 0 when nothing was seen.
func (r *Running) Min() float64 { return r.min }
func (r *Running) Max() float64 { return r.max }

// Var is the unbiased variance, 0 below two numbers.
func (r *Running) Var() float64 {
	if r.n < 2 {
		return 0
	}
	return r.m2 / float64(r.n-1)
}

// SD is the square root of Var.
func (r *Running) SD() float64 { return math.Sqrt(r.Var()) }

// StdErr is the standard error of the mean of independent numbers, infinite below two.
func (r *Running) StdErr() float64 {
	if r.n < 2 {
		return math.Inf(1)
	}
	return r.SD() / math.Sqrt(float64(r.n))
}
