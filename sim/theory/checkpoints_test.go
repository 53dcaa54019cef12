package theory

import (
	"fmt"
	"math"
	"testing"

	"murmuration/sim/groundtruth"
)

// fields reads the numbers of a set-up by its pattern, or fails.
func fields(t *testing.T, r groundtruth.Row, pattern string, into ...any) {
	t.Helper()
	if _, err := fmt.Sscanf(r.Setup, pattern, into...); err != nil {
		t.Fatalf("%s: reading the set-up %q: %v", r.ID, r.Setup, err)
	}
}

func must(t *testing.T, r groundtruth.Row, got float64, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s %s %s: %v", r.ID, r.Setup, r.Metric, err)
	} else if diff := math.Abs(got - r.Value); !(diff <= r.Allowed()) {
		t.Errorf("%s %s %s: %.8g, off by %.2g, allowed %.2g", r.ID, r.Setup, r.Metric, got, diff,
			r.Allowed())
	}
	if math.Abs(1.001*got+0.001-r.Value) < r.Allowed() && r.Allowed() < 1e-3*r.Value {
		t.Errorf("%s: control: a value wrong by a thousandth passes", r.ID)
	}
}

func rows(t *testing.T, id string) []groundtruth.Row {
	t.Helper()
	found := groundtruth.Find(id)
	if len(found) == 0 {
		t.Fatalf("no rows %s", id)
	}
	return found
}

func TestPoissonMixRows(t *testing.T) {
	for _, r := range rows(t, "G5") {
		var rho float64
		fields(t, r, "one Poisson mix, rho=lambda/mu=%g,", &rho)
		h, err := PoissonMix(rho)
		must(t, r, h, err)
	}
	for _, r := range rows(t, "F7") {
		var lambda, mu float64
		fields(t, r, "Loopix Fig 4 set-up: one mix lambda=%g mu=%g", &lambda, &mu)
		h, err := PoissonMix(lambda / mu)
		must(t, r, h, err)
	}
}

func TestDelayRows(t *testing.T) {
	for _, r := range rows(t, "G4") {
		var hops, percent int
		fields(t, r, "Erlang(%d,mu)", &hops)
		if _, err := fmt.Sscanf(r.Metric, "p%d_times_mu", &percent); err != nil {
			t.Fatal(err)
		}
		q, err := Erlang{Hops: hops, MeanHop: 1}.Quantile(float64(percent) / 100)
		must(t, r, q, err)
	}
	for _, r := range rows(t, "F8") {
		var perSecond, fixed float64
		fields(t, r, "Loopix Fig 10: Exp(%g/s) per hop, three delayed hops + %g s fixed",
			&perSecond, &fixed)
		delay := Erlang{Hops: 3, MeanHop: 1 / perSecond, Fixed: fixed}
		got, err := delay.Mean()
		if r.Metric == "latency sd s" {
			got, err = delay.SD()
		}
		must(t, r, got, err)
	}
}

func TestErlangEntropyRows(t *testing.T) {
	for _, r := range rows(t, "G7") {
		var layers int
		fields(t, r, "stratified layers=%d", &layers)
		c, err := ErlangEntropy(layers)
		must(t, r, c, err)
	}
}

func TestBatchRows(t *testing.T) {
	for _, r := range rows(t, "G11") {
		var in, kept int
		fields(t, r, "threshold pool mix N=%d in, n=%d kept", &in, &kept)
		h, err := ThresholdPool(in, kept)
		must(t, r, h, err)
	}
	for _, r := range rows(t, "G12") {
		var mean float64
		fields(t, r, "timed mix, mean %g messages a round", &mean)
		h, err := TimedMix(mean)
		must(t, r, h, err)
	}
	for _, r := range rows(t, "G13") {
		var m, p float64
		fields(t, r, "timed binomial mix m=%g p=%g", &m, &p)
		h, err := BinomialMix(m, p)
		must(t, r, h, err)
	}
	for _, r := range rows(t, "G28") {
		var width, layers, messages int
		fields(t, r, "%dx%d cascade, %d messages, each mix hostile with 1/4", &width, &layers,
			&messages)
		h, err := BatchCascade(messages/width, layers, 0.25)
		must(t, r, h, err)
	}
}

func TestAdversaryRows(t *testing.T) {
	for _, r := range rows(t, "G18") {
		var mixes, corrupt, layers int
		fields(t, r, "%d mixes, %d corrupt, balanced, %d layers", &mixes, &corrupt, &layers)
		p, err := PathCompromised(mixes, corrupt, layers)
		must(t, r, p, err)
	}
	for _, r := range rows(t, "G23") {
		var users, batch, rounds int
		fields(t, r, "intersection attack N=%d batch=%d, one friend, rounds=%d", &users, &batch,
			&rounds)
		n, err := IntersectionCandidates(users, batch, rounds)
		must(t, r, n, err)
	}
	for _, r := range rows(t, "G25") {
		var friends int
		fields(t, r, "all %d friends seen", &friends)
		n, err := AllFriendsSeen(friends)
		must(t, r, n, err)
	}
	for _, r := range rows(t, "G26") {
		var users, batch, friends int
		var l float64
		fields(t, r, "statistical disclosure N=%d b=%d m=%d l=%g", &users, &batch, &friends, &l)
		n, err := DisclosureRounds(users, batch, friends, l)
		must(t, r, n, err)
	}
}

// MiXiM's published tables lie within the dense closed form wherever it does not refuse.
func TestDenseClosedFormAgreesWithMiXiM(t *testing.T) {
	answered, refused := 0, 0
	for _, r := range rows(t, "F1") {
		var layers, width int
		var rate, endToEnd float64
		fields(t, r, "stratified layers=%d width=%d net_rate=%f/s link=50ms mean_hop=(%fs", &layers,
			&width, &rate, &endToEnd)
		hop := (endToEnd - float64(layers+1)*0.05) / float64(layers)
		h, err := Stratified{Layers: layers, Width: width, Rate: rate, MeanHop: hop}.Entropy()
		if err != nil {
			refused++
			continue
		}
		answered++
		if math.Abs(h-r.Value) > r.Allowed() {
			t.Errorf("%s: %.4f, published %.4f", r.Setup, h, r.Value)
		}
	}
	if answered < 10 || refused < 5 {
		t.Errorf("%d answered, %d refused", answered, refused)
	}
}
