package scenario

import "murmuration/internal/config"

// Topology says how many nodes there are and which way packets go through them.
type Topology struct {
	Kind      string    `toml:"kind"`
	Layers    int       `toml:"layers"`
	Width     int       `toml:"width"`
	Weights   []float64 `toml:"weights"`
	Providers int       `toml:"providers"`
}

// Mix says what a mix does with the packets that it holds.
type Mix struct {
	Kind        string          `toml:"kind"`
	MeanDelay   config.Duration `toml:"mean_delay"`
	EndToEnd    config.Duration `toml:"end_to_end"`
	DelayCap    float64         `toml:"delay_cap"`
	Threshold   int             `toml:"threshold"`
	Pool        int             `toml:"pool"`
	Interval    config.Duration `toml:"interval"`
	Probability config.Share    `toml:"probability"`
	Dummies     config.Rate     `toml:"dummies"`
	LoopEvery   config.Duration `toml:"loop_every"`
	LoopTimeout config.Duration `toml:"loop_timeout"`
	Capacity    config.Rate     `toml:"capacity"`
	Queue       int             `toml:"queue"`
	EntryDelay  bool            `toml:"entry_delay"`
	ExitDelay   bool            `toml:"exit_delay"`
}

// Link says how long a packet is under way between two nodes and how many are lost.
type Link struct {
	Kind        string            `toml:"kind"`
	Delay       config.Duration   `toml:"delay"`
	Spread      config.Duration   `toml:"spread"`
	Matrix      []config.Duration `toml:"matrix"`
	ClientDelay config.Duration   `toml:"client_delay"`
	Loss        config.Share      `toml:"loss"`
}

// Cover is a stream of dummies beside what clients send.
type Cover struct {
	From    int         `toml:"from"`
	To      int         `toml:"to"`
	Rate    config.Rate `toml:"rate"`
	Standby bool        `toml:"standby"`
}

var networkKeys = []Key{
	key(&field.Topology.Kind, `"stratified"`, flow|des|world,
		"stratified: any mix of the next layer; cascade: fixed chains; free: any mixes in any "+
			"order, though none twice in a row, where the watcher also knows how many hops each "+
			"packet has behind it (flow); ring: stratified between two layers of providers (des; "+
			"the flow engine takes only its mixes)").choices(
		"stratified", "cascade", "free", "ring",
	),
	key(&field.Topology.Layers, `3`, flow|des|world, "mixes that a packet passes"),
	key(&field.Topology.Width, `10`, flow|des|world,
		"mixes in a layer (cascades: chains; free routes: mixes in all)"),
	key(&field.Topology.Weights, `[]`, flow,
		"share of the traffic that each mix of a layer gets, in any unit; left out: all the "+
			"same"),
	key(&field.Topology.Providers, `0`, des|world,
		"providers of a ring; 0 takes one for every 64 clients, at least 2"),
	key(&field.Mix.Kind, `"poisson"`, flow|des|world,
		"when a mix lets packets go: each after its own exponential delay; all when threshold "+
			"have come; the same but pool of them stay; all at each interval; each with a "+
			"probability at each interval").choices(
		"poisson", "threshold", "pool", "timed", "binomial",
	),
	key(&field.Mix.MeanDelay, `"1s"`, flow|des|world, "Poisson mixes: mean delay at one hop, 1/μ"),
	key(&field.Mix.EndToEnd, "", flow|des|world,
		"instead of mean_delay: the whole mean latency, of which (end_to_end − "+
			"(layers+1)·link.delay)/layers is the mean delay of a hop, as MiXiM counts it"),
	key(&field.Mix.DelayCap, `0.0`, des|world,
		"Poisson mixes: a delay above this many means is drawn again by the sender; 0 is no cap"),
	key(&field.Mix.Threshold, `100`, flow,
		"threshold and pool mixes: packets that come in between two flushes, and that leave at "+
			"one"),
	key(&field.Mix.Pool, `0`, flow,
		"pool and timed mixes: packets that stay at each flush, chosen at random"),
	key(&field.Mix.Interval, `"1s"`, flow, "timed and binomial mixes: time between two flushes"),
	key(&field.Mix.Probability, `"20%"`, flow,
		"binomial mixes: the chance of each packet to leave at a flush"),
	key(&field.Mix.Dummies, `"0/s"`, flow,
		"MiXiM's link-based dummies: the mixes of all layers but the last together send so many"+
			" to random mixes of the next layer, which drop them; each of these mixes holds the "+
			"next one ready").orZero(),
	key(&field.Mix.LoopEvery, "", des|world,
		"mean time between two loops that a mix sends itself through the whole network, 1/λM; "+
			"left out: none"),
	key(&field.Mix.LoopTimeout, "", des,
		"when a mix loop counts as lost; left out: twelve mean delays and the links"),
	key(&field.Mix.Capacity, "", des, "packets that one mix can process; left out: any number"),
	key(&field.Mix.Queue, `1000`, des,
		"packets that may wait for a mix of finite capacity; more are dropped and counted"),
	key(&field.Mix.EntryDelay, `false`, des|world,
		"whether the first provider delays as mixes do (Murmuration and Rollercoaster's "+
			"artefact: true; Loopix: false)"),
	key(&field.Mix.ExitDelay, `false`, des|world,
		"whether the last provider does (Murmuration: true)"),
	key(&field.Link.Kind, `"constant"`, flow|des|world,
		"how the time on a link is drawn: always the same; uniform around the delay; by the "+
			"regions of both nodes (des)").choices("constant", "uniform", "matrix"),
	key(&field.Link.Delay, `"0s"`, flow|des|world,
		"time on a link between nodes (uniform: its mean); in the flow engine also of the first"+
			" and the last link").orZero(),
	key(&field.Link.Spread, `"0s"`, flow|des,
		"uniform links: half the width of the range around the delay").orZero(),
	key(&field.Link.Matrix, `[]`, des,
		"matrix links: n·n durations between n regions, row by row; node i (providers first, "+
			"then mixes layer by layer) lies in region i mod n"),
	key(&field.Link.ClientDelay, `"0s"`, des|world,
		"time on a link between client and provider").orZero(),
	key(&field.Link.Loss, `"0%"`, des|world, "packets that each link loses"),
	key(&field.Cover, "", flow, "streams of dummies beside what clients send, one [[cover]] each"),
	key(&cover.From, `0`, flow, "layer whose mixes make them; 0 for clients"),
	key(&cover.To, `0`, flow,
		"layer that discards them; 0: they go through to the end as real packets do"),
	key(&cover.Rate, "", flow, "dummies of all mixes of that layer, or of all clients, together"),
	key(&cover.Standby, `false`, flow,
		"whether every mix always holds one dummy more, the next to be sent"),
}
