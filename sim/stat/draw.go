package stat

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Constants of the 256-layer ziggurat for the exponential density, Marsaglia and Tsang (2000):
// where the tail starts, and the area of each layer.
const (
	tailStart = 7.69711747013104972
	layerArea = 0.0039496598225815571993
)

// edges[i] is the right edge of layer i (layer 0 stands for the base strip and the tail),
// heights[i] the density there.
var edges, heights = ziggurat()

func ziggurat() (x, f [257]float64) {
	x[0] = layerArea * math.Exp(tailStart)
	x[1] = tailStart
	for i := 1; i < 255; i++ {
		x[i+1] = -math.Log(math.Exp(-x[i]) + layerArea/x[i])
	}
	for i := range f {
		f[i] = math.Exp(-x[i])
	}
	return x, f
}

// Exp returns an exponential number of mean 1.
func (r *Rand) Exp() float64 {
	u := r.Uint64()
	layer := u & 255 // bits 0–7; the position takes bits 11–63
	x := float64(u>>11) * 0x1p-53 * edges[layer]
	if x < edges[layer+1] {
		return x
	}
	return r.expEdge(layer, x)
}

// expEdge decides the one draw in fifty that falls outside the part of its layer that is wholly
// under the density.
func (r *Rand) expEdge(layer uint64, x float64) float64 {
	if layer == 0 {
		return tailStart + r.Exp() // the tail of an exponential is one again
	}
	if heights[layer]+r.Float64()*(heights[layer+1]-heights[layer]) < math.Exp(-x) {
		return x
	}
	return r.Exp()
}

// norm returns a normal number of mean 0 and deviation 1.
func (r *Rand) norm() float64 { return distuv.Normal{Mu: 0, Sigma: 1, Src: r}.Rand() }

// Poisson returns a Poisson number; a mean of 0 or less gives 0.
func (r *Rand) Poisson(mean float64) int {
	if mean <= 0 {
		return 0
	}
	return int(distuv.Poisson{Lambda: mean, Src: r}.Rand())
}

// Binomial returns how many of n independent trials of probability p succeed.
func (r *Rand) Binomial(n int, p float64) int {
	if n <= 0 || p <= 0 {
		return 0
	}
	if p >= 1 {
		return n
	}
	return int(distuv.Binomial{N: float64(n), P: p, Src: r}.Rand())
}

// Shuffle permutes n things by swapping, every order equally probable (Fisher–Yates).
func (r *Rand) Shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, r.IntN(i+1))
	}
}
