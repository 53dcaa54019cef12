package scenario

import (
	"fmt"
	"slices"
	"strings"
)

// Setting is the value of one key in a cell, and why it has it.
type Setting struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	From    string `json:"from"` // "file", "sweep", "network" or "default"
	Unit    string `json:"unit"`
	Read    bool   `json:"read"` // by the level of this scenario
	Meaning string `json:"meaning"`
}

// Explain lists the value of each key in a cell. Keys that are left out and have no default are not
// listed.
func (f *File) Explain(c Cell) (settings []Setting) {
	for _, k := range keys {
		v := c.Value(k.Path)
		if v == "" || k.Unit == "table" || k.Unit == "list" && k.Default == "" {
			continue
		}
		settings = append(settings, Setting{
			Key: k.Path, Value: v, From: f.origin(c, k), Unit: k.Unit,
			Read: k.Levels.Has(c.Scenario.Level), Meaning: k.Meaning,
		})
	}
	return settings
}

func (f *File) origin(c Cell, k Key) string {
	switch {
	case slices.ContainsFunc(c.Params, func(p Param) bool { return p.Key == k.Path }):
		return "sweep"
	case c.says(k.Path):
		return "file"
	case k.Default == "" || fmt.Sprint(defaultValue(k)) != c.Value(k.Path):
		return "network"
	}
	return "default"
}

func defaultValue(k Key) any {
	v, _ := get(defaults(), k.Path)
	return v
}

// Commented is a scenario file that says of every key what it means, with every default commented
// out, so that it runs as it is.
func Commented() string {
	var b strings.Builder
	b.WriteString(
		"# A scenario for `murmur sim run`. Every key stands here with its default; take the # " +
			"away to change one.\n# docs/simulation.md has the same list as a table.\n")
	table := ""
	for _, k := range keys {
		head, name, nested := strings.Cut(k.Path, ".")
		if head == "check" || head == "cover" || k.Path == "sweep" {
			continue
		}
		if nested && head != table {
			table = head
			fmt.Fprintf(&b, "\n[%s]\n", table)
		}
		if !nested {
			name = head
		}
		b.WriteString(k.commented(name))
	}
	b.WriteString(commentedLists)
	return b.String()
}

// noDefault marks keys that mean something by being left out.
const noDefault = " [no default]"

func (k Key) commented(name string) string {
	meaning, value := k.Meaning, k.Default
	if k.Choices != nil {
		meaning += " (" + strings.Join(k.Choices, ", ") + ")"
	}
	if value == "" {
		value = examples[k.Unit]
		meaning += noDefault
	}
	return fmt.Sprintf("# %s\n# %s = %s\n", meaning, name, value)
}

// examples stand for the value of a key without default.
var examples = map[string]string{
	"duration": `"10s"`, "rate": `"100/s"`, "size": `"2KiB"`, "volume": `"400MB/day"`,
	"share": `"10%"`, "table": `{ hops = 3, mean = 2 }`,
}

const commentedLists = `
# Each [[sweep]] is a grid of all combinations of its values; several grids follow each other.
# [[sweep]]
# "topology.layers" = [1, 2, 3]
# "mix.mean_delay" = ["500ms", "1s"]

# Each [[cover]] is a stream of dummies (flow).
# [[cover]]
# from = 0
# to = 0
# rate = "100/s"

# Each [[check]] is an assertion on the results; ` + "`murmur sim run`" + ` ends with an error if
# one fails.
# [[check]]
# metric = "shannon_bits_mean"
# where = { "topology.layers" = 3 }
# theory = "shannon_bits_mean_theory"   # or equals, min, max, or row of checkpoints.csv
# tolerance = 0.05
`
