package groundtruth

import (
	"math"
	"testing"
)

func TestEveryRowIsReadable(t *testing.T) {
	seen := map[[3]string]bool{}
	for _, r := range Rows() {
		key := [3]string{r.ID, r.Setup, r.Metric}
		if seen[key] {
			t.Errorf("%v stands twice", key)
		}
		seen[key] = true
		if r.Allowed() <= 0 || r.Allowed() > math.Abs(r.Value)/2 || r.Source == "" {
			t.Errorf("%v: allowed %g of %g, source %q", key, r.Allowed(), r.Value, r.Source)
		}
		if (r.ID == "G5") != (r.Errors() > 0) {
			t.Errorf("%v: errors %g", key, r.Errors())
		}
	}
	if len(seen) < 90 {
		t.Errorf("%d rows, want all of the file", len(seen))
	}
}

func TestToleranceForms(t *testing.T) {
	for form, want := range map[string]float64{
		"0.08": 0.08, "1e-6 (theory)": 1e-6, "1e-3 relative (theory)": 0.2, "5 %": 10,
		"1e-6 (theory), 5 standard errors (simulation)": 1e-6,
	} {
		if got := (Row{Value: -200, Tolerance: form}).Allowed(); math.Abs(got-want) > 1e-12 {
			t.Errorf("%q allows %g, want %g", form, got, want)
		}
	}
}

func TestFindKeepsSetupOfSame(t *testing.T) {
	rows := Find("F8")
	if len(rows) != 2 || rows[1].Setup != rows[0].Setup {
		t.Errorf("F8: %+v", rows)
	}
	if len(Find("F99")) != 0 {
		t.Error("found rows of a figure that is not there")
	}
}
