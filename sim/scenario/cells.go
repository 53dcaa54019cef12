package scenario

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// maxCells bounds a sweep: a slip like a range of nanoseconds shall not start a million runs.
const maxCells = 100_000

// Cell is one combination of the swept values.
type Cell struct {
	Index    int
	Params   []Param // of the swept keys, in the file's order; none if nothing is swept
	Scenario Scenario

	said map[string]any // by the file and the sweep, without defaults
	all  map[string]any
}

// Param is a swept key and its value in one cell, as the file writes it.
type Param struct{ Key, Value string }

// Label names the cell in tables: "topology.layers=2 mix.end_to_end=5s".
func (c Cell) Label() string {
	words := make([]string, len(c.Params))
	for i, p := range c.Params {
		words[i] = p.Key + "=" + p.Value
	}
	return strings.Join(words, " ")
}

// remark says in an error which cell is meant, where there is more than one.
func (c Cell) remark() string {
	if len(c.Params) == 0 {
		return ""
	}
	return fmt.Sprintf(" (in the cell %s)", c.Label())
}

// Value is a key's value in this cell as the file writes it, or "" for a key that has none.
func (c Cell) Value(key string) string {
	if v, ok := get(c.all, key); ok {
		return fmt.Sprint(v)
	}
	return ""
}

// says reports whether the file or the sweep, not a default, gives this key.
func (c Cell) says(key string) bool {
	_, ok := get(c.said, key)
	return ok
}

// axis is one swept key with its values.
type axis struct {
	key    string
	values []any
}

// spread makes the cells: the grids of the sweep one after another, the last key of a grid varying fastest.
func (f *File) spread(sweep []map[string]any) error {
	grids := [][]axis{nil}
	if len(sweep) > 0 {
		grids = nil
	}
	for _, table := range sweep {
		grid, err := f.axes(table)
		if err != nil {
			return err
		}
		grids = append(grids, grid)
	}
	if tooMany(grids) {
		return Problems{f.refuse("sweep", "Sweep fewer values, or several files.", "the sweep has more than %d cells", maxCells)}
	}
	var all Problems
	for _, grid := range grids {
		for _, params := range combinations(grid) {
			cell, problems := f.cell(len(f.Cells), grid, params)
			f.Cells = append(f.Cells, cell)
			all = append(all, problems...)
		}
	}
	all = append(all, f.contradictoryChecks()...)
	if len(all) > 0 {
		return all.sorted()
	}
	return nil
}

// tooMany counts cells before any is made.
func tooMany(grids [][]axis) bool {
	all := 0
	for _, grid := range grids {
		n := 1
		for _, a := range grid {
			if n *= len(a.values); n > maxCells {
				return true
			}
		}
		if all += n; all > maxCells {
			return true
		}
	}
	return false
}

// axes reads one table of the sweep in the order in which its keys stand in the file.
func (f *File) axes(table map[string]any) ([]axis, error) {
	var grid []axis
	for key, value := range flatten("", table) {
		if k, known := lookUp(key); !known && !strings.HasPrefix(key, "theory.args.") || slices.Contains([]string{"seed", "level", "network", "sweep", "check", "cover"}, k.Path) {
			p := f.refuse("sweep."+key, "", "%s is not a key that can be swept", key)
			if s := suggest(key); s != "" && s != key {
				p.Hint = fmt.Sprintf("Did you mean %s?", s)
			}
			return nil, Problems{p}
		}
		values, ok := value.([]any)
		if !ok || len(values) == 0 {
			return nil, Problems{f.refuse("sweep."+key, `Write "`+key+`" = [first, second, …].`, "a swept key needs a list of values")}
		}
		grid = append(grid, axis{key, values})
	}
	slices.SortFunc(grid, func(a, b axis) int {
		return cmp.Or(cmp.Compare(slices.Index(f.at.order, "sweep."+a.key), slices.Index(f.at.order, "sweep."+b.key)), cmp.Compare(a.key, b.key))
	})
	return grid, nil
}

// flatten gives tables their dotted paths, so that swept keys may be written with or without quotes.
func flatten(prefix string, table map[string]any) map[string]any {
	flat := map[string]any{}
	for key, value := range table {
		if inner, ok := value.(map[string]any); ok {
			for k, v := range flatten(prefix+key+".", inner) {
				flat[k] = v
			}
			continue
		}
		flat[prefix+key] = value
	}
	return flat
}

// combinations lists all choices of one value per axis; without axes there is one empty choice.
func combinations(grid []axis) [][]any {
	out := [][]any{nil}
	for _, a := range grid {
		var longer [][]any
		for _, head := range out {
			for _, v := range a.values {
				longer = append(longer, append(slices.Clone(head), v))
			}
		}
		out = longer
	}
	return out
}

// cell decodes one combination and completes and checks it.
func (f *File) cell(index int, grid []axis, values []any) (Cell, Problems) {
	c := Cell{Index: index, said: over(f.raw, nil)}
	delete(c.said, "sweep")
	delete(c.said, "check")
	for i, a := range grid {
		set(c.said, a.key, values[i])
		c.Params = append(c.Params, Param{a.key, fmt.Sprint(values[i])})
	}
	c.all = over(f.below, c.said)
	problems := f.withoutUnits(c.all)
	if len(problems) == 0 {
		problems = f.fill(&c)
	}
	if len(problems) == 0 {
		problems = f.complete(&c)
	}
	if len(problems) == 0 {
		problems = f.contradictions(c)
	}
	for i := range problems {
		problems[i].Reason += c.remark()
	}
	return c, problems
}

// fill decodes all that holds for a cell; errors point at the sweep, since the decoded text is that of no file.
func (f *File) fill(c *Cell) Problems {
	text, err := toml.Marshal(c.all)
	if err != nil {
		return Problems{{File: f.Path, Reason: err.Error()}}
	}
	err = f.decode(text, &c.Scenario)
	var problems Problems
	if errors.As(err, &problems) {
		for i, p := range problems {
			problems[i].Line = f.at.of(p.Key)
		}
	}
	return problems
}

// Magnitude is the value of a swept key as a number in base units (seconds, events per second, bytes, bytes per day,
// shares of 1), or NaN for words.
func Magnitude(p Param) float64 {
	k, _ := lookUp(p.Key)
	if read := quantities[k.Unit]; read != nil {
		if n, err := read(p.Value); err == nil {
			return n
		}
	}
	if n, err := finite(p.Value); err == nil {
		return n
	}
	return math.NaN()
}
