// Package groundtruth holds the numbers that a correct simulator reproduces, from published papers,
// their artefacts and exact derivations. They stand in checkpoints.csv and nowhere else in the
// code; tests and `murmur sim verify` read them here. It must not hold anything that computes such
// a number.
//
// checkpoints.csv is trusted: who can modify it can make a wrong simulator look right.
package groundtruth

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

//go:embed checkpoints.csv
var checkpoints string

// Row is one published number: what was set up, what was measured, what came out, and how far a
// correct simulator may be from it.
type Row struct {
	ID        string  // of the figure or derivation, shared by the rows of one figure
	Setup     string  // in words; unique together with ID and Metric
	Metric    string  // with its unit in its name
	Value     float64 // expected
	Tolerance string  // as printed in the file; see Allowed
	Source    string
}

// Rows returns all rows in the file's order. "same" as a set-up means that of the row before.
func Rows() []Row {
	records, err := csv.NewReader(strings.NewReader(checkpoints)).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("groundtruth: embedded file: %v", err))
	}
	rows := make([]Row, 0, len(records)-1)
	for _, r := range records[1:] {
		value, err := strconv.ParseFloat(r[3], 64)
		if err != nil {
			panic(fmt.Sprintf("groundtruth: embedded value %q: %v", r[3], err))
		}
		row := Row{ID: r[0], Setup: r[1], Metric: r[2], Value: value, Tolerance: r[4], Source: r[5]}
		if row.Setup == "same" {
			row.Setup = rows[len(rows)-1].Setup
		}
		rows = append(rows, row)
	}
	return rows
}

// Find returns the rows with this id, in the file's order.
func Find(id string) []Row {
	return slices.DeleteFunc(Rows(), func(r Row) bool { return r.ID != id })
}

// Allowed is the greatest absolute difference from Value that passes. A row is printed with one of
// four forms: "0.08", "1e-6 (theory)", "1e-3 relative", "5 %"; where a second form for simulations
// follows after a comma, a simulation is judged by its standard error instead (see Errors).
func (r Row) Allowed() float64 {
	first, _, _ := strings.Cut(r.Tolerance, ",")
	number, unit, _ := strings.Cut(first, " ")
	tolerance, err := strconv.ParseFloat(number, 64)
	if err != nil {
		panic(fmt.Sprintf("groundtruth: embedded tolerance %q: %v", r.Tolerance, err))
	}
	switch {
	case unit == "%":
		return tolerance / 100 * math.Abs(r.Value)
	case strings.HasPrefix(unit, "relative"):
		return tolerance * math.Abs(r.Value)
	}
	return tolerance
}

// Errors is the number of standard errors within which a simulation of this row passes, and 0 if
// the row has no form of its own for simulations, so that Allowed holds for them too.
func (r Row) Errors() float64 {
	_, second, found := strings.Cut(r.Tolerance, ", ")
	if !found {
		return 0
	}
	number, _, _ := strings.Cut(second, " ")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil {
		panic(fmt.Sprintf("groundtruth: embedded tolerance %q: %v", r.Tolerance, err))
	}
	return n
}
