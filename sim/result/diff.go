package result

import (
	"math"
	"slices"
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
// returns those that differ. Two runs of one scenario with one seed have none.
func Diff(a, b string) ([]Difference, error) {
	x, err := Read(a)
	if err != nil {
		return nil, err
	}
	y, err := Read(b)
	if err != nil {
		return nil, err
	}
	var out []Difference
	for _, c := range x {
		out = append(out, differing(c, find(y, c.Cell.Label()))...)
	}
	for _, c := range y {
		if label := c.Cell.Label(); find(x, label).Metrics == nil {
			out = append(out, differing(Cell{Cell: c.Cell}, c)...)
		}
	}
	return out, nil
}

func find(in []Cell, label string) Cell {
	i := slices.IndexFunc(in, func(c Cell) bool { return c.Cell.Label() == label })
	if i < 0 {
		return Cell{}
	}
	return in[i]
}

// differing lists the metrics of one cell that are not the same in both results, or only in one.
func differing(x, y Cell) (out []Difference) {
	for _, m := range x.Metrics {
		o, ok := y.Metric(m.Name)
		if !ok {
			o.Value = math.NaN()
		}
		if m.Value != o.Value && !(ok && math.IsNaN(m.Value) && math.IsNaN(o.Value)) {
			errors := math.Abs(m.Value-o.Value) / math.Hypot(m.StdErr, o.StdErr)
			out = append(out,
				Difference{
					x.Cell.Label(), m.Name, Number(m.Value), Number(o.Value), Number(errors),
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
