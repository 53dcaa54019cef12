package attack

import (
	"math"
	"slices"
	"testing"

	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// A route of exponential delays has their mean, their density sums to one, and nothing is longer
// than what is drawn again.
func TestRoutes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		route Route
		mean  float64
	}{
		{NewRoute(0.25, 10, 2, 2, 2, 2), 8.25},
		{NewRoute(1, 10, 3), 4},
		{NewRoute(0, 10, 2).Delayed(60, 4), 2 + 60*(1-4*math.Exp(-4)/(1-math.Exp(-4)))},
	} {
		sum := 0.0
		for _, d := range c.route.density {
			sum += d * c.route.step
		}
		if math.Abs(sum-1) > 0.01 || math.Abs(float64(c.route.mean())/1e9-c.mean) > 0.1*c.mean {
			t.Errorf("a route of mean %g has %g, and sums to %g", c.mean,
				float64(c.route.mean())/1e9, sum)
		}
		if c.route.at(-1) != 0 || c.route.at(c.route.longest()+1e9) != 0 {
			t.Error("a packet comes before it left, or never")
		}
	}
}

// Sums of what is normal with unit variance and so much more for the victim name it among a hundred
// when they are far enough apart, which is known; what is the same for all never does.
func TestEventsToName(t *testing.T) {
	t.Parallel()
	rng := stat.Seed(1, 0, 0, 0, "test")
	draw := func(mean float64) (out []float64) {
		for range 4000 {
			x := 0.0
			for range 12 {
				x += rng.Float64()
			}
			out = append(out, x-6+mean)
		}
		return out
	}
	others := draw(0)
	// the greatest of 99 is 2.5 above the mean, give or take 0.4; with the victim's own 1.64 in 100
	for _, c := range []struct{ gap, events float64 }{{0.2, 450}, {0.5, 72}, {2, 5}} {
		n := float64(EventsToName(draw(c.gap), others, 100, rng))
		if n < 0.7*c.events || n > 1.4*c.events {
			t.Errorf("a gap of %g names after %g events, expected %g", c.gap, n, c.events)
		}
	}
	if n := EventsToName(others, others, 100, rng); n != NeverNamed {
		t.Errorf("what says nothing names after %d events", n)
	}
	if n := EventsToName(nil, others, 100, rng); n != NeverNamed {
		t.Errorf("nothing at all names after %d events", n)
	}
	if p := NamedAfter(1, []float64{10, 11}, others, 100, rng); p < 0.99 {
		t.Errorf("what is beyond all others is named with %g", p)
	}
}

// network is clients that send frames all the time, of which most become requests to anywhere; some
// become fetches of the boxes that are looked at.
type network struct {
	rng   *stat.Rand
	seen  trace.Coalition
	route Route
}

func (n *network) way() int64 {
	sum := 0.0
	for range 4 {
		sum += 2 * n.rng.Exp()
	}
	return int64(sum * 1e9)
}

// live lets a client send for a time, and returns its requests.
func (n *network) live(seconds float64) (all []trace.Handled) {
	var frames, replies []int64
	for at := 0.0; at < seconds; at += n.rng.Exp() / 0.19 {
		frames = append(frames, int64(at*1e9))
		if n.rng.Float64() < 0.65 {
			came := int64(at*1e9) + n.way()
			r := trace.Handled{At: came, Left: came + int64(2e9*n.rng.Exp())}
			all = append(all, r)
			replies = append(replies, r.Left+n.way())
		}
	}
	slices.Sort(replies)
	n.seen.Frames = append(n.seen.Frames, frames)
	n.seen.Replies = append(n.seen.Replies, replies)
	return all
}

// Whoever made one of the fetches of each box has the greatest evidence in the end, the sooner the
// fewer others there are; and who made none of what all others made has it, too.
func TestCorrelationFindsWhoFetches(t *testing.T) {
	t.Parallel()
	n := &network{rng: stat.Seed(2, 0, 0, 0, "test"), route: NewRoute(0, 10, 2, 2, 2, 2)}
	const clients, boxes, window = 40, 150, 100.0
	var requests [][]trace.Handled
	for range clients {
		requests = append(requests, n.live(boxes*window+100))
	}
	c := &Correlation{
		There: n.route, Back: n.route, Round: NewRoute(0, 10, 2, 2, 2, 2, 2, 2, 2, 2, 2),
		Frames: 0.19, Replies: 0.19 * 0.65,
	}
	gap := func(crowd int) (reader, stranger, absent float64) {
		for b := range boxes {
			from := int64(float64(b) * window * 1e9)
			w := &Window{
				Since: from, Until: from + int64(window*1e9), Own: NewAges(nil, window),
				All: NewAges(nil, window),
			}
			for client := range crowd {
				mine := Between(requests[client], w.Since, w.Until)
				if len(mine) > 0 {
					w.Fetches = append(w.Fetches, mine[n.rng.IntN(len(mine))])
				}
			}
			w.Others = float64(len(w.Fetches))
			chance := float64(crowd) / clients
			reader += c.Reader(&n.seen, 0, w, chance) / boxes
			stranger += c.Reader(&n.seen, clients-1, w, chance) / boxes
			absent += (c.Absent(&n.seen, clients-1, w) - c.Absent(&n.seen, 0, w)) / boxes
		}
		return reader, stranger, absent
	}
	alone, none, _ := gap(1)
	if alone-none < 0.6 {
		t.Errorf("one fetch alone gives %g nats about who made it, %g about another", alone, none)
	}
	reader, stranger, absent := gap(20)
	if reader-stranger > (alone-none)/10 || absent < 0 {
		t.Errorf("among twenty it gives %g nats more, alone %g; about who made none %g",
			reader-stranger, alone-none, absent)
	}
}
