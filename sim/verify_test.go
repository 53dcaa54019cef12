package sim

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	scenarios "murmuration/configs/sim"
	"murmuration/sim/groundtruth"
	"murmuration/sim/result"
	"murmuration/sim/scenario"
)

// shipped loads every scenario that is part of the program.
func shipped(t testing.TB) (files []*scenario.File) {
	t.Helper()
	names, err := fs.Glob(scenarios.Files, "*.toml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, name := range names {
		f, err := scenario.LoadFS(scenarios.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// The published numbers that take little time; `just verify` runs all.
func TestConformanceShort(t *testing.T) {
	verdicts, err := Verify(t.Context(), shipped(t), true, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range verdicts {
		if !v.Pass {
			t.Errorf("%s %s: %s is %g ± %g, published %g: %s", v.ID, v.Setup, v.Metric, v.Measured,
				v.StdErr, v.Expected, v.Reason)
		}
	}
	t.Logf("%d rows", len(verdicts))
}

// The control: a scenario that differs a little from the published set-up must not pass.
func TestConformanceCatchesAWrongSetup(t *testing.T) {
	text, err := fs.ReadFile(scenarios.Files, "closed-forms.toml")
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.Replace(string(text), `"theory.args.fixed" = [0.43]`,
		`"theory.args.fixed" = [0.46]`, 1)
	wrong = strings.ReplaceAll(wrong, `"theory.args.fixed" = 0.43`, `"theory.args.fixed" = 0.46`)
	f, err := scenario.Parse("wrong.toml", []byte(wrong), nil)
	if err != nil {
		t.Fatal(err)
	}
	verdicts, err := Verify(t.Context(), []*scenario.File{f}, true, Options{})
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, v := range verdicts {
		if !v.Pass {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("%d checks failed, want the one on the mean latency", failed)
	}
}

// Every shipped scenario says in its comment what it is for, has a name, and fits into the memory
// that it allows.
func TestShippedScenariosAreSound(t *testing.T) {
	for _, f := range shipped(t) {
		s := f.Cells[0].Scenario
		if !strings.HasPrefix(string(f.Text), "# ") || s.Name == "" {
			t.Errorf("%s has no comment or no name", f.Path)
		}
		if err := Check(f, Options{Workers: 2, Shard: result.Whole}); err != nil {
			t.Error(err)
		}
	}
}

// Every published row is reproduced by some scenario, so that `murmur sim verify` can speak of all
// of them.
func TestEveryRowHasAScenario(t *testing.T) {
	var all []result.Verdict
	for _, f := range shipped(t) {
		for _, check := range f.Checks() {
			for _, c := range f.Cells {
				if check.Row == nil || !c.Concerns(check) {
					continue
				}
				row, err := c.Published(*check.Row)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, result.Verdict{ID: row.ID, Setup: row.Setup, Metric: row.Metric})
			}
		}
	}
	for _, v := range missing(all) {
		t.Errorf("no scenario reproduces %s %s %s", v.ID, v.Setup, v.Metric)
	}
	without := slices.DeleteFunc(all, func(v result.Verdict) bool { return v.ID == "F6" })
	if n := len(missing(without)); n != len(groundtruth.Find("F6")) {
		t.Errorf("control: without the scenario of F6, %d rows are missed", n)
	}
}
