package result

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Difference is a number that two result folders do not share.
type Difference struct {
	Cell   string `json:"cell"`
	Metric string `json:"metric"`
	A      Number `json:"first"` // NaN where a folder has none
	B      Number `json:"second"`
	// |A−B| in standard errors of both together; infinite where there is no spread
	Errors Number `json:"errors"`
}

// Diff compares the metrics of two result folders cell by cell, matched by their swept values, and
// returns those that differ. Two runs of one scenario with one seed have none. Folders of which one
// has cells that the other has not are refused: there is nothing to compare those with.
func Diff(a, b string) ([]Difference, error) {
	x, err := Read(a)
	if err != nil {
		return nil, err
	}
	y, err := Read(b)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(partners(a, x, y), partners(b, y, x)); err != nil {
		return nil, fmt.Errorf("comparing %s with %s: %w", a, b, err)
	}
	var out []Difference
	for _, c := range x {
		out = append(out, differing(c, y[find(y, c.Cell.Label())])...)
	}
	return out, nil
}

// maxNamed is how many cells an error names.
const maxNamed = 4

// partners is an error that names the cells of one folder that the other has not.
func partners(folder string, here, there []Cell) error {
	var alone []string
	for _, c := range here {
		if label := c.Cell.Label(); find(there, label) < 0 {
			alone = append(alone, cmp.Or(label, "the one of a file without a sweep"))
		}
	}
	if len(alone) == 0 {
		return nil
	}
	more := ""
	if n := len(alone) - maxNamed; n > 0 {
		alone, more = alone[:maxNamed], fmt.Sprintf(", and %d more", n)
	}
	return fmt.Errorf("only %s has these cells: %s%s", folder, strings.Join(alone, "; "), more)
}

func find(in []Cell, label string) int {
	return slices.IndexFunc(in, func(c Cell) bool { return c.Cell.Label() == label })
}

// differing lists the metrics of one cell that are not the same in both results, or only in one.
func differing(x, y Cell) (out []Difference) {
	for _, m := range x.Metrics {
		o, ok := y.Metric(m.Name)
		if !ok {
			o.Value = math.NaN()
		}
		if m.Value != o.Value && !(ok && math.IsNaN(m.Value) && math.IsNaN(o.Value)) {
			apart := math.Abs(m.Value-o.Value) / math.Hypot(m.StdErr, o.StdErr)
			out = append(out,
				Difference{
					x.Cell.Label(), m.Name, Number(m.Value), Number(o.Value), Number(apart),
				})
		}
	}
	for _, o := range y.Metrics {
		if _, ok := x.Metric(o.Name); !ok {
			out = append(out, Difference{x.Cell.Label(), o.Name, NaN, Number(o.Value), NaN})
		}
	}
	return out
}
