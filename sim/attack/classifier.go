package attack

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"murmuration/sim/stat"
	"murmuration/sim/trace"

	"gonum.org/v1/gonum/mat"
)

// Example is a window whose class is known, for learning: an attacker watches clients of
// its own. Windows to be judged have no class.
type Example struct {
	Features trace.Vector
	Active   bool
}

// classifier tells windows of active clients from windows of idle ones.
type classifier struct {
	mean, scale []float64
	weights     []float64 // of the linear rule
	stumps      []stump
	useStumps   bool
}

// learn fits two rules, Fisher's linear discriminant on the features and their squares,
// which sees sums, and boosted stumps (AdaBoost), which see thresholds, and keeps the one
// that does better on a quarter of the examples that it was not fitted to.
func learn(examples []Example) (*classifier, error) {
	var fit, check []Example
	for i, e := range examples {
		if i%4 == 3 {
			check = append(check, e)
		} else {
			fit = append(fit, e)
		}
	}
	c := &classifier{}
	c.standardise(fit)
	if err := c.fitLinear(fit); err != nil {
		return nil, fmt.Errorf("learning active from idle: %w", err)
	}
	c.fitStumps(fit)
	linear := c.auc(check)
	c.useStumps = true
	if c.auc(check) <= linear {
		c.useStumps = false
	}
	return c, nil
}

func (c *classifier) auc(examples []Example) float64 {
	var negative, positive []float64
	for _, e := range examples {
		if s := c.score(e.Features); e.Active {
			positive = append(positive, s)
		} else {
			negative = append(negative, s)
		}
	}
	return stat.AUC("", negative, positive).Value
}

// score is higher for windows that look active.
func (c *classifier) score(v trace.Vector) float64 {
	x := c.expand(v)
	if c.useStumps {
		return vote(c.stumps, x)
	}
	sum := 0.0
	for i, w := range c.weights {
		sum += w * x[i]
	}
	return sum
}

// expand standardises the features and adds their squares.
func (c *classifier) expand(v trace.Vector) []float64 {
	x := make([]float64, 2*len(v))
	for i := range v {
		z := (v[i] - c.mean[i]) / c.scale[i]
		x[i], x[len(v)+i] = z, z*z
	}
	return x
}

func (c *classifier) standardise(examples []Example) {
	c.mean, c.scale = make([]float64, trace.NumFeatures), make([]float64, trace.NumFeatures)
	for i := range c.mean {
		var r stat.Running
		for _, e := range examples {
			r.Add(e.Features[i])
		}
		c.mean[i], c.scale[i] = r.Mean(), r.SD()
		if !(c.scale[i] > 0) {
			c.scale[i] = 1
		}
	}
}

// fitLinear is Fisher's discriminant: (S+λI)w = μ₁-μ₀.
func (c *classifier) fitLinear(examples []Example) error {
	const n = 2 * trace.NumFeatures
	var sums [2][n]float64
	var counts [2]float64
	for _, e := range examples {
		k := class(e)
		counts[k]++
		for i, x := range c.expand(e.Features) {
			sums[k][i] += x
		}
	}
	if counts[0] < 2 || counts[1] < 2 {
		return errors.New("examples of one class only")
	}
	scatter := mat.NewSymDense(n, nil)
	for _, e := range examples {
		k := class(e)
		x := c.expand(e.Features)
		for i := range x {
			x[i] -= sums[k][i] / counts[k]
		}
		scatter.SymRankOne(scatter, 1/float64(len(examples)), mat.NewVecDense(n, x))
	}
	difference, weights := mat.NewVecDense(n, nil), mat.NewVecDense(n, nil)
	for i := range n {
		difference.SetVec(i, sums[1][i]/counts[1]-sums[0][i]/counts[0])
		scatter.SetSym(i, i, scatter.At(i, i)+1e-3)
	}
	var chol mat.Cholesky
	if !chol.Factorize(scatter) {
		return errors.New("features without spread")
	}
	if err := chol.SolveVecTo(weights, difference); err != nil &&
		!errors.As(err, new(mat.Condition)) {
		return err
	}
	c.weights = weights.RawVector().Data
	return nil
}

func class(e Example) int {
	if e.Active {
		return 1
	}
	return 0
}

