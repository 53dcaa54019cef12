package attack

import (
	"errors"
	"fmt"
	"slices"

	"murmuration/sim/stat"
	"murmuration/sim/trace"

	"gonum.org/v1/gonum/mat"
)

// Disclosure is a statistical disclosure attack: from rounds of a mix with many senders
// and receivers it gives each receiver a score, higher for those to whom the target
// writes.
type Disclosure uint8

const (
	// Original is Danezis (2003): the mean of what receivers got in the rounds in which the
	// target sent, weighted by how much it sent, less what they would get if all other
	// traffic went to everybody alike.
	Original Disclosure = iota
	// Background is Mathewson and Dingledine (2004): what each receiver gets from others is
	// estimated from the rounds in which the target did not send.
	Background
	// LeastSquares is Pérez-González and Troncoso (2012): the profiles of all senders are
	// fitted at once. It needs at least as many rounds as senders.
	LeastSquares
)

// errTooFew says that there are too few rounds for the attack to say anything.
var errTooFew = errors.New("too few rounds")

// Scores runs the attack on one target among users clients.
func (d Disclosure) Scores(rounds []Round, users int, target int32) ([]float64, error) {
	if target < 0 || int(target) >= users {
		return nil, fmt.Errorf("disclosing target %d of %d", target, users)
	}
	var scores []float64
	err := d.each(tallyAll(rounds), users, []int32{target}, []int{len(rounds)},
		func(_, _ int, s []float64) { scores = s })
	if err != nil {
		return nil, fmt.Errorf("disclosing target %d: %w", target, err)
	}
	if scores == nil {
		return nil, fmt.Errorf("disclosing target %d: %w", target, errTooFew)
	}
	return scores, nil
}

// each runs the attack on several targets after several numbers of rounds, which rise, and
// hands out the scores of each. Where there are too few rounds, it hands out nothing.
func (d Disclosure) each(
	rounds []tallied, users int, targets []int32, stops []int,
	take func(stop, target int, scores []float64),
) error {
	switch d {
	case Original, Background:
		for k, t := range targets {
			means(rounds, users, t, stops, d == Background,
				func(stop int, s []float64) { take(stop, k, s) })
		}
		return nil
	case LeastSquares:
		return leastSquares(rounds, users, targets, stops, take)
	}
	return fmt.Errorf("disclosure method %d is unknown", d)
}

// gathered is what receivers got in some of the rounds.
type gathered struct {
	got    []float64 // packets, by receiver
	sent   float64   // packets of the target
	others float64   // packets of everybody else
}

func (g *gathered) add(r *tallied, sent float64) {
	g.sent += sent
	g.others += r.packets - sent
	for _, c := range r.got {
		g.got[c.client] += c.n
	}
}

// means splits the rounds by whether the target sent and compares them.
func means(
	rounds []tallied, users int, target int32, stops []int, background bool,
	take func(int, []float64),
) {
	with, without := gathered{got: make([]float64, users)}, gathered{got: make([]float64, users)}
	n := 0
	for k, stop := range stops {
		for ; n < stop; n++ {
			if sent := of(rounds[n].sent, target); sent > 0 {
				with.add(&rounds[n], sent)
			} else {
				without.add(&rounds[n], 0)
			}
		}
		switch {
		case with.sent == 0:
		case background && without.others > 0:
			take(k, with.less(without))
		default:
			take(k, with.lessUniform())
		}
	}
}

// lessUniform is the target's profile if others write to everybody alike.
func (g *gathered) lessUniform() []float64 {
	out := make([]float64, len(g.got))
	for i := range out {
		out[i] = (g.got[i] - g.others/float64(len(g.got))) / g.sent
	}
	return out
}

// less is the target's profile if others write as they do without it.
func (g *gathered) less(background gathered) []float64 {
	out := make([]float64, len(g.got))
	for i := range out {
		out[i] = (g.got[i] - g.others*background.got[i]/background.others) / g.sent
	}
	return out
}

// leastSquares fits received = sent * profiles. With X the rounds by senders, the row of a
// target is (XᵀX)⁻¹e applied to Xᵀ·received: one factorisation for all targets, and one
// solution for each. A small ridge keeps senders apart who always send together.
func leastSquares(
	rounds []tallied, users int, targets []int32, stops []int, take func(int, int, []float64),
) error {
	normal := make([]float64, users*users)
	n := 0
	for k, stop := range stops {
		for ; n < stop; n++ {
			addOuter(normal, users, rounds[n].sent)
		}
		if stop < users {
			continue
		}
		ridged := mat.NewSymDense(users, slices.Clone(normal))
		for i := range users {
			ridged.SetSym(i, i, ridged.At(i, i)+1e-6*float64(stop))
		}
		var chol mat.Cholesky
		if !chol.Factorize(ridged) {
			return errors.New("fitting senders: their system is singular")
		}
		for t, target := range targets {
			scores, err := profile(&chol, rounds[:stop], users, target)
			if err != nil {
				return err
			}
			take(k, t, scores)
		}
	}
	return nil
}

