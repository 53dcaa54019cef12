package scenario

import "murmuration/internal/config"

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
	Memory config.Size `toml:"memory"`
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

// Row points at a published number in sim/groundtruth. In Setup, "{key}" stands for the cell's
// value of that key as the file writes it, and "{key:number}" for that value without its unit.
type Row struct {
	ID     string `toml:"id"`
	Setup  string `toml:"setup"`
	Metric string `toml:"metric"`
}

var runKeys = []Key{
	key(&field.Theory.Formula, `""`, theory,
		"which closed form or exact numeric; `murmur sim check --formulas` lists them"),
	key(&field.Theory.Args, "", theory, "its arguments, all numbers"),
	key(&field.Replicate.Min, `4`, every, "independent replications of each cell at least"),
	key(&field.Replicate.Max, `64`, every, "and at most"),
	key(&field.Replicate.Metric, `""`, every,
		"metric that decides when to stop; left out: min replications are run"),
	key(&field.Replicate.HalfWidth, `0.0`, every,
		"stop when half the confidence interval of that metric is this narrow"),
	key(&field.Limits.Memory, `"4GiB"`, every,
		"a run that would need more is refused before it starts"),
	key(&field.Sweep, "", every,
		"tables of \"key\" = [values]; each table is a grid of all combinations, and the grids "+
			"follow each other"),
	key(&field.Check, "", every, "assertions on the results"),
	key(&check.Metric, "", every, "metric of ours, as in summary.csv"),
	key(&check.Where, "", every,
		"keys and values of the swept cells that this check is for; left out: all"),
	key(&check.Equals, "", every, "expected value"),
	key(&check.Tolerance, `0.0`, every,
		"greatest difference from equals or theory that passes; the standard error must be at "+
			"most a third of it"),
	key(&check.Min, "", every, "least value that passes"),
	key(&check.Max, "", every, "greatest value that passes"),
	key(&check.Theory, "", every,
		"metric that holds the theory's value of the same cell, as shannon_bits_theory"),
	key(&check.Row, "", every,
		"published number to compare with: { id, setup, metric } of a row of checkpoints.csv, "+
			"where {key} and {key:number} stand for the cell's values"),
	key(&row.ID, "", every, "the row's id"),
	key(&row.Setup, "", every, "the row's set-up"),
	key(&row.Metric, "", every, "the row's metric"),
	key(&check.Long, `false`, every,
		"left to `just verify` because it takes longer than a test may"),
}
