package scenario

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"murmuration/internal/config"
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

// says reports whether the file or the sweep, not a default, gives a key: its field's address in a
// template or its path.
func (c Cell) says(of any) bool {
	_, ok := get(c.said, nameOf(of))
	return ok
}

// axis is one swept key with its values.
type axis struct {
	key    string
	values []any
}

// maxFaults bounds how many problems of cells are told: most are the same in each.
const maxFaults = 100

// spread makes the cells: the grids of the sweep one after another, the last key of a grid varying
// fastest.
func (f *File) spread(sweep []map[string]any) {
	grids := [][]axis{nil}
	if len(sweep) > 0 {
		grids = nil
	}
	for _, table := range sweep {
		grids = append(grids, f.axes(table))
	}
	if f.doc.Faults() > 0 {
		return
	}
	if tooMany(grids) {
		f.refuse(&field.Sweep, "Sweep fewer values, or several files.",
			"the sweep has more than %d cells", maxCells)
		return
	}
	for _, grid := range grids {
		for _, params := range combinations(grid) {
			if f.doc.Faults() < maxFaults {
				f.Cells = append(f.Cells, f.cell(len(f.Cells), grid, params))
			}
		}
	}
	f.contradictoryChecks()
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

// unswept are keys that are the same in all cells.
var unswept = []any{
	&field.Seed, &field.Level, &field.Network, &field.Sweep, &field.Check, &field.Cover,
}

func sweepable(key string) bool {
	if slices.ContainsFunc(unswept, func(of any) bool { return nameOf(of) == key }) {
		return false
	}
	k, known := lookUp(key)
	return known && k.Unit != "table" || strings.HasPrefix(key, nameOf(&field.Theory.Args)+".")
}

// axes reads one table of the sweep in the order in which its keys stand in the file.
func (f *File) axes(table map[string]any) (grid []axis) {
	for key, value := range flatten("", table) {
		if !sweepable(key) {
			hint := ""
			if best := config.Nearest(key, paths()); best != "" && best != key {
				hint = fmt.Sprintf("Did you mean %s?", best)
			}
			f.refuse("sweep."+key, hint, "%s is not a key that can be swept", key)
			continue
		}
		values, ok := value.([]any)
		if !ok || len(values) == 0 {
			f.refuse("sweep."+key, `Write "`+key+`" = [first, second, …].`,
				"a swept key needs a list of values")
			continue
		}
		grid = append(grid, axis{key, values})
	}
	slices.SortFunc(grid, func(a, b axis) int {
		return cmp.Or(cmp.Compare(f.doc.Order("sweep."+a.key), f.doc.Order("sweep."+b.key)),
			cmp.Compare(a.key, b.key))
	})
	return grid
}

func paths() (all []string) {
	for _, k := range keys {
		all = append(all, k.Path)
	}
	return all
}

// flatten gives tables their dotted paths, so that swept keys may be written with or without
// quotes.
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
func (f *File) cell(index int, grid []axis, values []any) Cell {
	c := Cell{Index: index, said: over(f.raw, nil)}
	delete(c.said, nameOf(&field.Sweep))
	delete(c.said, nameOf(&field.Check))
	for i, a := range grid {
		set(c.said, a.key, values[i])
		c.Params = append(c.Params, Param{a.key, fmt.Sprint(values[i])})
	}
	c.all = over(f.below, c.said)
	before := f.doc.Faults()
	for _, step := range []func(*Cell){f.fill, f.complete, f.contradictions} {
		if f.doc.Faults() == before {
			f.cellAt = &c
			step(&c)
		}
	}
	f.cellAt = nil
	return c
}

// fill decodes all that holds for a cell; faults point at the sweep, since the decoded text is that
// of no file.
func (f *File) fill(c *Cell) {
	whole := config.ReadTree(f.Path, c.all)
	whole.Decode(&c.Scenario)
	var wrong *config.FileError
	if errors.As(whole.Err(), &wrong) {
		for _, p := range wrong.Problems {
			f.refuse(p.Key, p.Hint, "%s", p.Text)
		}
	}
}
