package level

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"murmuration/sim/scenario"
	"murmuration/sim/stat"
	"murmuration/sim/theory"
)

// Formula is a closed form or exact numeric that a scenario of level "theory" can name.
type Formula struct {
	Name    string
	Args    []string // all are needed; one with "=number" has a default
	Meaning string
	run     func(a args) ([]stat.Metric, error)
}

// args are a formula's arguments by name.
type args map[string]float64

// whole is an argument that counts something; anything else than a whole number leads out of every
// domain.
func (a args) whole(name string) int {
	v := a[name]
	if v != math.Trunc(v) || math.Abs(v) > 1<<40 {
		return math.MinInt32
	}
	return int(v)
}

// one makes a formula's function of one that gives a single number.
func one(name, unit string, f func(args) (float64, error)) func(args) ([]stat.Metric, error) {
	return func(a args) ([]stat.Metric, error) {
		v, err := f(a)
		return []stat.Metric{Exact(name, unit, v)}, err
	}
}

// Formulas lists what level "theory" can compute.
func Formulas() []Formula { return slices.Clone(formulas) }

var formulas = []Formula{
	{"erlang", []string{"hops", "mean", "fixed=0"},
		"delay of a path of exponential hops: mean, deviation, quantiles", erlangDelay},
	{"erlang_entropy", []string{"layers"},
		"constant c of a dense stratified network: H = log2(λ/μ) + c",
		one("c", "bits",
			func(a args) (float64, error) { return theory.ErlangEntropy(a.whole("layers")) })},
	{"poisson_mix", []string{"lambda", "mu=1"},
		"exact mean entropy of one Poisson mix under a global observer",
		one("shannon_bits_mean", "bits",
			func(a args) (float64, error) { return theory.PoissonMix(a["lambda"] / a["mu"]) })},
	{"stratified", []string{"layers", "width", "rate", "mean"},
		"entropy of a dense stratified network", stratified},
	{"threshold_mix", []string{"n"}, "a mix that sends all of n messages",
		one("shannon_bits_mean", "bits",
			func(a args) (float64, error) { return theory.ThresholdMix(a.whole("n")) })},
	{"threshold_pool", []string{"in", "kept"},
		"a mix that waits for `in` messages and keeps `kept`",
		one("shannon_bits_mean", "bits",
			func(a args) (float64, error) {
				return theory.ThresholdPool(a.whole("in"), a.whole("kept"))
			})},
	{"timed_mix", []string{"mean"}, "a mix that sends all it has at every tick",
		one("shannon_bits_mean", "bits",
			func(a args) (float64, error) { return theory.TimedMix(a["mean"]) })},
	{"binomial_mix", []string{"mean", "p"},
		"a timed mix that sends each message with probability p",
		one("shannon_bits_mean", "bits",
			func(a args) (float64, error) { return theory.BinomialMix(a["mean"], a["p"]) })},
	{"batch_cascade", []string{"messages", "mixes", "hostile"},
		"a cascade that messages enter together, each mix hostile with a probability",
		one("shannon_bits_mean", "bits", func(a args) (float64, error) {
			return theory.BatchCascade(a.whole("messages"), a.whole("mixes"), a["hostile"])
		})},
	{"path_compromised", []string{"mixes", "corrupt", "layers"},
		"probability that all mixes of a path are corrupt, drawn without replacement",
		one("path_compromised", "1", func(a args) (float64, error) {
			return theory.PathCompromised(a.whole("mixes"), a.whole("corrupt"), a.whole("layers"))
		})},
	{"path_compromised_balanced", []string{"layers", "width", "corrupt"},
		"the same where each layer has so many corrupt mixes",
		one("path_compromised", "1", func(a args) (float64, error) {
			return theory.PathCompromisedBalanced(a.whole("layers"), a.whole("width"),
				a.whole("corrupt"))
		})},
	{"intersection", []string{"users", "batch", "rounds"},
		"suspects left after an intersection attack on one friend",
		one("candidates", "users", func(a args) (float64, error) {
			return theory.IntersectionCandidates(a.whole("users"), a.whole("batch"),
				a.whole("rounds"))
		})},
	{"all_friends_seen", []string{"friends"}, "mean rounds until each friend was written to",
		one("rounds", "rounds",
			func(a args) (float64, error) { return theory.AllFriendsSeen(a.whole("friends")) })},
	{"disclosure", []string{"users", "batch", "friends", "sigmas"},
		"rounds that a statistical disclosure attack needs",
		one("rounds", "rounds", func(a args) (float64, error) {
			return theory.DisclosureRounds(a.whole("users"), a.whole("batch"), a.whole("friends"),
				a["sigmas"])
		})},
	{"client_queue", []string{"wanted", "slots"}, "a client's payload queue, M/M/1", clientQueue},
	{"occupancy", []string{"lambda", "mu", "time", "n"},
		"probability that a Poisson mix holds n messages some time after it started empty, M/M/∞",
		one("probability", "1", func(a args) (float64, error) {
			return theory.Occupancy(a["lambda"]/a["mu"], a["time"]*a["mu"], a.whole("n"))
		})},
	{"blocking", []string{"let_in", "mu", "loops", "received"},
		"success of an n−1 attack that lets in one in so many messages",
		one("success", "1", func(a args) (float64, error) {
			return theory.BlockingSuccess(a["let_in"], a["mu"], a["loops"], a["received"])
		})},
	{"seen_message", []string{"n", "k", "l", "loops=0"},
		"Loopix Theorem 1: n in, k left, l more came, one leaves", seenMessage},
}

