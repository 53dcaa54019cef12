// Package report makes one self-contained HTML page of simulation results: plots, tables, and how
// the numbers came about. The page loads nothing from anywhere; the plotting libraries (Observable
// Plot, D3) are inside it. This package must not compute statistics: it shows what stands in
// result folders (package result).
package report

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"

	"murmuration/sim/result"
)

// Page is what a report shows. Parts without content are left out.
type Page struct {
	Title     string           `json:"title"`
	About     string           `json:"about"`
	Facts     []Fact           `json:"facts"` // how the numbers came about, in fine print
	Keys      []string         `json:"keys"`  // swept
	Cells     []Cell           `json:"cells"`
	Rows      []result.Row     `json:"rows"`
	Latencies []Distribution   `json:"latencies"`
	Curves    []Curve          `json:"curves"`
	Verdicts  []result.Verdict `json:"verdicts"`
}

// Fact is a line of the fine print.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Cell is one combination of swept values, as plots need it.
type Cell struct {
	Label string        `json:"label"`
	Swept []Param       `json:"swept"`
	MBDay result.Number `json:"mb_day"` // traffic of an idle client each way
}

// Param is a swept key; Number is its value without unit, in base units, or null for words.
type Param struct {
	Key    string        `json:"key"`
	Value  string        `json:"value"`
	Number result.Number `json:"number"`
}

// Distribution is an empirical distribution function: Share of the samples is at most At.
type Distribution struct {
	Cell   string          `json:"cell"`
	At     []result.Number `json:"at"`
	Share  []result.Number `json:"share"`
	Theory []result.Number `json:"theory"` // of the same points, or null
}

// Curve is a metric that was taken at several points of an attack: Y at X.
type Curve struct {
	Cell   string          `json:"cell"`
	Metric string          `json:"metric"`
	X      []result.Number `json:"x"`
	Y      []result.Number `json:"y"`
	Lo     []result.Number `json:"lo"`
	Hi     []result.Number `json:"hi"`
}

//go:embed assets/d3.min.js
var d3 string

//go:embed assets/plot.umd.min.js
var plot string

//go:embed assets/page.js
var script string

//go:embed assets/page.css
var style string

//go:embed assets/page.html assets/d3.LICENSE assets/plot.LICENSE
var files embed.FS

var page = template.Must(template.ParseFS(files, "assets/page.html"))

// Write writes the page.
func Write(w io.Writer, p Page) error {
	data, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("writing report: %w", err)
	}
	licences, err := licences()
	if err != nil {
		return fmt.Errorf("writing report: %w", err)
	}
	err = page.Execute(w, map[string]any{
		"Title": p.Title, "About": p.About, "Style": template.CSS(style), "Licences": licences,
		"D3": template.JS(d3), "Plot": template.JS(plot), "Script": template.JS(script),
		"Data": template.JS(data), // json.Marshal escapes what could end the script element
	})
	if err != nil {
		return fmt.Errorf("writing report: %w", err)
	}
	return nil
}

func licences() (string, error) {
	d, err := files.ReadFile("assets/d3.LICENSE")
	if err != nil {
		return "", err
	}
	p, err := files.ReadFile("assets/plot.LICENSE")
	return "D3\n" + string(d) + "\nObservable Plot\n" + string(p), err
}