// addOuter adds a round to the upper triangle of XᵀX.
func addOuter(normal []float64, users int, counts []count) {
	for i, a := range counts {
		row := normal[int(a.client)*users:]
		for _, b := range counts[i:] {
			row[b.client] += a.n * b.n
		}
	}
}

// profile solves for one target.
func profile(chol *mat.Cholesky, rounds []tallied, users int, target int32) ([]float64, error) {
	unit, weights := mat.NewVecDense(users, nil), mat.NewVecDense(users, nil)
	unit.SetVec(int(target), 1)
	if err := chol.SolveVecTo(weights, unit); err != nil && !errors.As(err, new(mat.Condition)) {
		return nil, fmt.Errorf("fitting senders: %w", err)
	}
	scores := make([]float64, users)
	for i := range rounds {
		weight := 0.0
		for _, s := range rounds[i].sent {
			weight += weights.AtVec(int(s.client)) * s.n
		}
		for _, c := range rounds[i].got {
			scores[c.client] += weight * c.n
		}
	}
	return scores, nil
}

// disclosed is how well scores name the true friends. A scorer made it.
type disclosed struct {
	HitRate  float64 // share of the m best scores that are friends
	MeanRank float64 // of the friends, 1 is best; guessing gives (users+1)/2
	Guess    float64 // hit rate of guessing: m/users
}

// scoreDisclosure compares scores with the true friends of the target, of whom there must be
// at least one. The target itself is left out. Equal scores count as the mean of their ranks.
func scoreDisclosure(scores []float64, target int32, friends []int32) disclosed {
	d := disclosed{Guess: float64(len(friends)) / float64(len(scores)-1)}
	for _, f := range friends {
		above, equal := 0, 0
		for i, s := range scores {
			switch {
			case int32(i) == target || int32(i) == f:
			case s > scores[f]:
				above++
			case s == scores[f]:
				equal++
			}
		}
		d.MeanRank += (1 + float64(above) + float64(equal)/2) / float64(len(friends))
		// Of the places from above to above+equal, which chance would give, so many are
		// among the first m.
		places := float64(len(friends) - above)
		d.HitRate += min(max(places/float64(equal+1), 0), 1) / float64(len(friends))
	}
	return d
}

// Curve is the hit rate of an attack as rounds go by.
type Curve struct {
	Rounds  []int
	HitRate []float64 // mean over the targets
	Rank    []float64 // mean rank of friends
	Guess   float64
}

// Reaches returns the number of rounds from which on the hit rate is at least share,
// and false if the last rounds do not reach it.
func (c Curve) Reaches(share float64) (int, bool) {
	at := -1
	for i := len(c.Rounds) - 1; i >= 0 && c.HitRate[i] >= share; i-- {
		at = i
	}
	if at < 0 {
		return 0, false
	}
	return c.Rounds[at], true
}

// Target is a client and the truth about whom it writes to.
type Target struct {
	Client  int32
	Friends []int32
}

// Friends returns the truth about some clients from labels: everybody they wrote to.
func Friends(l *trace.Labels, clients []int32) []Target {
	targets := make([]Target, len(clients))
	for i, c := range clients {
		targets[i].Client = c
		for _, s := range l.Sent {
			if s.From == c && s.To != c && !slices.Contains(targets[i].Friends, s.To) {
				targets[i].Friends = append(targets[i].Friends, s.To)
			}
		}
	}
	return slices.DeleteFunc(targets, func(t Target) bool { return len(t.Friends) == 0 })
}

// Disclose runs the attack on growing numbers of rounds, each a quarter more than the last,
// and scores it over all targets. Numbers too small for the attack are left out.
func Disclose(d Disclosure, rounds []Round, users int, targets []Target) (Curve, error) {
	var stops []int
	for n := 8; n <= len(rounds); n = min(n*5/4, max(len(rounds), n+1)) {
		stops = append(stops, n)
	}
	var curve Curve
	clients := make([]int32, len(targets))
	for i, t := range targets {
		clients[i] = t.Client
		curve.Guess += float64(len(t.Friends)) / float64(users-1) / float64(len(targets))
	}
	hits, ranks := make([]stat.Running, len(stops)), make([]stat.Running, len(stops))
	err := d.each(tallyAll(rounds), users, clients, stops,
		func(stop, target int, scores []float64) {
			s := scoreDisclosure(scores, targets[target].Client, targets[target].Friends)
			hits[stop].Add(s.HitRate)
			ranks[stop].Add(s.MeanRank)
		})
	if err != nil {
		return Curve{}, fmt.Errorf("disclosing %d targets: %w", len(targets), err)
	}
	for k, n := range stops {
		if hits[k].N() > 0 {
			curve.Rounds = append(curve.Rounds, n)
			curve.HitRate = append(curve.HitRate, hits[k].Mean())
			curve.Rank = append(curve.Rank, ranks[k].Mean())
		}
	}
	if len(curve.Rounds) == 0 {
		return Curve{}, fmt.Errorf("disclosing %d targets in %d rounds: %w", len(targets),
			len(rounds), errTooFew)
	}
	return curve, nil
}
