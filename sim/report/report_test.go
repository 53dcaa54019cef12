package report

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"murmuration/sim"
	"murmuration/sim/result"
	"murmuration/sim/scenario"
	"murmuration/sim/stat"
)

func results(t *testing.T) string {
	t.Helper()
	f, err := scenario.Parse("x.toml", []byte(`
name = "a </script> of a name"
level = "flow"
[measure]
targets = 8
[clients]
rate = "20/s"
[replicate]
min = 2
[[sweep]]
"topology.layers" = [1, 2]
[[check]]
metric = "latency_s_mean"
max = 0.001
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "out")
	if err := sim.Run(t.Context(), f, sim.Options{Folder: dir}); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestPageHoldsEverything(t *testing.T) {
	p, err := FromFolder(results(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Cells) != 2 || len(p.Latencies) != 2 || p.Keys[0] != "topology.layers" ||
		p.Cells[1].Swept[0].Number != 2 {
		t.Errorf("%+v", p.Cells)
	}
	if len(p.Verdicts) != 2 || p.Verdicts[0].Pass {
		t.Errorf("an impossible check passed: %+v", p.Verdicts)
	}
	for _, d := range p.Latencies {
		for i := range d.At {
			if i > 0 && (d.At[i] < d.At[i-1] || d.Share[i] < d.Share[i-1]) {
				t.Fatalf("%s is no distribution: %v", d.Cell, d)
			}
		}
	}
	var page strings.Builder
	if err := Write(&page, p); err != nil {
		t.Fatal(err)
	}
	offline(t, page.String())
}

var fetched = regexp.MustCompile(
	`(?i)<(script|link|img|iframe)[^>]+(src|href)\s*=|@import|url\(\s*['"]?https?:`)

// offline fails for a page that would load something, or whose data breaks out of its script
// element.
func offline(t *testing.T, page string) {
	t.Helper()
	if found := fetched.FindString(page); found != "" {
		t.Errorf("the page loads something: %s", found)
	}
	if n := strings.Count(page, "</script>"); n != 4 {
		t.Errorf("%d script elements end, want 4: data broke out of its own", n)
	}
}

// The control of offline: it finds what it looks for.
func TestOfflineFindsWhatIsLoaded(t *testing.T) {
	for _, bad := range []string{
		`<script src="https://cdn.example/d3.js">`, `<link rel=x href=y>`, `@import "a.css"`,
		`url("https://x")`,
	} {
		if !fetched.MatchString(bad) {
			t.Errorf("%s was not found", bad)
		}
	}
}

func TestCurvesAreGathered(t *testing.T) {
	c := curves(result.Cell{Metrics: metrics("hit_rate@10", 0.1, "hit_rate@100", 0.5, "other", 1)})
	if len(c) != 1 || c[0].Metric != "hit_rate" || len(c[0].X) != 2 || c[0].X[1] != 100 ||
		c[0].Y[1] != 0.5 {
		t.Errorf("%+v", c)
	}
}

func TestVerdictsAlone(t *testing.T) {
	var page strings.Builder
	if err := Write(&page,
		FromVerdicts([]result.Verdict{
			{ID: "G1", Setup: "<b>", Expected: 1, Measured: 1, Pass: true},
		})); err != nil {
		t.Fatal(err)
	}
	offline(t, page.String())
}

func metrics(pairs ...any) (out []stat.Metric) {
	for i := 0; i < len(pairs); i += 2 {
		m := stat.Metric{Name: pairs[i].(string)}
		switch v := pairs[i+1].(type) {
		case float64:
			m.Value = v
		case int:
			m.Value = float64(v)
		}
		out = append(out, m)
	}
	return out
}
