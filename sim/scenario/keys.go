package scenario

import "slices"

// Key documents one key of the scenario file: the single source of its default, of `sim check`, of `sim init` and of
// the tables in docs/simulation.md.
type Key struct {
	Path    string   // dotted, "topology.layers"
	Unit    string   // "count", "duration", "rate", "size", "volume", "share", "word", "text", "switch", "number", "list", "table"
	Default string   // as TOML text; empty when leaving it out is itself the meaning
	Choices []string // for words: all that may stand here
	Meaning string
}

// Keys returns every key in the order in which a reader meets them.
func Keys() []Key { return slices.Clone(keys) }

func lookUp(path string) (Key, bool) {
	i := slices.IndexFunc(keys, func(k Key) bool { return k.Path == path })
	if i < 0 {
		return Key{}, false
	}
	return keys[i], true
}

var keys = slices.Concat(headKeys, networkKeys, peopleKeys, adversaryKeys, runKeys)

var headKeys = []Key{
	{"name", "text", `""`, nil, "what this scenario is called in tables and plots"},
	{"about", "text", `""`, nil, "what it reproduces or asks, in a sentence or two"},
	{"level", "word", `"flow"`, []string{"theory", "flow", "des"}, "which engine: closed forms, feed-forward Monte Carlo (open networks), or discrete events (queues, spools, polls, attacks)"},
	{"seed", "count", `1`, nil, "the same seed gives the same bytes of output, on one core or many"},
	{"network", "text", `""`, nil, "a network preset, by name (default, x25519, demo, fast) or by path relative to this file, whose layers, delays, stream rates and sizes become the defaults of this scenario"},
	{"time.warmup", "word", `"auto"`, nil, "left out of all statistics at the start of a replication: a duration, or \"auto\" (twenty mean ways through the network and at least a minute; the flow engine starts in its steady state)"},
	{"time.duration", "duration", "", nil, "measured virtual time of one replication, after the warm-up; left out: as long as the traced packets need (flow), 1 h (des)"},
	{"time.drain", "duration", `"10min"`, nil, "how much longer a replication may go on for messages under way (des)"},
}

var networkKeys = []Key{
	{"topology.kind", "word", `"stratified"`, []string{"stratified", "cascade", "free", "ring"}, "stratified: any mix of the next layer; cascade: fixed chains; free: any mixes in any order, though none twice in a row, where the watcher also knows how many hops each packet has behind it (flow); ring: stratified between two layers of providers (des; the flow engine takes only its mixes)"},
	{"topology.layers", "count", `3`, nil, "mixes that a packet passes"},
	{"topology.width", "count", `10`, nil, "mixes in a layer (cascades: chains; free routes: mixes in all)"},
	{"topology.weights", "list", `[]`, nil, "share of the traffic that each mix of a layer gets, in any unit (flow); left out: all the same"},
	{"topology.providers", "count", `0`, nil, "providers of a ring; 0 takes one for every 64 clients, at least 2"},
	{"mix.kind", "word", `"poisson"`, []string{"poisson", "threshold", "pool", "timed", "binomial"}, "when a mix lets packets go: each after its own exponential delay; all when threshold have come; the same but pool of them stay; all at each interval; each with a probability at each interval"},
	{"mix.mean_delay", "duration", `"1s"`, nil, "Poisson mixes: mean delay at one hop, 1/μ"},
	{"mix.end_to_end", "duration", "", nil, "instead of mean_delay: the whole mean latency, of which (end_to_end − (layers+1)·link.delay)/layers is the mean delay of a hop, as MiXiM counts it"},
	{"mix.delay_cap", "number", `0.0`, nil, "Poisson mixes: a delay above this many means is drawn again by the sender (des); 0 is no cap"},
	{"mix.threshold", "count", `100`, nil, "threshold and pool mixes: packets that come in between two flushes, and that leave at one"},
	{"mix.pool", "count", `0`, nil, "pool and timed mixes: packets that stay at each flush, chosen at random"},
	{"mix.interval", "duration", `"1s"`, nil, "timed and binomial mixes: time between two flushes"},
	{"mix.probability", "share", `"20%"`, nil, "binomial mixes: the chance of each packet to leave at a flush"},
	{"mix.dummies", "rate", `"0/s"`, nil, "MiXiM's link-based dummies (flow): the mixes of all layers but the last together send so many to random mixes of the next layer, which drop them; each of these mixes holds the next one ready"},
	{"mix.loop_every", "duration", "", nil, "mean time between two loops that a mix sends itself through the whole network, 1/λM (des); left out: none"},
	{"mix.loop_timeout", "duration", "", nil, "when a mix loop counts as lost; left out: twelve mean delays and the links"},
	{"mix.capacity", "rate", "", nil, "packets that one mix can process (des); left out: any number"},
	{"mix.queue", "count", `1000`, nil, "packets that may wait for a mix of finite capacity; more are dropped and counted"},
	{"mix.entry_delay", "switch", `false`, nil, "whether the first provider delays as mixes do (Murmuration and Rollercoaster's artefact: true; Loopix: false)"},
	{"mix.exit_delay", "switch", `false`, nil, "whether the last provider does (Murmuration: true)"},
	{"link.kind", "word", `"constant"`, []string{"constant", "uniform", "matrix"}, "how the time on a link is drawn: always the same; uniform around the delay; by the regions of both nodes (des)"},
	{"link.delay", "duration", `"0s"`, nil, "time on a link between nodes (uniform: its mean); in the flow engine also of the first and the last link"},
	{"link.spread", "duration", `"0s"`, nil, "uniform links: half the width of the range around the delay"},
	{"link.matrix", "list", `[]`, nil, "matrix links: n·n durations between n regions, row by row; node i (providers first, then mixes layer by layer) lies in region i mod n"},
	{"link.client_delay", "duration", `"0s"`, nil, "time on a link between client and provider (des)"},
	{"link.loss", "share", `"0%"`, nil, "packets that each link loses (des)"},
	{"cover", "list", "", nil, "streams of dummies beside what clients send (flow), one [[cover]] each"},
	{"cover.from", "count", `0`, nil, "layer whose mixes make them; 0 for clients"},
	{"cover.to", "count", `0`, nil, "layer that discards them; 0: they go through to the end as real packets do"},
	{"cover.rate", "rate", "", nil, "dummies of all mixes of that layer, or of all clients, together"},
	{"cover.standby", "switch", `false`, nil, "whether every mix always holds one dummy more, the next to be sent"},
}

