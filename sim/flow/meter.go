package flow

import (
	"math"

	"murmuration/sim/stat"
)

// clock measures latencies. It counts by the leading bits of a float32 (sixteen a doubling of
// octave share, 0.2 % wide), which is several times faster than a histogram, and becomes one at the
// end.
type clock struct {
	until  float64 // packets that entered later are not measured, as not all of them come out
	counts []int64
	n      int64
	sum    float64
}

const clockShift = 23 - 9 // nine bits of fraction: 512 bins an octave

func (c *clock) record(at float64, age float32) {
	if at-float64(age) > c.until {
		return
	}
	bin := int(math.Float32bits(age) >> clockShift)
	if bin >= len(c.counts) {
		c.counts = append(c.counts, make([]int64, bin+1-len(c.counts))...)
	}
	c.counts[bin]++
	c.n++
	c.sum += float64(age)
}

func (c *clock) result() (*stat.Histogram, float64) {
	h := stat.NewHistogram(1e-6)
	for bin, n := range c.counts {
		if n > 0 {
			h.RecordMany(float64(math.Float32frombits(uint32(bin)<<clockShift+1<<(clockShift-1))),
				n)
		}
	}
	return h, c.sum / max(1, float64(c.n))
}

// Labels is what an observer thinks of one output that is of one of the two labelled senders: the
// probability that it is of either.
type Labels struct {
	First, Second float64
	IsFirst       bool // whose it is; for scoring
}

// epsilon is Loopix' third-party unlinkability |ln(p0/p1)| (2017, section 4.1.2). ok is false when
// one of the two is zero: the share of such outputs is δ.
func (l Labels) epsilon() (epsilon float64, ok bool) {
	if l.First <= tiny || l.Second <= tiny {
		return 0, false
	}
	return math.Abs(math.Log(l.First / l.Second)), true
}

// senderMeter looks at outputs of the labelled senders, far enough apart in time to be nearly
// independent.
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
		e, ok := l.epsilon()
		if ok {
			epsilon.Values = append(epsilon.Values, e)
			delta.Values = append(delta.Values, 0)
		} else {
			delta.Values = append(delta.Values, 1)
		}
	}
	return []Sample{epsilon, delta}
}
