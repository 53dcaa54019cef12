package attack

import (
	"fmt"
	"math"

	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// Flow is a guess that one client sends to another: the higher the score, the surer.
type Flow struct {
	From, To int32
	Score    float64
}

// Correlate compares how many packets each of some clients sent in each bin of time, in
// nanoseconds, with how many each of some others received lag later: the correlation of the
// two counts, for all pairs of different clients.
func Correlate(
	p trace.Parties, events []trace.Event, from, to []int32, bin, lag int64,
) ([]Flow, error) {
	if bin <= 0 || lag < 0 {
		return nil, fmt.Errorf("correlating flows in bins of %d ns with lag %d ns", bin, lag)
	}
	if len(events) == 0 || events[len(events)-1].At < 2*bin+lag {
		return nil, fmt.Errorf("correlating flows: %w", errTooFew)
	}
	bins := int((events[len(events)-1].At - lag) / bin)
	up, down := rows(from, bins), rows(to, bins)
	for _, e := range events {
		if c, ok := p.Client(e.From); ok {
			up.add(c, e.At/bin)
		}
		if c, ok := p.Client(e.To); ok && e.At >= lag {
			down.add(c, (e.At-lag)/bin)
		}
	}
	var flows []Flow
	for _, a := range from {
		for _, b := range to {
			if a != b {
				flows = append(flows, Flow{From: a, To: b, Score: correlation(up[a], down[b])})
			}
		}
	}
	return flows, nil
}

type table map[int32][]float64

func rows(clients []int32, bins int) table {
	t := table{}
	for _, c := range clients {
		t[c] = make([]float64, bins)
	}
	return t
}

func (t table) add(client int32, bin int64) {
	if row, ok := t[client]; ok && bin < int64(len(row)) {
		row[bin]++
	}
}

// correlation is Pearson's; 0 where one side is constant.
func correlation(x, y []float64) float64 {
	var mx, my float64
	for i := range x {
		mx += x[i]
		my += y[i]
	}
	n := float64(len(x))
	mx /= n
	my /= n
	var xy, xx, yy float64
	for i := range x {
		xy += (x[i] - mx) * (y[i] - my)
		xx += (x[i] - mx) * (x[i] - mx)
		yy += (y[i] - my) * (y[i] - my)
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}

// ScoreFlows compares guesses with who truly wrote to whom: the area under the ROC curve, and
// the curve.
func ScoreFlows(flows []Flow, l *trace.Labels) (stat.Metric, []stat.Point) {
	wrote := map[[2]int32]bool{}
	for _, s := range l.Sent {
		wrote[[2]int32{s.From, s.To}] = true
	}
	var negative, positive []float64
	for _, f := range flows {
		if wrote[[2]int32{f.From, f.To}] {
			positive = append(positive, f.Score)
		} else {
			negative = append(negative, f.Score)
		}
	}
	return stat.AUC("flow_correlation_auc", negative, positive), stat.ROC(negative, positive)
}
