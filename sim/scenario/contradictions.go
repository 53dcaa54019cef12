package scenario

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"murmuration/internal/config"
)

// contradictions finds what cannot be meant.
func (f *File) contradictions(c *Cell) {
	for _, find := range []func(*Cell){
		f.words, f.zeros, f.counts, f.times, f.nodes, f.people, f.adversary, f.level, f.run,
	} {
		find(c)
	}
}

// words refuses a value that is none of a key's choices.
func (f *File) words(c *Cell) {
	for _, k := range keys {
		if v := c.Value(k.Path); k.Choices != nil && !slices.Contains(k.Choices, v) {
			hint := "All choices: " + strings.Join(k.Choices, ", ") + "."
			if best := config.Nearest(v, k.Choices); best != "" {
				hint = fmt.Sprintf("Did you mean %q? %s", best, hint)
			}
			f.refuse(k.Path, hint, "%q is not a choice", v)
		}
	}
}

// zeros refuses quantities that are given and are zero.
func (f *File) zeros(c *Cell) {
	for _, k := range keys {
		n, quantity := k.amount(&c.Scenario)
		if quantity && n == 0 && k.Unit != "share" && !k.zeroable && c.says(k.Path) {
			f.refuse(k.Path, "Leave the key out if there shall be none.",
				"a %s of zero means nothing", k.Unit)
		}
	}
}

// Bounds of counts: products of two stay within an int64, and replications within memory.
const (
	maxCount        = 1_000_000_000
	maxReplications = 100_000
)

// counts refuses numbers that nobody means.
func (f *File) counts(c *Cell) {
	for _, k := range keys {
		most := int64(maxCount)
		if strings.HasPrefix(k.Path, "replicate.") {
			most = maxReplications
		}
		n, err := strconv.ParseInt(c.Value(k.Path), 10, 64)
		if k.Unit == "count" && err == nil && n > most {
			f.refuse(k.Path, fmt.Sprintf("Give at most %d.", most),
				"%d is more than this tool runs", n)
		}
	}
}

// times refuses windows and attacks that do not fit into the run.
func (f *File) times(c *Cell) {
	s := c.Scenario
	a, run := s.Adversary, s.Time.Duration.Duration
	looks := c.says(&field.Adversary.Window) || a.Attack == "correlation" ||
		a.Attack == "active-or-idle"
	if looks && a.Window.Duration > run && run > 0 {
		f.refuse(&field.Adversary.Window, "Shorten the window or lengthen time.duration.",
			"the window of %s is longer than the run of %s", a.Window, run)
	}
	if c.says(&field.Time.Duration) && inRounds(a.Attack) &&
		float64(a.Rounds)*a.Round.Seconds() > run.Seconds() {
		f.refuse(&field.Adversary.Rounds,
			"Give fewer or shorter rounds, or leave time.duration out: "+
				"the run then takes what they need.",
			"%d rounds of %s are longer than the run of %s", a.Rounds, a.Round, run)
	}
	if a.From.Duration >= run && run > 0 {
		f.refuse(&field.Adversary.From, "Begin earlier or lengthen time.duration.",
			"the attack begins after the run of %s has ended", run)
	}
	if (s.Clients.Session.Duration > 0) != (s.Clients.Absence.Duration > 0) {
		f.refuse(&field.Clients.Session, "Give both session and absence, or neither.",
			"how long clients are online is half said")
	}
}

// inRounds reports whether an attack counts in rounds, which then say how long a run takes.
func inRounds(attack string) bool { return attack == "disclosure" || attack == "intersection" }

// least refuses a count that is too small.
func (f *File) least(of any, n, least int) {
	if n < least {
		f.refuse(of, fmt.Sprintf("Give %d or more.", least), "%d is too few", n)
	}
}

// nodes refuses networks that cannot be built.
func (f *File) nodes(c *Cell) {
	s := c.Scenario
	f.least(&field.Topology.Layers, s.Topology.Layers, 1)
	f.least(&field.Topology.Width, s.Topology.Width, 1)
	f.least(&field.Topology.Providers, s.Topology.Providers, 0)
	f.least(&field.Mix.Threshold, s.Mix.Threshold, 1)
	f.least(&field.Mix.Pool, s.Mix.Pool, 0)
	f.least(&field.Mix.Queue, s.Mix.Queue, 1)
	if s.Mix.Kind == "pool" {
		f.least(&field.Mix.Pool, s.Mix.Pool, 1)
	}
	if s.Mix.DelayCap < 0 || s.Mix.DelayCap > 0 && s.Mix.DelayCap < 1 {
		f.refuse(&field.Mix.DelayCap, "Give 0 for none, or at least 1.",
			"no delay is below %g means", s.Mix.DelayCap)
	}
	if s.Mix.Kind == "binomial" && s.Mix.Probability.Of == 0 {
		f.refuse(&field.Mix.Probability, "Raise it above 0%.", "no packet would ever leave")
	}
	if s.Link.Kind == "uniform" && s.Link.Spread.Duration > s.Link.Delay.Duration {
		f.refuse(&field.Link.Spread, "Give at most the delay itself.",
			"some links would take less than no time")
	}
	if n := len(s.Link.Matrix); s.Link.Kind == "matrix" && !square(n) {
		f.refuse(&field.Link.Matrix, "Give n·n durations for n regions.",
			"%d durations are no square", n)
	}
	if s.Link.Loss.Of >= 1 {
		f.refuse(&field.Link.Loss, "Lower it below 100%.", "every packet would be lost")
	}
	if n := len(s.Topology.Weights); n > 0 && n != s.Topology.Width {
		f.refuse(&field.Topology.Weights, "Give one for each mix of a layer.",
			"%d weights for a width of %d", n, s.Topology.Width)
	}
}

