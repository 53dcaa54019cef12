package result

import (
	"math"
	"strconv"
)

// Number is a float64 that JSON can hold: what is not finite becomes null.
type Number float64

var NaN = Number(math.NaN())

// MarshalJSON writes the shortest decimal that reads back the same.
func (n Number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'g', -1, 64), nil
}

// Row is one metric of one cell, as summary.csv has it.
type Row struct {
	Cell   string            `json:"cell"` // label
	Swept  map[string]string `json:"swept,omitempty"`
	Metric string            `json:"metric"`
	Unit   string            `json:"unit"`
	Value  Number            `json:"value"`
	SD     Number            `json:"sd"`
	StdErr Number            `json:"standard_error"`
	Lo     Number            `json:"lo"`
	Hi     Number            `json:"hi"`
	N      int               `json:"n"`
	Method string            `json:"method"`
}

// Rows lists all metrics of all cells.
func Rows(cells []Cell) (rows []Row) {
	for _, r := range cells {
		swept := map[string]string{}
		for _, p := range r.Cell.Params {
			swept[p.Key] = p.Value
		}
		for _, m := range r.Metrics {
			rows = append(rows,
				Row{
					r.Cell.Label(), swept, m.Name, m.Unit, Number(m.Value), Number(m.SD),
					Number(m.StdErr), Number(m.Lo), Number(m.Hi), m.N, m.Method,
				})
		}
	}
	return rows
}
