package scenario

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"murmuration/internal/config"
)

// mayBeZero lists the quantities for which zero is a sensible value; any other explicit zero is refused.
var mayBeZero = []string{"link.delay", "link.spread", "link.client_delay", "adversary.from", "mix.dummies", "time.warmup"}

// contradictions finds what cannot be meant, cell by cell.
func (f *File) contradictions(c Cell) Problems {
	return slices.Concat(f.words(c), f.zeros(c), f.counts(c), f.times(c), f.nodes(c), f.people(c), f.adversary(c), f.engine(c), f.run(c))
}

// words refuses a value that is none of a key's choices.
func (f *File) words(c Cell) (all Problems) {
	for _, k := range keys {
		if v := c.Value(k.Path); k.Choices != nil && !slices.Contains(k.Choices, v) {
			best := slices.MinFunc(k.Choices, func(a, b string) int { return config.Distance(v, a) - config.Distance(v, b) })
			all = append(all, f.refuse(k.Path, "Did you mean \""+best+"\"? All choices: "+join(k.Choices)+".", "%q is not a choice", v))
		}
	}
	return all
}

func join(words []string) (out string) {
	for i, w := range words {
		if i > 0 {
			out += ", "
		}
		out += w
	}
	return out
}

// zeros refuses quantities that are given and are zero or negative.
func (f *File) zeros(c Cell) (all Problems) {
	for _, k := range keys {
		read := quantities[k.Unit]
		if read == nil || k.Unit == "share" || !c.says(k.Path) {
			continue
		}
		n, _ := read(c.Value(k.Path)) // cell has seen that it can be read
		switch {
		case n < 0:
			all = append(all, f.refuse(k.Path, "Give a positive "+k.Unit+".", "%s is negative", c.Value(k.Path)))
		case n == 0 && !slices.Contains(mayBeZero, k.Path):
			all = append(all, f.refuse(k.Path, "Leave the key out if there shall be none.", "a %s of zero means nothing", k.Unit))
		}
	}
	return all
}

// Bounds of counts: products of two stay within an int64, and replications within memory.
const (
	maxCount        = 1_000_000_000
	maxReplications = 100_000
)

// counts refuses numbers that nobody means.
func (f *File) counts(c Cell) (all Problems) {
	for _, k := range keys {
		most := int64(maxCount)
		if strings.HasPrefix(k.Path, "replicate.") {
			most = maxReplications
		}
		if n, err := strconv.ParseInt(c.Value(k.Path), 10, 64); k.Unit == "count" && err == nil && n > most {
			all = append(all, f.refuse(k.Path, fmt.Sprintf("Give at most %d.", most), "%d is more than this tool runs", n))
		}
	}
	return all
}

// times refuses windows, warm-ups and attacks that do not fit into the run.
func (f *File) times(c Cell) (all Problems) {
	s := c.Scenario
	run := s.Time.Duration.Duration
	if run == 0 && s.Level == "des" && s.Adversary.Attack != "poll-intersection" {
		run = time.Hour // what the event engine runs for if nothing is said
	}
	if s.Adversary.Window.Duration > run && run > 0 {
		all = append(all, f.refuse("adversary.window", "Shorten the window or lengthen time.duration.", "the window of %s is longer than the run of %s", s.Adversary.Window, run))
	}
	if _, _, err := s.WarmUp(); err != nil {
		all = append(all, f.refuse("time.warmup", `Write "auto" or a duration like "30s".`, "%q is neither \"auto\" nor a duration", s.Time.WarmUp))
	}
	if a := s.Adversary; c.says("time.duration") && inRounds(a.Attack) && float64(a.Rounds)*a.Round.Seconds() > run.Seconds() {
		all = append(all, f.refuse("adversary.rounds", "Give fewer or shorter rounds, or leave time.duration out: the run then takes what they need.", "%d rounds of %s are longer than the run of %s", a.Rounds, a.Round, run))
	}
	if s.Adversary.From.Duration >= run && run > 0 {
		all = append(all, f.refuse("adversary.from", "Begin earlier or lengthen time.duration.", "the attack begins after the run of %s has ended", run))
	}
	if (s.Clients.Session.Duration > 0) != (s.Clients.Absence.Duration > 0) {
		all = append(all, f.refuse("clients.session", "Give both session and absence, or neither.", "how long clients are online is half said"))
	}
	return all
}

// inRounds reports whether an attack counts in rounds, which then say how long a run takes.
func inRounds(attack string) bool { return attack == "disclosure" || attack == "intersection" }

