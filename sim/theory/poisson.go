package theory

import "math"

// maxLoad bounds the tridiagonal system of PoissonMix (a hundred million unknowns would answer
// nothing more: from a load of 10 on, DenseStratified is within 0.002 bit).
const maxLoad = 1e6

// PoissonMix is the exact mean entropy, under a global observer, of the output that one message
// entering a Poisson mix of load rho = λ/μ becomes. With G(n) the entropy still to come when the
// message is one of n in the pool, the next event is an arrival (rate ρ in units of μ) or a
// departure (rate n), so that (ρ+n)·G(n) − ρ·G(n+1) − (n−1)·G(n−1) = n·h(1/n), and an arriving
// message sees a Poisson pool. Domain: 0 < ρ ≤ 1e6.
func PoissonMix(rho float64) (float64, error) {
	if !positive(rho) || rho > maxLoad {
		return outside("a Poisson mix of load %g", rho)
	}
	g := entropyToCome(rho, int(rho+20*math.Sqrt(rho)+200))
	return overPoisson(rho, func(k int) float64 { return g[min(k+1, len(g)-1)] }), nil
}

// entropyToCome solves the tridiagonal system for n = 1…size (Thomas' algorithm). At its far end,
// which a Poisson pool practically never reaches, G(size+1) is taken to be G(size).
func entropyToCome(rho float64, size int) []float64 {
	ratio, g := make([]float64, size+1), make([]float64, size+1)
	for n := 1; n <= size; n++ {
		k := float64(n)
		diagonal := rho + k - (k-1)*ratio[n-1]
		if n == size {
			diagonal -= rho
		}
		ratio[n] = rho / diagonal
		g[n] = (k*binaryEntropy(1/k) + (k-1)*g[n-1]) / diagonal
	}
	for n := size - 1; n >= 1; n-- {
		g[n] += ratio[n] * g[n+1]
	}
	return g
}

// SeenMessage holds Loopix (2017), Theorem 1 and 2: n messages enter an empty Poisson mix together,
// k of them are left when l more have arrived, and then one leaves. Old is the probability that it
// is a given one of the first n, New that it is a given one of the later l; loops is λM/μ, the rate
// of the mix's own loop messages against that at which one message leaves, and 0 gives Theorem 1.
// The printed Theorem 2 swaps the two labels: an old message, which may have left before, is never
// more probable than a new one. Domain: 1 ≤ k ≤ n, l ≥ 0, loops ≥ 0.
func SeenMessage(n, k, l int, loops float64) (old, new float64, err error) {
	if k < 1 || k > n || l < 0 || !(loops >= 0) {
		old, err = outside("n = %d, k = %d, l = %d, loops = %g", n, k, l, loops)
		return old, old, err
	}
	pool := float64(l + k)
	genuine := pool / (pool + loops) // the share of departures that is no loop
	return float64(k) / (float64(n) * pool) * genuine, genuine / pool, nil
}

// BlockingSuccess is Loopix (2017), section 4.1.3: the success of an n−1 attack that lets in one in
// s of the traffic of rate received, against a mix with own loops of rate loops and mean delay
// 1/mu: s·μ/(s·λM + λR). It is a ratio of rates and a probability only up to 1, so beyond that it
// is refused. Domain: all positive (loops may be 0), s ≥ 1.
func BlockingSuccess(s, mu, loops, received float64) (float64, error) {
	if !positive(s, mu, received) || s < 1 || !(loops >= 0) {
		return outside("s = %g, mu = %g, loops = %g, received = %g", s, mu, loops, received)
	}
	success := s * mu / (s*loops + received)
	if success > 1 {
		return outside("the ratio of rates is %g, which is no probability", success)
	}
	return success, nil
}
