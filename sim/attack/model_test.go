package attack

import (
	"errors"
	"math"
	"testing"

	"murmuration/sim/groundtruth"
	"murmuration/sim/stat"
	"murmuration/sim/theory"
	"murmuration/sim/trace"
)

// batches is the model of Danezis (2003): each round the target sends one packet to one of
// its friends, clients 1 to m, and b-1 others send to anybody.
func batches(rng *stat.Rand, users, batch, friends, rounds int) []Round {
	out := make([]Round, rounds)
	for i := range out {
		r := Round{Senders: []int32{0}, Receivers: []int32{int32(1 + rng.IntN(friends))}}
		for range batch - 1 {
			r.Senders = append(r.Senders, int32(1+rng.IntN(users-1)))
			r.Receivers = append(r.Receivers, int32(rng.IntN(users)))
		}
		out[i] = r
	}
	return out
}

func friendsUpTo(m int) []int32 {
	var f []int32
	for i := range m {
		f = append(f, int32(i+1))
	}
	return f
}

// After the number of rounds that theory gives for l standard deviations, most friends are
// among the best scores; after a tenth of it, not.
func TestDisclosureFindsFriendsWhenTheorySays(t *testing.T) {
	t.Parallel()
	const users, batch, friends = 1000, 50, 10
	need, err := theory.DisclosureRounds(users, batch, friends, 3)
	if err != nil {
		t.Fatal(err)
	}
	rng := stat.Seed(1, 0, 0, 0, "batches")
	hit := func(rounds int) float64 {
		var all stat.Running
		for range 10 {
			scores, err := Original.Scores(batches(rng, users, batch, friends, rounds), users, 0)
			if err != nil {
				t.Fatal(err)
			}
			all.Add(scoreDisclosure(scores, 0, friendsUpTo(friends)).HitRate)
		}
		return all.Mean()
	}
	if h := hit(int(need)); h < 0.8 {
		t.Errorf("after %v rounds only %v of the friends are found", need, h)
	}
	if h := hit(int(need) / 10); h > 0.6 {
		t.Errorf("after a tenth of the rounds %v are found already", h)
	}
}

// Every method finds friends without cover; none finds any where there is nothing to find.
func TestEveryDisclosure(t *testing.T) {
	t.Parallel()
	const users, batch, friends = 60, 10, 4
	rng := stat.Seed(2, 0, 0, 0, "batches")
	rounds := batches(rng, users, batch, friends, 600)
	// The target is silent in half of the rounds, as the background estimate needs.
	for i := range rounds {
		if i%2 == 1 {
			rounds[i].Senders, rounds[i].Receivers = rounds[i].Senders[1:], rounds[i].Receivers[1:]
		}
	}
	for _, d := range []Disclosure{Original, Background, LeastSquares} {
		curve, err := Disclose(d, rounds, users,
			[]Target{{Client: 0, Friends: friendsUpTo(friends)}})
		if err != nil {
			t.Fatal(err)
		}
		at, ok := curve.Reaches(0.95)
		if !ok {
			t.Errorf("method %d: %v at the end", d, curve.HitRate[len(curve.HitRate)-1])
		}
		if half, _ := curve.Reaches(0.5); half > at {
			t.Errorf("method %d: half found after %d rounds, all after %d", d, half, at)
		}
		wrong, err := Disclose(d, rounds, users,
			[]Target{{Client: 0, Friends: []int32{50, 51, 52, 53}}})
		if err != nil {
			t.Fatal(err)
		}
		if h := wrong.HitRate[len(wrong.HitRate)-1]; h > 0.5 {
			t.Errorf("method %d finds strangers: %v", d, h)
		}
	}
	if _, err := LeastSquares.Scores(rounds[:10], users, 0); err == nil {
		t.Error("least squares worked on fewer rounds than senders")
	}
	if _, err := Original.Scores(rounds, users, users); err == nil {
		t.Error("a target out of range was accepted")
	}
}

// A background of popular receivers misleads the original attack, not the estimate.
func TestBackgroundHelps(t *testing.T) {
	t.Parallel()
	const users, friends = 200, 5
	rng := stat.Seed(3, 0, 0, 0, "batches")
	rounds := batches(rng, users, 20, friends, 800)
	for i := range rounds {
		for range 10 { // everybody writes to some that are popular
			rounds[i].Senders = append(rounds[i].Senders, int32(1+rng.IntN(users-1)))
			rounds[i].Receivers = append(rounds[i].Receivers, int32(100+rng.IntN(8)))
		}
		if i%2 == 1 {
			rounds[i].Senders, rounds[i].Receivers = rounds[i].Senders[1:], rounds[i].Receivers[1:]
		}
	}
	hit := func(d Disclosure) float64 {
		scores, err := d.Scores(rounds, users, 0)
		if err != nil {
			t.Fatal(err)
		}
		return scoreDisclosure(scores, 0, friendsUpTo(friends)).HitRate
	}
	if o, b := hit(Original), hit(Background); o > 0.5 || b < 0.8 {
		t.Errorf("original %v, with background estimate %v", o, b)
	}
}