var peopleKeys = []Key{
	{"clients.count", "count", `1000`, nil, "clients"},
	{"clients.rate", "rate", "", nil, "packets that all clients together send into the network (flow); left out: what the three streams of all clients give"},
	{"clients.payload_every", "duration", `"1s"`, nil, "mean time between two slots of a client's payload stream, 1/λP"},
	{"clients.loop_every", "duration", "", nil, "mean time between two of its loops, 1/λL; left out: none"},
	{"clients.drop_every", "duration", "", nil, "mean time between two of its drop packets, 1/λD; left out: none"},
	{"clients.cover", "switch", `true`, nil, "whether a payload slot without anything to say carries a dummy; false is a network without cover, as a control"},
	{"clients.retrieval", "word", `"exchange"`, []string{"push", "pull", "exchange"}, "how packets come from the spool: at once; all of them with each pull; one with each packet sent up"},
	{"clients.pull_every", "duration", `"1s"`, nil, "time between two pulls"},
	{"clients.spool", "count", `64`, nil, "packets that a provider keeps for one client"},
	{"clients.budget", "volume", "", nil, "traffic of an idle client each way: the three streams are sped up or slowed down together to meet it"},
	{"clients.packet", "size", `"22894B"`, nil, "bytes of one frame between client and provider"},
	{"clients.session", "duration", "", nil, "mean time that a client stays online; left out: always"},
	{"clients.absence", "duration", "", nil, "mean time that it then stays away"},
	{"boxes.watched", "count", `0`, nil, "boxes that a client watches, decoys included; 0 is a network without boxes (default network: 32)"},
	{"boxes.poll_share", "share", `"25%"`, nil, "payload slots that read watched boxes"},
	{"boxes.age_scale", "duration", `"1h"`, nil, "a watched box is polled with weight 1/(1 + age/age_scale)"},
	{"boxes.age_cap", "duration", `"24h"`, nil, "age beyond which that weight falls no more"},
	{"boxes.decoy_life", "duration", `"6h"`, nil, "mean life of a decoy among the watched boxes"},
	{"boxes.allowance", "duration", "", nil, "fixed time in which a provider executes a request; left out: none"},
	{"boxes.replicate_after", "duration", "", nil, "time until the second holder has a box; left out: at once"},
	{"workload.kind", "word", `"none"`, []string{"none", "messages", "requests", "groups"}, "what people do (des): nothing; messages from client to client; round trips to providers; posts to groups"},
	{"workload.every", "duration", `"10min"`, nil, "mean time between two messages or requests of one client, or two posts of one group"},
	{"workload.friends", "count", `0`, nil, "messages: size of each client's fixed set of recipients; 0 is everybody"},
	{"workload.friends_of", "count", `0`, nil, "messages: clients, the first ones, who have friends, while the others write to everybody (Danezis 2003: 1); 0 is all"},
	{"workload.zipf", "number", `0.0`, nil, "messages: exponent of Zipf's law over recipients, where friends is 0; 0 is uniform"},
	{"workload.writers", "count", `0`, nil, "clients (of a group: members) who write; 0 is all"},
	{"workload.tries", "count", `16`, nil, "requests: how often one is tried"},
	{"workload.groups", "count", `1`, nil, "groups, to which clients are dealt in order"},
	{"workload.group_size", "count", `128`, nil, "members of a group, the one who posts included"},
	{"workload.posting", "word", `"boxes"`, []string{"unicast", "rollercoaster", "boxes"}, "how a post reaches its group: a packet to each from its author; sent on by those who have it; published once and polled (needs boxes.watched)"},
	{"workload.fanout", "count", `2`, nil, "Rollercoaster's k: children that each member who has a post serves in a round"},
	{"workload.bundle", "count", `1`, nil, "Rollercoaster's p: packets that leave as one and split behind the second mix"},
	{"workload.ack_timeout", "number", `0.0`, nil, "Rollercoaster with absent members: the author hands the part of a member to another when its acknowledgement takes so many times the expected time; 0 is never"},
	{"workload.late_idle", "switch", `false`, nil, "whether members who were offline when their copy came only read it, as somebody else has taken their part"},
	{"workload.heavy_share", "share", `"0%"`, nil, "members of a group who write more than others"},
	{"workload.heavy_weight", "number", `1.0`, nil, "how many times as often they write"},
}

