package demo

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// blocks is into how many means the samples after the warm-up are gathered: neighbouring samples
// depend on each other, distant means hardly do.
const blocks = 12

// slope fits a line to samples taken `perHour` times an hour, leaves out the first third as
// warm-up, and gives the growth in percent of the mean per hour with half of its 95 % interval.
func slope(samples []float64, perHour float64) (growth, half float64) {
	samples = samples[len(samples)/3:]
	size := len(samples) / blocks
	if size == 0 {
		return 0, math.Inf(1)
	}
	hours, means := make([]float64, blocks), make([]float64, blocks)
	for i := range means {
		means[i] = stat.Mean(samples[i*size:(i+1)*size], nil)
		hours[i] = float64(i*size) / perHour
	}
	start, rise := stat.LinearRegression(hours, means, nil, false)
	residue := 0.0
	for i := range means {
		d := means[i] - start - rise*hours[i]
		residue += d * d
	}
	spread := stat.Variance(hours, nil) * (blocks - 1)
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: blocks - 2}.Quantile(0.975)
	mean := stat.Mean(means, nil)
	return 100 * rise / mean, 100 * t * math.Sqrt(residue/(blocks-2)/spread) / mean
}

// TestSlopeTellsALeakFromNoise is the control of the soak: noise alone is no growth, and three
// percent an hour under the same noise is.
func TestSlopeTellsALeakFromNoise(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const perHour = 360
	steady, leaking := make([]float64, 2*perHour), make([]float64, 2*perHour)
	for i := range steady {
		noise := 1 + 0.02*rng.NormFloat64()
		steady[i] = 100 * noise
		leaking[i] = 100 * (noise + 0.03*float64(i)/perHour)
	}
	if growth, half := slope(steady, perHour); growth-half > leakLimit {
		t.Errorf("noise grows by %.2f ± %.2f %% an hour", growth, half)
	}
	if growth, half := slope(leaking, perHour); growth-half <= leakLimit {
		t.Errorf("control: a leak of 3 %% an hour is seen as %.2f ± %.2f %% an hour", growth, half)
	}
}
