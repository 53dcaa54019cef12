package result

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"

	"murmuration/sim/level"
	"murmuration/sim/scenario"
	"murmuration/sim/stat"
)

// Cell is a cell with its metrics over all replications.
type Cell struct {
	Cell         scenario.Cell
	Replications int
	Metrics      []stat.Metric
}

// Metric returns the metric of a name.
func (r Cell) Metric(name string) (stat.Metric, bool) {
	return level.Metric(r.Metrics, name)
}

// aggregate joins the replications of each cell that has any, in the order of cells, and adds the
// theory's values where theory has some.
func aggregate(f *scenario.File, done Done) ([]Cell, error) {
	var results []Cell
	for _, c := range f.Cells {
		reps := done[c.Index]
		if len(reps) == 0 {
			continue
		}
		r := Cell{Cell: c, Replications: len(reps)}
		for _, first := range reps[0].Metrics {
			m, err := joined(reps, first.Name)
			if err != nil {
				return nil, err
			}
			r.Metrics = append(r.Metrics, m)
		}
		r.Metrics = append(r.Metrics, level.Expected(c.Scenario)...)
		results = append(results, r)
	}
	return results, nil
}

// summarise makes summary.csv: a row for each cell and metric, with a column for each swept key.
func summarise(f *scenario.File, done Done) ([]byte, error) {
	results, err := aggregate(f, done)
	if err != nil {
		return nil, err
	}
	keys := sweptKeys(f)
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	records := [][]string{append(append([]string{"cell"}, keys...), metricColumns...)}
	for _, r := range results {
		head := []string{strconv.Itoa(r.Cell.Index)}
		for _, k := range keys {
			head = append(head, r.Cell.Value(k))
		}
		for _, m := range r.Metrics {
			records = append(records, append(append([]string(nil), head...), metricRecord(m)...))
		}
	}
	if err := w.WriteAll(records); err != nil {
		return nil, fmt.Errorf("writing summary: %w", err)
	}
	return out.Bytes(), nil
}

// sweptKeys lists every key that some cell sweeps, in the order of their first cell.
func sweptKeys(f *scenario.File) (keys []string) {
	seen := map[string]bool{}
	for _, c := range f.Cells {
		for _, p := range c.Params {
			if !seen[p.Key] {
				seen[p.Key] = true
				keys = append(keys, p.Key)
			}
		}
	}
	return keys
}