// stump votes with its weight for active above the threshold, against it below.
type stump struct {
	feature   int
	threshold float64
	weight    float64
}

const (
	stumpRounds = 40
	stumpCuts   = 16 // thresholds tried per feature, at quantiles
)

func vote(stumps []stump, x []float64) float64 {
	sum := 0.0
	for _, s := range stumps {
		if x[s.feature] > s.threshold {
			sum += s.weight
		} else {
			sum -= s.weight
		}
	}
	return sum
}

// fitStumps is AdaBoost (Freund and Schapire 1997).
func (c *classifier) fitStumps(examples []Example) {
	xs := make([][]float64, len(examples))
	weights := make([]float64, len(examples))
	for i, e := range examples {
		xs[i] = c.expand(e.Features)
		weights[i] = 1 / float64(len(examples))
	}
	cuts := quantiles(xs)
	for range stumpRounds {
		s, err := bestStump(examples, xs, weights, cuts)
		err = min(max(err, 1e-6), 1-1e-6)
		s.weight = math.Log((1-err)/err) / 2
		c.stumps = append(c.stumps, s)
		reweigh(examples, xs, weights, s)
	}
}

// quantiles returns thresholds for each of the plain features; squares add none.
func quantiles(xs [][]float64) [][]float64 {
	cuts := make([][]float64, trace.NumFeatures)
	for f := range cuts {
		column := make([]float64, len(xs))
		for i := range xs {
			column[i] = xs[i][f]
		}
		slices.Sort(column)
		for k := 1; k <= stumpCuts; k++ {
			cuts[f] = append(cuts[f], column[len(column)*k/(stumpCuts+1)])
		}
		cuts[f] = slices.Compact(cuts[f])
	}
	return cuts
}

// bestStump returns the stump furthest from guessing, and its weighted error; an error above
// one half makes its weight negative.
func bestStump(
	examples []Example, xs [][]float64, weights []float64, cuts [][]float64,
) (stump, float64) {
	best, bestErr := stump{}, 0.5
	for f := range cuts {
		for _, cut := range cuts[f] {
			err := 0.0
			for i := range xs {
				if (xs[i][f] > cut) != examples[i].Active {
					err += weights[i]
				}
			}
			if math.Abs(err-0.5) > math.Abs(bestErr-0.5) {
				best, bestErr = stump{feature: f, threshold: cut}, err
			}
		}
	}
	return best, bestErr
}

func reweigh(examples []Example, xs [][]float64, weights []float64, s stump) {
	sum := 0.0
	for i := range xs {
		if (vote([]stump{s}, xs[i]) > 0) == examples[i].Active {
			weights[i] *= math.Exp(-math.Abs(s.weight))
		} else {
			weights[i] *= math.Exp(math.Abs(s.weight))
		}
		sum += weights[i]
	}
	for i := range weights {
		weights[i] /= sum
	}
}

// labelWindows gives windows their class, for learning or for scoring: active means busy
// at some time in the window.
func labelWindows(windows []trace.Window, l *trace.Labels) []Example {
	out := make([]Example, len(windows))
	for i, w := range windows {
		out[i] = Example{Features: w.Features, Active: l.BusyIn(w.Client, w.From, w.To)}
	}
	return out
}

// ActiveOrIdle learns from the windows before a moment and is scored on those after it. The
// upper end of the metric's interval is what an acceptance test compares.
func ActiveOrIdle(windows []trace.Window, l *trace.Labels, moment int64) (stat.Metric, error) {
	windows = slices.Clone(windows)
	slices.SortStableFunc(windows,
		func(a, b trace.Window) int { return cmp.Compare(a.From, b.From) })
	split, _ := slices.BinarySearchFunc(windows, moment,
		func(w trace.Window, t int64) int { return cmp.Compare(w.From, t) })
	c, err := learn(labelWindows(windows[:split], l))
	if err != nil {
		return stat.Metric{}, err
	}
	var negative, positive []float64
	for _, e := range labelWindows(windows[split:], l) {
		if s := c.score(e.Features); e.Active {
			positive = append(positive, s)
		} else {
			negative = append(negative, s)
		}
	}
	return stat.AUC("active_or_idle_auc", negative, positive), nil
}