func TestScoreDisclosureTies(t *testing.T) {
	t.Parallel()
	friends := []int32{1, 2}
	if d := scoreDisclosure(make([]float64, 11), 0, friends); math.Abs(d.HitRate-d.Guess) > 0.02 ||
		d.MeanRank != 5.5 {
		t.Errorf("all equal: %+v", d)
	}
	if d := scoreDisclosure([]float64{9, 5, 5, 0, 0}, 0, friends); d.HitRate != 1 ||
		d.MeanRank != 1.5 {
		t.Errorf("friends first: %+v", d)
	}
	if d := scoreDisclosure([]float64{0, -1, -1, 0, 0}, 0, friends); d.HitRate != 0 {
		t.Errorf("friends last: %+v", d)
	}
}

// Row G23: candidates left of a passive intersection attack.
func TestIntersectionRows(t *testing.T) {
	t.Parallel()
	const users, batch, trials = 1000, 500, 300
	rows := groundtruth.Find("G23")
	rounds := []int{1, 3, 5}
	if len(rows) != len(rounds) {
		t.Fatalf("%d rows", len(rows))
	}
	rng := stat.Seed(4, 0, 0, 0, "batches")
	var left [5]stat.Running
	for range trials {
		for i, n := range Intersect(batches(rng, users, batch, 1, 5), users, 0) {
			left[i].Add(float64(n))
		}
	}
	for i, row := range rows {
		got := left[rounds[i]-1]
		// The target itself is no candidate here, a share of one in a thousand.
		if diff := math.Abs(got.Mean() - row.Value); diff > 4*got.StdErr()+0.002*row.Value {
			t.Errorf("after %d rounds %v candidates, expected %v, standard error %v", rounds[i],
				got.Mean(), row.Value, got.StdErr())
		}
	}
}

func TestChurn(t *testing.T) {
	t.Parallel()
	left, who := churn([][]int32{{0, 1, 2, 3}, {1, 3, 4}, {3, 4, 1}, {3, 5}}, 6)
	if len(left) != 4 || left[0] != 4 || left[1] != 2 || left[2] != 2 || left[3] != 1 ||
		len(who) != 1 || who[0] != 3 {
		t.Errorf("left %v, candidates %v", left, who)
	}
}

func TestNothingToLearnFrom(t *testing.T) {
	t.Parallel()
	if _, err := Rounds(trace.Parties{}, nil, 0, 0, 0); err == nil {
		t.Error("rounds of no length were accepted")
	}
	if r, err := Rounds(trace.Parties{}, nil, 0, 1, 0); len(r) != 0 || err != nil {
		t.Errorf("an empty trace gave %v, %v", r, err)
	}
	if _, err := Correlate(trace.Parties{}, nil, nil, nil, 0, 0); err == nil {
		t.Error("bins of no length were accepted")
	}
	if _, err := Correlate(trace.Parties{}, nil, nil, nil, 1, 0); !errors.Is(err, errTooFew) {
		t.Errorf("an empty trace gave %v", err)
	}
	if _, err := learn(make([]Example, 100)); err == nil {
		t.Error("a classifier learnt from one class")
	}
	if _, err := Disclose(Original, nil, 10,
		[]Target{{Client: 1, Friends: []int32{2}}}); !errors.Is(err, errTooFew) {
		t.Errorf("no rounds gave %v", err)
	}
}

// The boosted rule sees what a sum cannot: a feature that is extreme on one side only when
// another is not.
func TestLearnsThresholds(t *testing.T) {
	t.Parallel()
	rng := stat.Seed(5, 0, 0, 0, "examples")
	var examples []Example
	for range 2000 {
		e := Example{Active: rng.Float64() < 0.5}
		for i := range e.Features {
			e.Features[i] = rng.Exp()
		}
		if e.Active {
			e.Features[2] = math.Floor(3*rng.Float64()) * 2 // only three values, of the same mean
		}
		examples = append(examples, e)
	}
	c, err := learn(examples[:1000])
	if err != nil {
		t.Fatal(err)
	}
	if auc := c.auc(examples[1000:]); auc < 0.9 {
		t.Errorf("AUC %v", auc)
	}
	for i := range examples { // the control: classes at random
		examples[i].Active = rng.Float64() < 0.5
	}
	if c, err = learn(examples[:1000]); err != nil {
		t.Fatal(err)
	}
	if auc := c.auc(examples[1000:]); math.Abs(auc-0.5) > 0.06 {
		t.Errorf("AUC %v for classes at random", auc)
	}
}
