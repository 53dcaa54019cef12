package flow

import "math"

// Labels is what an observer thinks of one output that is of one of the two labelled senders: the probability that it
// is of either.
type Labels struct {
	First, Second float64
	IsFirst       bool // whose it is; for scoring
}

// Epsilon is Loopix' third-party unlinkability |ln(p0/p1)| (2017, section 4.1.2). ok is false when one of the two is
// zero: the share of such outputs is δ.
func (l Labels) Epsilon() (epsilon float64, ok bool) {
	if l.First <= tiny || l.Second <= tiny {
		return 0, false
	}
	return math.Abs(math.Log(l.First / l.Second)), true
}

// senderMeter looks at outputs of the labelled senders, far enough apart in time to be nearly independent.
type senderMeter struct {
	schedule
	seen []Labels
}

func newSenderMeter(s schedule) *senderMeter { return &senderMeter{schedule: s} }

func (m *senderMeter) output(p *packet, row []float64) {
	if tag := p.tag(); (tag != 1 && tag != 2) || p.at < m.next || m.left == 0 {
		return
	}
	m.seen = append(m.seen, Labels{First: row[0], Second: row[1], IsFirst: p.tag() == 1})
	m.left--
	m.next = max(m.next, p.at) + m.spacing
}

func (r *Result) labelSamples() []Sample {
	if len(r.Senders) == 0 {
		return nil
	}
	epsilon, delta := Sample{Name: "epsilon", Unit: "1"}, Sample{Name: "delta", Unit: "1"}
	for _, l := range r.Senders {
		e, ok := l.Epsilon()
		if ok {
			epsilon.Values = append(epsilon.Values, e)
			delta.Values = append(delta.Values, 0)
		} else {
			delta.Values = append(delta.Values, 1)
		}
	}
	return []Sample{epsilon, delta}
}