func erlangDelay(a args) ([]stat.Metric, error) {
	e := theory.Erlang{Hops: a.whole("hops"), MeanHop: a["mean"], Fixed: a["fixed"]}
	mean, errMean := e.Mean()
	sd, errSD := e.SD()
	metrics := []stat.Metric{Exact("latency_s_mean", "s", mean), Exact("latency_s_sd", "s", sd)}
	errs := []error{errMean, errSD}
	for _, percent := range []int{50, 90, 95, 99} {
		q, err := e.Quantile(float64(percent) / 100)
		errs = append(errs, err)
		metrics = append(metrics, Exact(fmt.Sprintf("latency_s_p%d", percent), "s", q),
			Exact(fmt.Sprintf("p%d_times_mu", percent), "1", (q-e.Fixed)/e.MeanHop))
	}
	return metrics, errors.Join(errs...)
}

func stratified(a args) ([]stat.Metric, error) {
	s := theory.Stratified{
		Layers: a.whole("layers"), Width: a.whole("width"), Rate: a["rate"], MeanHop: a["mean"],
	}
	h, errShannon := s.Entropy()
	r, errRenyi := s.Renyi2()
	return []stat.Metric{
		Exact("shannon_bits_mean", "bits", h), Exact("renyi2_bits_mean", "bits", r),
	}, errors.Join(errShannon, errRenyi)
}

func clientQueue(a args) ([]stat.Metric, error) {
	q := theory.ClientQueue{Wanted: a["wanted"], Slots: a["slots"]}
	mean, errMean := q.Sojourn()
	length, errLength := q.Length()
	p90, err := q.SojournQuantile(0.9)
	return []stat.Metric{
		Exact("queue_wait_s_mean", "s", mean), Exact("queue_wait_s_p90", "s", p90),
		Exact("queue_length", "messages", length),
	}, errors.Join(errMean, errLength, err)
}

func seenMessage(a args) ([]stat.Metric, error) {
	old, late, err := theory.SeenMessage(a.whole("n"), a.whole("k"), a.whole("l"), a["loops"])
	return []stat.Metric{Exact("old", "1", old), Exact("new", "1", late)}, err
}

// evaluate runs the formula that a scenario names.
func evaluate(s scenario.Scenario) ([]stat.Metric, error) {
	f, a, err := formulaOf(s)
	if err != nil {
		return nil, err
	}
	return f.run(a)
}

// formulaOf finds the formula that a scenario names and its arguments.
func formulaOf(s scenario.Scenario) (Formula, args, error) {
	i := slices.IndexFunc(formulas, func(f Formula) bool { return f.Name == s.Theory.Formula })
	if i < 0 {
		return Formula{}, nil, fmt.Errorf(
			"there is no formula %q\n  `murmur sim check --formulas` lists them.", s.Theory.Formula)
	}
	f, a := formulas[i], args{}
	for _, arg := range f.Args {
		name, preset, hasDefault := strings.Cut(arg, "=")
		v, given := s.Theory.Args[name]
		if !given && !hasDefault {
			return f, nil, fmt.Errorf("formula %s needs the argument %s\n  Add theory.args.%s.",
				f.Name, name, name)
		}
		if !given {
			v, _ = strconv.ParseFloat(preset, 64) // a constant of this file
		}
		a[name] = v
	}
	for _, name := range slices.Sorted(maps.Keys(s.Theory.Args)) {
		if _, known := a[name]; !known {
			return f, nil, fmt.Errorf("formula %s has no argument %s\n  It takes %s.", f.Name, name,
				strings.Join(f.Args, ", "))
		}
	}
	return f, a, nil
}
