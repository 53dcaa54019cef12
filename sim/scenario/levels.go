package scenario

import (
	"fmt"
	"slices"

	"murmuration/internal/config"
)

// strict are the levels that refuse every key which a file gives and they do not read. The others
// leave it aside, so that one file can be run at several levels.
const strict = world

// level refuses what the chosen level does not model.
func (f *File) level(c *Cell) {
	s := &c.Scenario
	for _, k := range keys {
		if strict.Has(s.Level) && c.says(k.Path) && !k.Levels.Has(s.Level) {
			f.refuse(k.Path, "Leave it out.", "level %q does not read it", s.Level)
		}
	}
	switch s.Level {
	case "flow":
		f.withoutFeedback(c)
	case "des":
		f.inEvents(c)
	case "world":
		f.onCores(c)
	}
}

// cannot refuses a value that a level does not model, if it is such a one.
func (f *File) cannot(c *Cell, of any, hint string, wrong bool) {
	if !wrong {
		return
	}
	at := f.about(nameOf(of))
	if at.Line == 0 { // the value is a default
		at = f.about(nameOf(&field.Level))
	}
	text := fmt.Sprintf("%s: level %q cannot do %s = %s", nameOf(of), c.Scenario.Level, nameOf(of),
		c.Value(nameOf(of)))
	f.doc.Refuse(at, text+c.remark(), hint)
}

// withoutFeedback refuses what level "flow" does not do.
func (f *File) withoutFeedback(c *Cell) {
	s := &c.Scenario
	const other = `Set level = "des".`
	f.cannot(c, &field.Workload.Kind,
		`Set level = "des", or workload.kind = "none": what people do feeds back.`,
		s.Workload.Kind != "none")
	f.cannot(c, &field.Adversary.Attack, other, s.Adversary.Attack != "none")
	f.cannot(c, &field.Link.Loss, other, s.Link.Loss.Of > 0)
	f.cannot(c, &field.Link.Kind, other, s.Link.Kind == "matrix")
	f.cannot(c, &field.Mix.Capacity, other, s.Mix.Capacity.PerSecond > 0)
	if s.Measure.Targets < 1 {
		f.refuse(&field.Measure.Targets, "Give at least 1.", "nothing would be traced")
	}
}

// findsOut are the attacks that look for who wrote what.
var findsOut = []string{"disclosure", "intersection", "correlation", "tracing"}

// together are the attacks of providers who work together.
var together = []string{
	"readers", "authors", "listings", "withheld", "absence", "photo-age", "own-boxes",
	"forked", "baits",
}

// inEvents refuses what level "des" does not do.
func (f *File) inEvents(c *Cell) {
	s := &c.Scenario
	f.cannot(c, &field.Topology.Kind, `Set topology.kind = "ring".`, s.Topology.Kind != "ring")
	f.cannot(c, &field.Mix.Kind, `Set level = "flow", or mix.kind = "poisson".`,
		s.Mix.Kind != "poisson")
	polled := s.Boxes.Watched > 0 && s.Boxes.Reading == "polls" && s.Workload.Kind == "groups" &&
		s.Topology.Providers > 2
	if s.Adversary.Attack == "poll-intersection" && !polled {
		f.refuse(&field.Adversary.Attack,
			`Give boxes.watched, workload.kind = "groups" (its size gives the readers) `+
				`and three or more providers.`, "there is nothing to poll")
	}
	if slices.Contains(together, s.Adversary.Attack) && (s.Workload.Kind != "groups" ||
		s.Workload.Posting != "boxes" || s.Boxes.Reading == "polls" &&
		s.Adversary.Attack != "readers") {
		f.refuse(&field.Adversary.Attack,
			`Give workload.kind = "groups" and boxes.reading = "bulletins".`,
			"nobody reads a feed in the way that this attack needs")
	}
	if slices.Contains(findsOut, s.Adversary.Attack) && s.Workload.Kind == "none" {
		f.refuse(&field.Adversary.Attack, `Give a workload.kind.`,
			"nobody writes anything that could be found out")
	}
	f.cannot(c, &field.Mix.Dummies, `Set level = "flow", or give mix.loop_every.`,
		s.Mix.Dummies.PerSecond > 0)
	f.cannot(c, &field.Adversary.Corrupt,
		`Set level = "flow", which traces packets through corrupt mixes.`, s.Adversary.Corrupt > 0)
}

// onCores refuses what the real cores do not do.
func (f *File) onCores(c *Cell) {
	s := c.Scenario
	f.cannot(c, &field.Topology.Kind, `Set topology.kind = "ring".`, s.Topology.Kind != "ring")
	f.cannot(c, &field.Mix.Kind, `Set mix.kind = "poisson".`, s.Mix.Kind != "poisson")
	f.cannot(c, &field.Mix.EntryDelay, "Set it to true: our providers delay.", !s.Mix.EntryDelay)
	f.cannot(c, &field.Mix.ExitDelay, "Set it to true: our providers delay.", !s.Mix.ExitDelay)
	f.cannot(c, &field.Mix.DelayCap, "Give the cap that the network has (default network: 10.0).",
		s.Mix.DelayCap < 1)
	f.cannot(c, &field.Link.Kind, `Set link.kind = "constant".`, s.Link.Kind != "constant")
	f.cannot(c, &field.Clients.Retrieval, `Set clients.retrieval = "exchange".`,
		s.Clients.Retrieval != "exchange")
	f.cannot(c, &field.Boxes.Reading, `Set boxes.reading = "bulletins".`,
		s.Workload.Kind == "groups" && s.Boxes.Reading != "bulletins")
	f.cannot(c, &field.Workload.Kind, `Set workload.kind = "requests", "groups" or "none".`,
		s.Workload.Kind == "messages")
	f.cannot(c, &field.Workload.Posting, `Set workload.posting = "boxes".`,
		s.Workload.Kind == "groups" && s.Workload.Posting != "boxes")
	f.cannot(c, &field.Adversary.Attack, `Set adversary.attack = "tracing" or "none".`,
		s.Adversary.Attack != "tracing" && s.Adversary.Attack != "none")
	for _, stream := range []*config.Duration{
		&s.Clients.PayloadEvery, &s.Clients.LoopEvery, &s.Clients.DropEvery,
	} {
		if stream.Duration == 0 {
			f.refuse(&field.Clients.PayloadEvery, "Give payload_every, loop_every and drop_every.",
				"our clients have three streams")
			break
		}
	}
	if s.Adversary.Attack == "tracing" &&
		(s.Workload.Kind != "requests" || s.Mix.LoopEvery.Duration > 0) {
		f.refuse(&field.Adversary.Attack,
			"Set workload.kind = \"requests\", and leave mix.loop_every out.",
			"there is nothing to trace, or mixes' own loops are in the way")
	}
}
