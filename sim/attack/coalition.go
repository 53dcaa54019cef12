package attack

import (
	"cmp"
	"math"
	"slices"

	"murmuration/internal/protocol"
	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// Route is the density of the time that packets need from one place to another, in steps.
type Route struct {
	step    float64 // seconds
	density []float64
}

const routeStep = 0.25 // seconds

// NewRoute is the time over links of so many seconds, with an exponential delay of each of the
// means given, in seconds, redrawn above limit of them. The network's document says all this.
func NewRoute(links, limit float64, means ...float64) Route {
	r := Route{step: routeStep, density: []float64{1 / routeStep}}
	for _, mean := range means {
		r = r.Delayed(mean, limit)
	}
	lead := make([]float64, int(math.Round(links/routeStep)))
	r.density = append(lead, r.density...)
	return r
}

// Delayed is a route with one more exponential delay: a recursive convolution.
func (r Route) Delayed(mean, limit float64) Route {
	decay := math.Exp(-r.step / mean)
	steps := int(math.Ceil(mean * limit / r.step))
	out := make([]float64, len(r.density)+steps)
	lost := math.Pow(decay, float64(steps+1))
	sum, total := 0.0, 0.0
	for i := range out {
		if i < len(r.density) {
			sum += r.density[i]
		}
		if gone := i - steps - 1; gone >= 0 && gone < len(r.density) {
			sum -= r.density[gone] * lost
		}
		out[i] = max(0, sum)
		total += out[i] * r.step
		sum *= decay
	}
	for i := range out {
		out[i] /= total
	}
	for len(out) > 1 && out[len(out)-1] < 1e-9 {
		out = out[:len(out)-1]
	}
	return Route{r.step, out}
}

// Held is a route at whose end something is held, so many seconds on average and at most three
// times that, and then waits for the end of a slot.
func (r Route) Held(mean, slot float64) Route {
	if mean > 0 {
		r = r.Delayed(mean, protocol.HoldCap)
	}
	n := max(1, int(slot/r.step))
	out := make([]float64, len(r.density)+n)
	for i, d := range r.density {
		for k := range n {
			out[i+k] += d / float64(n)
		}
	}
	return Route{r.step, out}
}

// at is the density of so many nanoseconds, per second.
func (r Route) at(d int64) float64 {
	i := float64(d) / 1e9 / r.step
	if i < 0 || int(i) >= len(r.density) {
		return 0
	}
	return r.density[int(i)]
}

// mean is the mean time, in nanoseconds.
func (r Route) mean() int64 {
	sum := 0.0
	for i, d := range r.density {
		sum += float64(i) * d
	}
	return int64(sum * r.step * r.step * 1e9)
}

func (r Route) longest() int64 { return int64(float64(len(r.density)) * r.step * 1e9) }

// Ages is a density over the time since something, in seconds, in bins of one width.
type Ages struct {
	bin     float64
	density []float64
}

const ageBin = 5 // seconds

// NewAges is the density of ages, each in seconds, up to the longest that is looked at.
func NewAges(ages []float64, longest float64) Ages {
	a := Ages{bin: ageBin, density: make([]float64, int(math.Ceil(longest/ageBin)))}
	n := 0.0
	for _, x := range ages {
		if i := int(x / a.bin); x >= 0 && i < len(a.density) {
			a.density[i]++
			n++
		}
	}
	for i := range a.density {
		a.density[i] = (a.density[i] + 0.5) / (n + 0.5*float64(len(a.density))) / a.bin
	}
	return a
}

// at is the density at an age of so many nanoseconds; the first and the last bin go on beyond.
func (a Ages) at(d int64) float64 {
	i := int(float64(d) / 1e9 / a.bin)
	return a.density[min(max(i, 0), len(a.density)-1)]
}

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

// NeverNamed is more events than anybody waits for.
const NeverNamed = 1_000_000

// EventsToName is after how many events the sum of a victim's evidence is the greatest among so
// many candidates in 95 of 100 cases, given what one event says of victims and of others;
// NeverNamed if that takes longer. It is a scorer: it knows which is which.
func EventsToName(victims, others []float64, candidates int, rng *stat.Rand) int {
	if len(victims) < 2 || len(others) < 2 {
		return NeverNamed
	}
	for n := 1; n < NeverNamed; n += 1 + n/20 {
		named := 0.0
		if n <= byDrawing {
			named = namedByDrawing(victims, others, candidates, n, rng)
		} else {
			named = namedByMoments(victims, others, candidates, n)
		}
		if named >= 0.95 {
			return n
		}
	}
	return NeverNamed
}

const (
	byDrawing = 24  // events above which sums are normal
	trials    = 400 // sums drawn
)

// NamedAfter is the chance that a victim is named after so many events.
func NamedAfter(n int, victims, others []float64, candidates int, rng *stat.Rand) float64 {
	return namedByDrawing(victims, others, candidates, n, rng)
}

func namedByDrawing(victims, others []float64, candidates, n int, rng *stat.Rand) float64 {
	sum := func(of []float64) (s float64) {
		for range n {
			s += of[rng.IntN(len(of))]
		}
		return s
	}
	pool := make([]float64, 20*trials)
	for i := range pool {
		pool[i] = sum(others)
	}
	slices.Sort(pool)
	named := 0.0
	for range trials {
		v := sum(victims)
		i, _ := slices.BinarySearch(pool, v)
		below := float64(i) / float64(len(pool))
		named += math.Pow(below, float64(candidates-1)) / trials
	}
	return named
}

func namedByMoments(victims, others []float64, candidates, n int) float64 {
	v, o := moments(victims), moments(others)
	root := math.Sqrt(float64(n))
	named := 0.0
	const step = 0.05
	for x := -5.0; x < 5; x += step {
		sum := float64(n)*(v.Mean()-o.Mean()) + x*v.SD()*root
		below := 0.5 * math.Erfc(-sum/(o.SD()*root)/math.Sqrt2)
		named += math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) * step *
			math.Pow(below, float64(candidates-1))
	}
	return named
}

func moments(of []float64) (r stat.Running) {
	for _, x := range of {
		r.Add(x)
	}
	return r
}