func square(n int) bool {
	root := int(math.Round(math.Sqrt(float64(n))))
	return n > 0 && root*root == n
}

// people refuses workloads for which there are too few people, and counts of zero where zero would
// mean nothing.
func (f *File) people(c *Cell) {
	s := c.Scenario
	w := s.Workload
	f.least(&field.Clients.Count, s.Clients.Count, 1)
	f.least(&field.Clients.Spool, s.Clients.Spool, 1)
	f.least(&field.Workload.Tries, w.Tries, 1)
	f.least(&field.Workload.Fanout, w.Fanout, 1)
	f.least(&field.Workload.Bundle, w.Bundle, 1)
	if !(w.HeavyWeight > 0) {
		f.refuse(&field.Workload.HeavyWeight, "Give a number above 0.",
			"%g times as often is never", w.HeavyWeight)
	}
	if w.Kind == "groups" &&
		(w.GroupSize < 2 || w.Groups < 1 || w.GroupSize*w.Groups > s.Clients.Count) {
		f.refuse(&field.Workload.GroupSize,
			"Give groups of 2 or more with at most clients.count members in all.",
			"%d groups of %d among %d clients", w.Groups, w.GroupSize, s.Clients.Count)
	}
	if w.Kind == "groups" && w.Posting == "boxes" && s.Boxes.Watched < 1 &&
		s.Boxes.Reading == "polls" {
		f.refuse(&field.Workload.Posting,
			`Give boxes.watched, boxes.reading = "bulletins", or another way of posting.`,
			"nobody watches boxes")
	}
	if w.Kind == "messages" && (w.Friends < 0 || w.Friends >= s.Clients.Count) {
		f.refuse(&field.Workload.Friends, "Give fewer than clients.count.",
			"%d friends among %d clients", w.Friends, s.Clients.Count)
	}
	if w.FriendsOf < 0 || w.FriendsOf > s.Clients.Count ||
		w.FriendsOf > 0 && (w.Kind != "messages" || w.Friends == 0) {
		f.refuse(&field.Workload.FriendsOf,
			"Give workload.friends of messages too, and no more than clients.count.",
			"%d clients with %d friends each among %d", w.FriendsOf, w.Friends, s.Clients.Count)
	}
	if s.Clients.Rate.PerSecond <= 0 && s.Clients.Count > 0 && s.Level == "flow" {
		f.refuse(&field.Clients.Rate, "Give a rate above zero.", "nothing would be sent")
	}
}

// adversary refuses more corrupt mixes than there are mixes.
func (f *File) adversary(c *Cell) {
	s := c.Scenario
	if s.mixes() < 1 || s.Clients.Count < 1 {
		return // nodes and people say what is wrong
	}
	if n := s.Adversary.Corrupt; n > s.mixes() || n < 0 {
		f.refuse(&field.Adversary.Corrupt,
			"Give 0 to that many, or add mixes (topology.layers, topology.width).",
			"%d corrupt mixes among %d mixes", n, s.mixes())
	}
	f.least(&field.Adversary.Rounds, s.Adversary.Rounds, 1)
	if a := s.Adversary; a.Attack == "disclosure" && a.Method == "least-squares" &&
		a.Rounds < s.Clients.Count {
		f.refuse(&field.Adversary.Method,
			"Give as many adversary.rounds as clients.count, or method = \"background\".",
			"least squares cannot fit %d clients to %d rounds", s.Clients.Count, a.Rounds)
	}
	if n := s.Adversary.Node; n < 0 || n >= s.mixes() {
		f.refuse(&field.Adversary.Node, "Mixes count from 0.",
			"there is no mix %d among %d", n, s.mixes())
	}
	if n := s.Adversary.Target; n < 0 || n >= s.Clients.Count {
		f.refuse(&field.Adversary.Target, "Clients count from 0.",
			"there is no client %d among %d", n, s.Clients.Count)
	}
}

// run refuses replication rules that cannot be met.
func (f *File) run(c *Cell) {
	s := c.Scenario
	if s.Replicate.Max < s.Replicate.Min {
		f.refuse(&field.Replicate.Max, "Raise max or lower min.",
			"at most %d but at least %d replications", s.Replicate.Max, s.Replicate.Min)
	}
	f.least(&field.Replicate.Min, s.Replicate.Min, 1)
	if (s.Replicate.HalfWidth > 0) != (s.Replicate.Metric != "") {
		f.refuse(&field.Replicate, "Give both metric and half_width, or neither.",
			"when to stop is half said")
	}
	if s.Level == "theory" && s.Theory.Formula == "" {
		f.refuse(&field.Theory.Formula, "`murmur sim check --formulas` lists them.",
			"level \"theory\" needs a formula")
	}
}
