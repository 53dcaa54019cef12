// Package scenario reads the one file that says what the simulator shall do: a strict TOML file in which every
// duration, rate and size carries its unit and an unknown key is an error with its line. It knows every key with its
// default and meaning, spreads sweeps into cells, and refuses contradictions before any work. It must not run anything.
//
// A scenario file is trusted: who can modify it decides what is simulated and how much memory and time that may take,
// and nothing else; no key names a file to write.
package scenario

// Scenario is one cell of work: all that an engine needs to know, with every default filled in.
// The meaning, unit and default of each field stand in keys.go, under its TOML name.
type Scenario struct {
	Name      string    `toml:"name"`
	About     string    `toml:"about"`
	Level     string    `toml:"level"`
	Seed      int64     `toml:"seed"`
	Network   string    `toml:"network"`
	Time      Time      `toml:"time"`
	Topology  Topology  `toml:"topology"`
	Mix       Mix       `toml:"mix"`
	Link      Link      `toml:"link"`
	Cover     []Cover   `toml:"cover"`
	Clients   Clients   `toml:"clients"`
	Boxes     Boxes     `toml:"boxes"`
	Workload  Workload  `toml:"workload"`
	Adversary Adversary `toml:"adversary"`
	Measure   Measure   `toml:"measure"`
	Theory    Theory    `toml:"theory"`
	Replicate Replicate `toml:"replicate"`
	Limits    Limits    `toml:"limits"`

	Sweep []map[string]any `toml:"sweep"`
	Check []Check          `toml:"check"`
}

// Time bounds a replication.
type Time struct {
	WarmUp   string   `toml:"warmup"`
	Duration Duration `toml:"duration"`
	Drain    Duration `toml:"drain"`
}

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
	Kind        string   `toml:"kind"`
	MeanDelay   Duration `toml:"mean_delay"`
	EndToEnd    Duration `toml:"end_to_end"`
	DelayCap    float64  `toml:"delay_cap"`
	Threshold   int      `toml:"threshold"`
	Pool        int      `toml:"pool"`
	Interval    Duration `toml:"interval"`
	Probability Share    `toml:"probability"`
	Dummies     Rate     `toml:"dummies"`
	LoopEvery   Duration `toml:"loop_every"`
	LoopTimeout Duration `toml:"loop_timeout"`
	Capacity    Rate     `toml:"capacity"`
	Queue       int      `toml:"queue"`
	EntryDelay  bool     `toml:"entry_delay"`
	ExitDelay   bool     `toml:"exit_delay"`
}

// Link says how long a packet is under way between two nodes and how many are lost.
type Link struct {
	Kind        string     `toml:"kind"`
	Delay       Duration   `toml:"delay"`
	Spread      Duration   `toml:"spread"`
	Matrix      []Duration `toml:"matrix"`
	ClientDelay Duration   `toml:"client_delay"`
	Loss        Share      `toml:"loss"`
}

// Cover is a stream of dummies beside what clients send.
type Cover struct {
	From    int  `toml:"from"`
	To      int  `toml:"to"`
	Rate    Rate `toml:"rate"`
	Standby bool `toml:"standby"`
}

// Clients says who sends and how much cover they make.
type Clients struct {
	Count        int      `toml:"count"`
	Rate         Rate     `toml:"rate"`
	PayloadEvery Duration `toml:"payload_every"`
	LoopEvery    Duration `toml:"loop_every"`
	DropEvery    Duration `toml:"drop_every"`
	Cover        bool     `toml:"cover"`
	Retrieval    string   `toml:"retrieval"`
	PullEvery    Duration `toml:"pull_every"`
	Spool        int      `toml:"spool"`
	Budget       Volume   `toml:"budget"`
	Packet       Size     `toml:"packet"`
	Session      Duration `toml:"session"`
	Absence      Duration `toml:"absence"`
}

// Boxes says how clients read and write boxes.
type Boxes struct {
	Watched        int      `toml:"watched"`
	PollShare      Share    `toml:"poll_share"`
	AgeScale       Duration `toml:"age_scale"`
	AgeCap         Duration `toml:"age_cap"`
	DecoyLife      Duration `toml:"decoy_life"`
	Allowance      Duration `toml:"allowance"`
	ReplicateAfter Duration `toml:"replicate_after"`
}

// Workload says what people do over the network.
type Workload struct {
	Kind        string   `toml:"kind"`
	Every       Duration `toml:"every"`
	Friends     int      `toml:"friends"`
	FriendsOf   int      `toml:"friends_of"`
	Zipf        float64  `toml:"zipf"`
	Writers     int      `toml:"writers"`
	Tries       int      `toml:"tries"`
	Groups      int      `toml:"groups"`
	GroupSize   int      `toml:"group_size"`
	Posting     string   `toml:"posting"`
	Fanout      int      `toml:"fanout"`
	Bundle      int      `toml:"bundle"`
	AckTimeout  float64  `toml:"ack_timeout"`
	LateIdle    bool     `toml:"late_idle"`
	HeavyShare  Share    `toml:"heavy_share"`
	HeavyWeight float64  `toml:"heavy_weight"`
}

// Adversary says what is watched, who is corrupt, and what they do.
type Adversary struct {
	Observe   string   `toml:"observe"`
	Corrupt   int      `toml:"corrupt"`
	Fraction  Share    `toml:"corrupt_fraction"`
	Placement string   `toml:"placement"`
	Attack    string   `toml:"attack"`
	Strength  Share    `toml:"strength"`
	HoldFor   Duration `toml:"hold_for"`
	Node      int      `toml:"node"`
	Target    int      `toml:"target"`
	From      Duration `toml:"from"`
	Rounds    int      `toml:"rounds"`
	Round     Duration `toml:"round"`
	Method    string   `toml:"method"`
	Window    Duration `toml:"window"`
}

// Measure says what is looked at.
type Measure struct {
	Targets int    `toml:"targets"`
	Tracing string `toml:"tracing"`
	Samples bool   `toml:"samples"`
	Sender  Rate   `toml:"sender_rate"`
}

// Theory names a closed form or exact numeric and its arguments, for level "theory".
type Theory struct {
	Formula string             `toml:"formula"`
	Args    map[string]float64 `toml:"args"`
}

// Replicate says when enough independent replications of a cell have been run.
type Replicate struct {
	Min       int     `toml:"min"`
	Max       int     `toml:"max"`
	Metric    string  `toml:"metric"`
	HalfWidth float64 `toml:"half_width"`
}

// Limits bound what a run may use.
type Limits struct {
	Memory Size `toml:"memory"`
}

// Check is an assertion on one metric of some cells.
type Check struct {
	Metric    string         `toml:"metric"`
	Where     map[string]any `toml:"where"`
	Equals    *float64       `toml:"equals"`
	Tolerance float64        `toml:"tolerance"`
	Min       *float64       `toml:"min"`
	Max       *float64       `toml:"max"`
	Theory    string         `toml:"theory"`
	Row       *Row           `toml:"row"`
	Long      bool           `toml:"long"`
}

// Row points at a published number in sim/groundtruth. In Setup, "{key}" stands for the cell's value of that key as
// the file writes it, and "{key:number}" for that value without its unit.
type Row struct {
	ID     string `toml:"id"`
	Setup  string `toml:"setup"`
	Metric string `toml:"metric"`
}
