package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"murmuration/sim/level"
	"murmuration/sim/result"
	"murmuration/sim/scenario"
)

// FromFolder makes the page of a result folder, finished or not.
func FromFolder(path string) (Page, error) {
	m, err := result.ReadManifest(path)
	if err != nil {
		return Page{}, fmt.Errorf("%s is not a result folder: %w", path, err)
	}
	f, reps, err := result.Open(path, true)
	if err != nil {
		return Page{}, err
	}
	results, err := result.Read(path)
	if err != nil {
		return Page{}, err
	}
	verdicts, err := result.Judge(path)
	if err != nil {
		return Page{}, err
	}
	p := Page{
		Title: cmp.Or(m.Name, m.Source), About: f.Cells[0].Scenario.About, Facts: facts(m),
		Verdicts: verdicts,
	}
	for _, r := range results {
		p.add(r)
	}
	p.Rows = slices.DeleteFunc(result.Rows(results),
		func(r result.Row) bool { return strings.Contains(r.Metric, "@") })
	p.Latencies = latencies(f, reps)
	return p, nil
}

// FromVerdicts makes a page that shows nothing but a conformance table.
func FromVerdicts(verdicts []result.Verdict) Page {
	return Page{
		Title:    "Conformance of the simulator",
		About:    "Published and exact numbers, and what the simulator makes of their set-ups.",
		Verdicts: verdicts, Cells: []Cell{},
	}
}

func facts(m result.Manifest) []Fact {
	return []Fact{
		{"scenario", m.Source + ", SHA-256 " + m.Scenario}, {"level", m.Level},
		{"seed", strconv.FormatInt(m.Seed, 10)},
		{"cells", fmt.Sprintf("%d of %d finished", len(m.Finished), m.Cells)},
		{"run",
			fmt.Sprintf("%s after %.3g s, %d replications at a time, from %s", m.Run.State,
				m.Run.Seconds, m.Run.Workers, m.Run.Started)},
		{"program", "revision " + m.Run.Revision + ", " + m.Run.Go + ", " + m.Run.Machine},
		{"memory", fmt.Sprintf("%.3g MiB at the peak", float64(m.Run.PeakMemory)/(1<<20))},
	}
}

func (p *Page) add(r result.Cell) {
	c := Cell{Label: r.Cell.Label(), MBDay: result.Number(r.Cell.Scenario.Clients.Volume() / 1e6)}
	for _, param := range r.Cell.Params {
		c.Swept = append(c.Swept,
			Param{param.Key, param.Value, result.Number(scenario.Magnitude(param))})
		if !slices.Contains(p.Keys, param.Key) {
			p.Keys = append(p.Keys, param.Key)
		}
	}
	p.Cells = append(p.Cells, c)
	p.Curves = append(p.Curves, curves(r)...)
}

// curves gathers metrics that are called name@x, such as hit_rate@100, into curves over x.
func curves(r result.Cell) (out []Curve) {
	for _, m := range r.Metrics {
		name, at, found := strings.Cut(m.Name, "@")
		x, err := strconv.ParseFloat(at, 64)
		if !found || err != nil {
			continue
		}
		i := slices.IndexFunc(out, func(c Curve) bool { return c.Metric == name })
		if i < 0 {
			i = len(out)
			out = append(out, Curve{Cell: r.Cell.Label(), Metric: name})
		}
		c := &out[i]
		c.X, c.Y, c.Lo, c.Hi = append(c.X, result.Number(x)), append(c.Y,
			result.Number(m.Value)), append(c.Lo, result.Number(m.Lo)), append(c.Hi,
			result.Number(m.Hi))
	}
	return out
}

// latencySamples are the names of samples that are latencies of messages, the best first.
var latencySamples = []string{"latency_s", "target_latency_s", "stored_s", "round_trip_s"}

// latencies joins the latency samples of each cell into a distribution.
func latencies(f *scenario.File, reps []level.Replication) (out []Distribution) {
	pooled := make([][]float64, len(f.Cells))
	for _, name := range latencySamples {
		found := false
		for _, r := range reps {
			for _, s := range r.Samples {
				if s.Name == name {
					pooled[r.Cell] = append(pooled[r.Cell], s.Values...)
					found = true
				}
			}
		}
		if found {
			break
		}
	}
	for cell, values := range pooled {
		if len(values) > 0 {
			d := distribution(f.Cells[cell].Label(), values)
			d.addTheory(f.Cells[cell].Scenario)
			out = append(out, d)
		}
	}
	return out
}

// resolution is how many points a distribution is drawn with: twice the pixels of small steps.
const resolution = 300

func distribution(label string, values []float64) Distribution {
	slices.Sort(values)
	d := Distribution{Cell: label}
	for i := range resolution + 1 {
		q := float64(i) / resolution
		rank := min(len(values)-1, int(math.Round(q*float64(len(values)-1))))
		d.At = append(d.At, result.Number(values[rank]))
		d.Share = append(d.Share, result.Number((float64(rank)+1)/float64(len(values))))
	}
	return d
}

// addTheory adds what theory says of each point, where it says something.
func (d *Distribution) addTheory(s scenario.Scenario) {
	cdf, known := level.LatencyTheory(s)
	for _, at := range d.At {
		if !known {
			return
		}
		share, err := cdf(float64(at))
		if err != nil {
			share = math.NaN()
		}
		d.Theory = append(d.Theory, result.Number(share))
	}
}