// WarmUp is the time left out of statistics; auto means that it is chosen from the delays.
func (s Scenario) WarmUp() (d time.Duration, auto bool, err error) {
	if s.Time.WarmUp == "auto" {
		return 0, true, nil
	}
	var parsed Duration
	err = parsed.UnmarshalText([]byte(s.Time.WarmUp))
	if parsed.Duration < 0 {
		err = fmt.Errorf("%s is negative", parsed)
	}
	return parsed.Duration, false, err
}

// nodes refuses networks that cannot be built.
func (f *File) nodes(c Cell) (all Problems) {
	s := c.Scenario
	least := func(key string, n, least int) {
		if n < least {
			all = append(all, f.refuse(key, fmt.Sprintf("Give %d or more.", least), "%d is too few", n))
		}
	}
	least("topology.layers", s.Topology.Layers, 1)
	least("topology.width", s.Topology.Width, 1)
	least("topology.providers", s.Topology.Providers, 0)
	least("mix.threshold", s.Mix.Threshold, 1)
	least("mix.pool", s.Mix.Pool, 0)
	least("mix.queue", s.Mix.Queue, 1)
	if s.Mix.Kind == "pool" {
		least("mix.pool", s.Mix.Pool, 1)
	}
	if s.Mix.DelayCap < 0 || s.Mix.DelayCap > 0 && s.Mix.DelayCap < 1 {
		all = append(all, f.refuse("mix.delay_cap", "Give 0 for none, or at least 1.", "no delay is below %g means", s.Mix.DelayCap))
	}
	if s.Mix.Kind == "binomial" && s.Mix.Probability.Of == 0 {
		all = append(all, f.refuse("mix.probability", "Raise it above 0%.", "no packet would ever leave"))
	}
	if s.Link.Kind == "uniform" && s.Link.Spread.Duration > s.Link.Delay.Duration {
		all = append(all, f.refuse("link.spread", "Give at most the delay itself.", "some links would take less than no time"))
	}
	if n := len(s.Link.Matrix); s.Link.Kind == "matrix" && !square(n) {
		all = append(all, f.refuse("link.matrix", "Give n·n durations for n regions.", "%d durations are no square", n))
	}
	if s.Link.Loss.Of >= 1 {
		all = append(all, f.refuse("link.loss", "Lower it below 100%.", "every packet would be lost"))
	}
	if n := len(s.Topology.Weights); n > 0 && n != s.Topology.Width {
		all = append(all, f.refuse("topology.weights", "Give one for each mix of a layer.", "%d weights for a width of %d", n, s.Topology.Width))
	}
	return all
}

func square(n int) bool {
	root := int(math.Round(math.Sqrt(float64(n))))
	return n > 0 && root*root == n
}

// people refuses workloads for which there are too few people.
func (f *File) people(c Cell) (all Problems) {
	s := c.Scenario
	if s.Clients.Count < 1 {
		all = append(all, f.refuse("clients.count", "Give 1 or more.", "%d is too few", s.Clients.Count))
	}
	w := s.Workload
	if w.Kind == "groups" && (w.GroupSize < 2 || w.Groups < 1 || w.GroupSize*w.Groups > s.Clients.Count) {
		all = append(all, f.refuse("workload.group_size", "Give groups of 2 or more with at most clients.count members in all.", "%d groups of %d among %d clients", w.Groups, w.GroupSize, s.Clients.Count))
	}
	if w.Kind == "groups" && w.Posting == "boxes" && s.Boxes.Watched < 1 {
		all = append(all, f.refuse("workload.posting", "Give boxes.watched, or another way of posting.", "nobody watches boxes"))
	}
	if w.Kind == "messages" && (w.Friends < 0 || w.Friends >= s.Clients.Count) {
		all = append(all, f.refuse("workload.friends", "Give fewer than clients.count.", "%d friends among %d clients", w.Friends, s.Clients.Count))
	}
	if w.FriendsOf < 0 || w.FriendsOf > s.Clients.Count || w.FriendsOf > 0 && (w.Kind != "messages" || w.Friends == 0) {
		all = append(all, f.refuse("workload.friends_of", "Give workload.friends of messages too, and no more than clients.count.", "%d clients with %d friends each among %d", w.FriendsOf, w.Friends, s.Clients.Count))
	}
	if s.Clients.Rate.PerSecond <= 0 && s.Level == "flow" {
		all = append(all, f.refuse("clients.rate", "Give a rate above zero.", "nothing would be sent"))
	}
	return all
}

