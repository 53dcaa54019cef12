// Package scenario is the one file that says what the simulator shall do: a strict TOML file
// (package config reads it) in which every duration, rate and size carries its unit. It declares
// every key with its default, meaning and the levels that read it, spreads sweeps into cells, and
// refuses contradictions before any work. It must not run anything.
//
// A scenario file is trusted: who can modify it decides what is simulated and how much memory and
// time that may take, and nothing else; no key names a file to write.
package scenario

import (
	"fmt"
	"time"

	"murmuration/internal/config"
)

// Scenario is one cell of work: all that an engine needs to know, with every default filled in.
// The meaning and default of each field stand beside it, in the table of its keys.
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
	WarmUp   WarmUp          `toml:"warmup"`
	Duration config.Duration `toml:"duration"`
	Drain    config.Duration `toml:"drain"`
}

// WarmUp is what a replication leaves out of its statistics: a duration, or "auto".
type WarmUp struct {
	time.Duration
	Auto bool
}

// UnmarshalText reads a duration, or "auto", which means that it is chosen from the delays.
func (w *WarmUp) UnmarshalText(text []byte) error {
	if string(text) == "auto" {
		*w = WarmUp{Auto: true}
		return nil
	}
	var d config.Duration
	if err := d.UnmarshalText(text); err != nil {
		return fmt.Errorf("%w; or \"auto\"", err)
	}
	*w = WarmUp{Duration: d.Duration}
	return nil
}

var headKeys = []Key{
	key(&field.Name, `""`, every, "what this scenario is called in tables and plots"),
	key(&field.About, `""`, every, "what it reproduces or asks, in a sentence or two"),
	key(&field.Level, `"flow"`, every,
		"which engine: closed forms, feed-forward Monte Carlo (open networks), discrete "+
			"events (queues, spools, polls, attacks), or the real cores of nodes and "+
			"clients in virtual time").choices(levelNames...),
	key(&field.Seed, `1`, every,
		"the same seed gives the same bytes of output, on one core or many"),
	key(&field.Network, `""`, flow|des|world,
		"a network preset, by name (default, x25519, demo, fast) or by path relative to this "+
			"file, whose layers, delays, stream rates and sizes become the defaults of this "+
			"scenario"),
	key(&field.Time.WarmUp, `"auto"`, des|world,
		"left out of all statistics at the start of a replication: a duration, or \"auto\" "+
			"(twenty mean ways through the network and at least a minute; the flow engine starts "+
			"in its steady state)").orZero(),
	key(&field.Time.Duration, "", flow|des|world,
		"measured virtual time of one replication, after the warm-up; left out: as long as the "+
			"traced packets need (flow), 1 h (des)"),
	key(&field.Time.Drain, `"10min"`, des|world,
		"how much longer a replication may go on for messages under way"),
}
