package attack

import (
	"math"
	"slices"

	"murmuration/sim/stat"
)

// NeverNamed is more events than anybody waits for.
const NeverNamed = 1_000_000

// EventsToName is after how many events the sum of a victim's evidence is the greatest among so
// many candidates in 95 of 100 cases, given what one event says of victims and of others;
// NeverNamed if that takes longer. It is a scorer: it knows which is which.
func EventsToName(victims, others []float64, candidates int, rng *stat.Rand) int {
	if len(victims) < 2 || len(others) < 2 {
		return NeverNamed
	}
	for n := 1; n < NeverNamed; n += 1 + n/20 {
		named := 0.0
		if n <= byDrawing {
			named = namedByDrawing(victims, others, candidates, n, rng)
		} else {
			named = namedByMoments(victims, others, candidates, n)
		}
		if named >= 0.95 {
			return n
		}
	}
	return NeverNamed
}

const (
	byDrawing = 24  // events above which sums are normal
	trials    = 400 // sums drawn
)

// NamedAfter is the chance that a victim is named after so many events.
func NamedAfter(n int, victims, others []float64, candidates int, rng *stat.Rand) float64 {
	return namedByDrawing(victims, others, candidates, n, rng)
}

func namedByDrawing(victims, others []float64, candidates, n int, rng *stat.Rand) float64 {
	sum := func(of []float64) (s float64) {
		for range n {
			s += of[rng.IntN(len(of))]
		}
		return s
	}
	pool := make([]float64, 100*trials)
	for i := range pool {
		pool[i] = sum(others)
	}
	slices.Sort(pool)
	named := 0.0
	for range trials {
		v := sum(victims)
		i, _ := slices.BinarySearch(pool, v)
		below := float64(i) / float64(len(pool))
		named += math.Pow(below, float64(candidates-1)) / trials
	}
	return named
}

func namedByMoments(victims, others []float64, candidates, n int) float64 {
	v, o := moments(victims), moments(others)
	root := math.Sqrt(float64(n))
	named := 0.0
	const step = 0.05
	for x := -5.0; x < 5; x += step {
		sum := float64(n)*(v.Mean()-o.Mean()) + x*v.SD()*root
		below := 0.5 * math.Erfc(-sum/(o.SD()*root)/math.Sqrt2)
		named += math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) * step *
			math.Pow(below, float64(candidates-1))
	}
	return named
}

func moments(of []float64) (r stat.Running) {
	for _, x := range of {
		r.Add(x)
	}
	return r
}