// adversary refuses more corrupt mixes than there are mixes.
func (f *File) adversary(c Cell) (all Problems) {
	s := c.Scenario
	if s.Mixes() < 1 || s.Clients.Count < 1 {
		return nil // nodes and people say what is wrong
	}
	if n := s.Adversary.Corrupt; n > s.Mixes() || n < 0 {
		all = append(all, f.refuse("adversary.corrupt", "Give 0 to that many, or add mixes (topology.layers, topology.width).", "%d corrupt mixes among %d mixes", n, s.Mixes()))
	}
	if s.Adversary.Rounds < 1 {
		all = append(all, f.refuse("adversary.rounds", "Give at least 1.", "%d is too few", s.Adversary.Rounds))
	}
	if a := s.Adversary; a.Attack == "disclosure" && a.Method == "least-squares" && a.Rounds < s.Clients.Count {
		all = append(all, f.refuse("adversary.method", "Give as many adversary.rounds as clients.count, or method = \"background\".", "least squares cannot fit %d clients to %d rounds", s.Clients.Count, a.Rounds))
	}
	if n := s.Adversary.Node; n < 0 || n >= s.Mixes() {
		all = append(all, f.refuse("adversary.node", "Mixes count from 0.", "there is no mix %d among %d", n, s.Mixes()))
	}
	if n := s.Adversary.Target; n < 0 || n >= s.Clients.Count {
		all = append(all, f.refuse("adversary.target", "Clients count from 0.", "there is no client %d among %d", n, s.Clients.Count))
	}
	return all
}

// engine refuses what the chosen level does not model.
func (f *File) engine(c Cell) (all Problems) {
	s := c.Scenario
	cannot := func(key, hint string, wrong bool) {
		if wrong {
			p := f.refuse(key, hint, "level %q cannot do %s = %s", s.Level, key, c.Value(key))
			if p.Line == 0 { // the value is a default
				p.Line = f.at.of("level")
			}
			all = append(all, p)
		}
	}
	switch s.Level {
	case "flow":
		active := s.Adversary.Attack != "none"
		cannot("workload.kind", `Set level = "des", or workload.kind = "none": what people do feeds back.`, s.Workload.Kind != "none")
		cannot("adversary.attack", `Set level = "des".`, active)
		cannot("link.loss", `Set level = "des".`, s.Link.Loss.Of > 0)
		cannot("link.kind", `Set level = "des".`, s.Link.Kind == "matrix")
		cannot("mix.capacity", `Set level = "des".`, s.Mix.Capacity.PerSecond > 0)
		if s.Measure.Targets < 1 {
			all = append(all, f.refuse("measure.targets", "Give at least 1.", "nothing would be traced"))
		}
	case "des":
		cannot("topology.kind", `Set topology.kind = "ring".`, s.Topology.Kind != "ring")
		cannot("mix.kind", `Set level = "flow", or mix.kind = "poisson".`, s.Mix.Kind != "poisson")
		if a := s.Adversary.Attack; a == "poll-intersection" && (s.Boxes.Watched < 1 || s.Workload.Kind != "groups" || s.Topology.Providers < 3) {
			all = append(all, f.refuse("adversary.attack", `Give boxes.watched, workload.kind = "groups" (its size gives the readers) and three or more providers.`, "there is nothing to poll"))
		}
		if a := s.Adversary.Attack; slices.Contains([]string{"disclosure", "intersection", "correlation", "tracing"}, a) && s.Workload.Kind == "none" {
			all = append(all, f.refuse("adversary.attack", `Give a workload.kind.`, "nobody writes anything that could be found out"))
		}
		cannot("mix.dummies", `Set level = "flow", or give mix.loop_every.`, s.Mix.Dummies.PerSecond > 0)
		cannot("adversary.corrupt", `Set level = "flow", which traces packets through corrupt mixes.`, s.Adversary.Corrupt > 0)
	}
	return all
}

// run refuses replication rules that cannot be met.
func (f *File) run(c Cell) (all Problems) {
	s := c.Scenario
	if s.Replicate.Max < s.Replicate.Min {
		all = append(all, f.refuse("replicate.max", "Raise max or lower min.", "at most %d but at least %d replications", s.Replicate.Max, s.Replicate.Min))
	}
	if s.Replicate.Min < 1 {
		all = append(all, f.refuse("replicate.min", "Give 1 or more.", "%d is too few", s.Replicate.Min))
	}
	if (s.Replicate.HalfWidth > 0) != (s.Replicate.Metric != "") {
		all = append(all, f.refuse("replicate", "Give both metric and half_width, or neither.", "when to stop is half said"))
	}
	if s.Level == "theory" && s.Theory.Formula == "" {
		all = append(all, f.refuse("theory.formula", "`murmur sim check` lists the formulas.", "level \"theory\" needs a formula"))
	}
	return all
}