var adversaryKeys = []Key{
	{"adversary.observe", "word", `"global"`, []string{"global"}, "what is watched: every link"},
	{"adversary.corrupt", "count", `0`, nil, "corrupt mixes: they tell which packet is which"},
	{"adversary.corrupt_fraction", "share", "", nil, "instead of corrupt: their share of all mixes, rounded to whole mixes"},
	{"adversary.placement", "word", `"balanced"`, []string{"balanced", "random"}, "where they stand: as many in each layer as in any other, within one; or anywhere"},
	{"adversary.attack", "word", `"none"`, []string{"none", "drop", "delay", "replay", "trickle", "n-1", "disclosure", "intersection", "correlation", "active-or-idle", "poll-intersection", "tracing"}, "what is done on the links into a mix (drop to n-1), by a watcher with what was seen (disclosure to active-or-idle), or by a provider that also holds a polled box (poll-intersection); tracing follows messages through the mixes as the flow engine does (des)"},
	{"adversary.strength", "share", `"100%"`, nil, "share of packets that an active attack touches; for n-1 the share of others that it lets through"},
	{"adversary.hold_for", "duration", `"10s"`, nil, "how long a delaying adversary holds a packet, and between two that a trickling one lets through"},
	{"adversary.node", "count", `0`, nil, "attacked mix, counted from 0 through the layers"},
	{"adversary.target", "count", `0`, nil, "attacked client"},
	{"adversary.from", "duration", `"0s"`, nil, "when an active attack begins, after the warm-up"},
	{"adversary.rounds", "count", `1000`, nil, "rounds of a disclosure or intersection attack, which say how long the run takes"},
	{"adversary.round", "duration", `"60s"`, nil, "length of one such round"},
	{"adversary.method", "word", `"least-squares"`, []string{"original", "background", "least-squares"}, "how a disclosure attack scores receivers: Danezis 2003; with the background estimated from rounds without the target; all senders' profiles fitted at once (needs as many rounds as clients)"},
	{"adversary.window", "duration", "", nil, "length of the windows in which a watcher compares traffic (correlation, active-or-idle); left out: a minute"},
}

var runKeys = []Key{
	{"measure.targets", "count", `1000`, nil, "traced packets in one replication; 0 traces none"},
	{"measure.tracing", "word", `"forward"`, []string{"forward", "backward"}, "forward: where did this packet go; backward: where did it come from"},
	{"measure.samples", "switch", `true`, nil, "whether raw samples are kept for numpy"},
	{"measure.sender_rate", "rate", "", nil, "if given, two labelled senders of this rate take the place of targets, and Loopix's third-party unlinkability ε and δ are taken so many times (flow)"},
	{"theory.formula", "word", `""`, nil, "level theory: which closed form or exact numeric; `sim check` lists them"},
	{"theory.args", "table", "", nil, "its arguments, all numbers"},
	{"replicate.min", "count", `4`, nil, "independent replications of each cell at least"},
	{"replicate.max", "count", `64`, nil, "and at most"},
	{"replicate.metric", "text", `""`, nil, "metric that decides when to stop; left out: min replications are run"},
	{"replicate.half_width", "number", `0.0`, nil, "stop when half the confidence interval of that metric is this narrow"},
	{"limits.memory", "size", `"4GiB"`, nil, "a run that would need more is refused before it starts"},
	{"sweep", "list", "", nil, "tables of \"key\" = [values]; each table is a grid of all combinations, and the grids follow each other"},
	{"check", "list", "", nil, "assertions on the results"},
	{"check.metric", "text", "", nil, "metric of ours, as in summary.csv"},
	{"check.where", "table", "", nil, "keys and values of the swept cells that this check is for; left out: all"},
	{"check.equals", "number", "", nil, "expected value"},
	{"check.tolerance", "number", `0.0`, nil, "greatest difference from equals or theory that passes; the standard error must be at most a third of it"},
	{"check.min", "number", "", nil, "least value that passes"},
	{"check.max", "number", "", nil, "greatest value that passes"},
	{"check.theory", "text", "", nil, "metric that holds the theory's value of the same cell, as shannon_bits_theory"},
	{"check.row", "table", "", nil, "published number to compare with: { id, setup, metric } of a row of checkpoints.csv, where {key} and {key:number} stand for the cell's values"},
	{"check.row.id", "text", "", nil, "the row's id"},
	{"check.row.setup", "text", "", nil, "the row's set-up"},
	{"check.row.metric", "text", "", nil, "the row's metric"},
	{"check.long", "switch", `false`, nil, "left to `just verify` because it takes longer than a test may"},
}
