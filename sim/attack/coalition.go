package attack

import (
	"cmp"
	"math"
	"slices"

	"murmuration/sim/trace"
)

// Correlation compares when a client's frames left and its replies came with when requests
// reached holders and were answered: the attack of first providers and holders together. It weighs
// each way in which one of the frames could have become one of the requests by its density, against
// what comes by chance.
type Correlation struct {
	// There is from the frame to the holder, Back from the holder to the spool, Round both and the
	// stay at the holder.
	There, Back, Round Route
	// Frames and Replies are their rates, per second.
	Frames, Replies float64
}

// sent is one frame: when, the share of a client's fetch that it carries by all that is known but
// the requests, and the density of replies that fit to it.
type sent struct {
	at          int64
	share, fits float64
}

// frames are those of a client in a span of time.
func (c *Correlation) frames(seen *trace.Coalition, client int32, from, to int64) (out []sent) {
	frames, replies := seen.Frames[client], seen.Replies[client]
	work := min(1, c.Replies/c.Frames)
	first, _ := slices.BinarySearch(frames, from)
	for _, at := range frames[first:] {
		if at >= to {
			break
		}
		fits := c.arrivals(c.Round, replies, at)
		answered := work * (fits + (1-work)*c.Replies) / (c.Replies + 1e-12)
		answered /= answered + (1 - work) + 1e-12
		out = append(out, sent{at, answered, max(fits, c.Replies/4)})
	}
	return out
}

// arrivals is the density of replies that could be that of something that left then.
func (c *Correlation) arrivals(r Route, replies []int64, left int64) (sum float64) {
	first, _ := slices.BinarySearch(replies, left)
	for _, at := range replies[first:] {
		if at-left > r.longest() {
			break
		}
		sum += r.at(at - left)
	}
	return sum
}

// became is the density that one of some frames became a request, in 1/s.
func (c *Correlation) became(frames []sent, back float64, at int64) (sum float64) {
	first, _ := slices.BinarySearchFunc(frames, at-c.There.longest(), func(s sent, t int64) int {
		return cmp.Compare(s.at, t)
	})
	for _, s := range frames[first:] {
		if s.at > at {
			break
		}
		sum += s.share * c.There.at(at-s.at) * back / s.fits
	}
	return sum
}

// lost is the share of requests for which a client's times say nothing: repeated ones, and clocks.
const lost = 0.005

// One is the evidence, in nats, that a request at a holder came from a client.
func (c *Correlation) One(seen *trace.Coalition, client int32, r trace.Handled) float64 {
	frames := c.frames(seen, client, r.At-c.There.longest(), r.At)
	ratio := c.became(frames, c.arrivals(c.Back, seen.Replies[client], r.Left), r.At) / c.Replies
	return math.Log(lost + (1-lost)*ratio)
}

// Listed is the evidence, in nats, that a client wrote what was listed at a time: There leads to
// the end of the slot.
func (c *Correlation) Listed(seen *trace.Coalition, client int32, at int64) float64 {
	sum := 0.0
	for _, f := range c.frames(seen, client, at-c.There.longest(), at) {
		sum += f.share * c.There.at(at-f.at)
	}
	return math.Log(lost + (1-lost)*sum/c.Replies)
}

// Window is where one client's fetch of a box is looked for, if it made one.
type Window struct {
	Since, Until int64
	Fetches      []trace.Handled // all of the box in that time
	Others       float64         // fetches that are not the client's, on average
	Own, All     Ages            // of the client's fetch, of all others'
}

// among is how much likelier what is seen of a client is if one of the fetches is its own.
func (c *Correlation) among(seen *trace.Coalition, client int32, w *Window) (sum float64) {
	frames := c.frames(seen, client, w.Since-c.There.longest()/2, w.Until)
	way := c.There.mean()
	shares := 0.0
	for i := range frames {
		frames[i].share *= w.Own.at(frames[i].at + way - w.Since)
		shares += frames[i].share
	}
	if shares == 0 {
		return 0
	}
	for _, r := range w.Fetches {
		back := c.arrivals(c.Back, seen.Replies[client], r.Left)
		sum += c.became(frames, back, r.At) / w.All.at(r.At-w.Since)
	}
	return sum / shares / w.Others
}

// Reader is the evidence, in nats, that a client made one of the fetches for certain, against that
// it did so with the chance that anybody has.
func (c *Correlation) Reader(
	seen *trace.Coalition, client int32, w *Window, chance float64,
) float64 {
	one := c.among(seen, client, w)
	return math.Log((lost + (1-lost)*one) / (chance*one + 1 - chance))
}

// Absent is the evidence, in nats, that a client made none of the fetches that everybody else made.
func (c *Correlation) Absent(seen *trace.Coalition, client int32, w *Window) float64 {
	return -math.Log(lost + (1-lost)*c.among(seen, client, w))
}

// Between are those requests that came in a span of time.
func Between(all []trace.Handled, from, to int64) []trace.Handled {
	var in []trace.Handled
	for _, r := range all {
		if r.At >= from && r.At < to {
			in = append(in, r)
		}
	}
	return in
}
