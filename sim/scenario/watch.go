package scenario

import "murmuration/internal/config"

// Adversary says what is watched, who is corrupt, and what they do.
type Adversary struct {
	Observe   string          `toml:"observe"`
	Corrupt   int             `toml:"corrupt"`
	Fraction  config.Share    `toml:"corrupt_fraction"`
	Placement string          `toml:"placement"`
	Attack    string          `toml:"attack"`
	Strength  config.Share    `toml:"strength"`
	HoldFor   config.Duration `toml:"hold_for"`
	Node      int             `toml:"node"`
	Target    int             `toml:"target"`
	From      config.Duration `toml:"from"`
	Rounds    int             `toml:"rounds"`
	Round     config.Duration `toml:"round"`
	Method    string          `toml:"method"`
	Window    config.Duration `toml:"window"`
	Without   string          `toml:"without"`
}

// Measure says what is looked at.
type Measure struct {
	Targets int         `toml:"targets"`
	Tracing string      `toml:"tracing"`
	Samples bool        `toml:"samples"`
	Sender  config.Rate `toml:"sender_rate"`
}

var adversaryKeys = []Key{
	key(&field.Adversary.Observe, `"global"`, flow|des|world,
		"what is watched: every link").choices("global"),
	key(&field.Adversary.Corrupt, `0`, flow, "corrupt mixes: they tell which packet is which"),
	key(&field.Adversary.Fraction, "", flow,
		"instead of corrupt: their share of all mixes, rounded to whole mixes"),
	key(&field.Adversary.Placement, `"balanced"`, flow,
		"where they stand: as many in each layer as in any other, within one; or anywhere").choices(
		"balanced", "random",
	),
	key(&field.Adversary.Attack, `"none"`, des|world,
		"what is done on the links into a mix (drop to n-1), by a watcher with what was seen "+
			"(disclosure to active-or-idle), or by a provider that also holds a polled box "+
			"(poll-intersection); tracing follows messages through the mixes as the flow engine "+
			"does; readers to own-boxes are what first providers and holders of boxes who follow "+
			"a feed find out together: who reads or writes it (listings: "+
			"without a holder), from fetches of what was "+
			"withheld for hold_for or of what was missed, by the age at which photos are "+
			"fetched, by who fetches all boxes but its own; forked: of what bulletins show to one "+
			"client alone, hold_for before all others; baits: of boxes that are listed every "+
			"hold_for for each group and were never written").choices(
		"none", "drop", "delay", "replay", "trickle", "n-1", "disclosure", "intersection",
		"correlation", "active-or-idle", "poll-intersection", "tracing",
		"readers", "authors", "listings", "withheld", "absence", "photo-age", "own-boxes",
		"forked", "baits",
	),
	key(&field.Adversary.Without, `"nothing"`, des,
		"bulletins: the rule that clients do without, as the control of an attack: crowd and "+
			"decoys; late fetches of what was withheld; fetching of one's own boxes; a window "+
			"for what was missed, and others who fetch it; photos that are known from their "+
			"listing; cover; a crowd for what is false; comparing with what providers "+
			"attest").choices(
		"nothing", "crowd", "late", "own", "missed", "photo", "cover", "false", "heads",
	),
	key(&field.Adversary.Strength, `"100%"`, des,
		"share of packets that an active attack touches; for n-1 the share of others that it "+
			"lets through"),
	key(&field.Adversary.HoldFor, `"10s"`, des,
		"how long a delaying adversary holds a packet, and between two that a trickling one "+
			"lets through"),
	key(&field.Adversary.Node, `0`, des, "attacked mix, counted from 0 through the layers"),
	key(&field.Adversary.Target, `0`, des, "attacked client"),
	key(&field.Adversary.From, `"0s"`, des,
		"when an active attack begins, after the warm-up").orZero(),
	key(&field.Adversary.Rounds, `1000`, des,
		"rounds of a disclosure or intersection attack, which say how long the run takes"),
	key(&field.Adversary.Round, `"60s"`, des, "length of one such round"),
	key(&field.Adversary.Method, `"least-squares"`, des,
		"how a disclosure attack scores receivers: Danezis 2003; with the background estimated "+
			"from rounds without the target; all senders' profiles fitted at once (needs as many "+
			"rounds as clients)").choices("original", "background", "least-squares"),
	key(&field.Adversary.Window, `"1min"`, des,
		"length of the windows in which a watcher compares traffic (correlation, active-or-idle)"),
	key(&field.Measure.Targets, `1000`, flow|des|world,
		"traced packets in one replication, at least 1 (flow); messages that attack = \"tracing\" "+
			"follows at most (des)"),
	key(&field.Measure.Tracing, `"forward"`, flow,
		"forward: where did this packet go; backward: where did it come from").choices(
		"forward", "backward",
	),
	key(&field.Measure.Samples, `true`, flow|des|world, "whether raw samples are kept for numpy"),
	key(&field.Measure.Sender, "", flow,
		"if given, two labelled senders of this rate take the place of targets, and Loopix's "+
			"third-party unlinkability ε and δ are taken so many times"),
}
