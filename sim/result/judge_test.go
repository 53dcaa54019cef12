package result

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"murmuration/sim/level"
	"murmuration/sim/scenario"
	"murmuration/sim/stat"
)

// TestVerdicts: each objection is made, and a value without one passes.
func TestVerdicts(t *testing.T) {
	one, three := 1.0, 3.0
	equals := scenario.Check{Metric: "a", Equals: &one, Tolerance: 0.3}
	theory := scenario.Check{Metric: "a", Theory: "t", Tolerance: 0.3}
	between := scenario.Check{Metric: "a", Min: &one, Max: &three}
	for _, c := range []struct {
		check        scenario.Check
		value, noise float64
		theory       float64
		want         string // empty: it passes
	}{
		{equals, 1.29, 0.09, 0, ""}, {equals, 0.71, 0, 0, ""},
		{equals, 1.31, 0.09, 0, "off by 0.31"}, {equals, 0.69, 0.09, 0, "off by"},
		{equals, 1, 0.11, 0, "standard error"}, {equals, 1, math.Inf(1), 0, "standard error"},
		{equals, 1, math.NaN(), 0, "standard error"},
		{equals, math.NaN(), 0, 0, "nothing was measured"},
		{theory, 2.2, 0, 2, ""}, {theory, 2.4, 0, 2, "off by"},
		{theory, 2, 0, math.NaN(), "no number to compare with"},
		{between, 1, 9, 0, ""}, {between, 3, 9, 0, ""},
		{between, 0.99, 0, 0, "below 1"}, {between, 3.01, 0, 0, "above 3"},
	} {
		m := stat.Metric{Name: "a", Value: c.value, StdErr: c.noise}
		v := verdict(parse(t, sweep).Cells[0], c.check, m,
			[]stat.Metric{m, level.Exact("t", "s", c.theory)})
		if v.Pass != (c.want == "") || v.Pass != (v.Reason == "") ||
			!strings.Contains(v.Reason, c.want) {
			t.Errorf("%g ± %g: pass %t, %q, want %q", c.value, c.noise, v.Pass, v.Reason, c.want)
		}
	}
	v := verdict(parse(t, sweep).Cells[0], theory, stat.Metric{Name: "a"}, []stat.Metric{})
	if v.Pass || v.Reason != "theory says nothing here" {
		t.Errorf("%+v", v)
	}
	if v := verdict(parse(t, sweep).Cells[0], between, stat.Metric{Value: 2}, nil); v.Bounds !=
		"≥ 1, ≤ 3" || !math.IsNaN(float64(v.Expected)) {
		t.Errorf("%+v", v)
	}
}

// TestJudgeIsOfTheCellsMeant: a check is judged for the cells that its where names and are there,
// and a metric that was not measured does not pass.
func TestJudgeIsOfTheCellsMeant(t *testing.T) {
	f := parse(t, sweep+"[[check]]\nmetric = \"a\"\nmax = 0.5\n[[check]]\nmetric = \"gone\"\n"+
		"min = 0.0\nwhere = { theory.args.hops = 2 }\n")
	verdicts, err := Judge(full(t, f, all(0, 1, 3)...))
	check(t, err)
	if len(verdicts) != 4 || !verdicts[0].Pass || !verdicts[1].Pass || verdicts[2].Pass {
		t.Fatalf("%+v", verdicts)
	}
	last := verdicts[3]
	if last.Pass || !strings.Contains(last.Setup, "hops=2") ||
		!strings.Contains(last.Reason, "does not measure gone") {
		t.Errorf("%+v", last)
	}
}

// TestWantedGrowsByHalf: by the stages of a rule, until its interval is narrow or its end is there.
func TestWantedGrowsByHalf(t *testing.T) {
	f := parse(t, "[replicate]\nmin = 4\nmax = 10\nmetric = \"a\"\nhalf_width = 0.5\n")
	var wide, narrow []level.Replication
	for i := range 12 {
		wide = append(wide, rep(0, i, float64(i%2)*100))
		narrow = append(narrow, rep(0, i, 1+float64(i%2)/100))
	}
	for have, want := range []int{4, 4, 4, 4, 6, 6, 9, 9, 9, 10, 10, 10} {
		if n := Wanted(f.Cells[0], nil, wide[:have]); n != want {
			t.Errorf("with %d wide ones %d are wanted, want %d", have, n, want)
		}
		if n := Wanted(f.Cells[0], nil, narrow[:have]); n != 4 {
			t.Errorf("with %d narrow ones %d are wanted, want 4", have, n)
		}
	}
	one := 1.0
	noisy := scenario.Check{Metric: "a", Equals: &one, Tolerance: 0.001}
	if n := Wanted(f.Cells[0], []scenario.Check{noisy}, narrow[:4]); n != 6 {
		t.Errorf("a check that is not content wants %d", n)
	}
	if n := Wanted(parse(t, sweep).Cells[0], nil, nil); n != 1 {
		t.Errorf("a formula is wanted %d times", n)
	}
}

// TestNumbersInJSON: what is finite reads back the same, all else is null.
func TestNumbersInJSON(t *testing.T) {
	for _, v := range []float64{0, 0.1, -1e300, math.SmallestNonzeroFloat64, math.Pi} {
		var back float64
		b, err := json.Marshal(Number(v))
		if err != nil || json.Unmarshal(b, &back) != nil || back != v {
			t.Errorf("%g is written %s, %v", v, b, err)
		}
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if b, err := json.Marshal(Row{Value: Number(v)}); err != nil ||
			!strings.Contains(string(b), `"value":null`) {
			t.Errorf("%g is written %s, %v", v, b, err)
		}
	}
}

// TestDamagedArchives: each kind of damage is refused; what it was done to is read.
func TestDamagedArchives(t *testing.T) {
	whole := string(npy([]float64{1, 2}))
	if v, err := parseNpy([]byte(whole)); err != nil || len(v) != 2 || v[1] != 2 {
		t.Fatalf("control: %v, %v", v, err)
	}
	for what, b := range map[string]string{
		"empty": "", "magic": "X" + whole[1:], "no length": whole[:len(npyMagic)+1],
		"header": whole[:20], "one byte short": whole[:len(whole)-1],
		"one number short": whole[:len(whole)-8], "one byte more": whole + "\x00",
		"single precision": strings.Replace(whole, "<f8", "<f4", 1),
		"big endian":       strings.Replace(whole, "<f8", ">f8", 1),
		"other order":      strings.Replace(whole, "False", "True ", 1),
		"a matrix":         strings.Replace(whole, "(2,), ", "(2,1),", 1),
	} {
		if v, err := parseNpy([]byte(b)); err == nil {
			t.Errorf("%s: read as %v", what, v)
		}
	}
	head := strings.Join(metricColumns, ",") + "\n"
	if m, err := parseMetrics([]byte(head + "a,s,1,2,3,4,5,6,m\n")); err != nil || len(m) != 1 ||
		m[0].Hi != 5 || m[0].N != 6 || m[0].Method != "m" {
		t.Fatalf("control: %+v, %v", m, err)
	}
	for what, table := range map[string]string{
		"empty": "", "other columns": "a,b\n", "too few": head + "a,s,1\n",
		"no number": head + "a,s,x,2,3,4,5,6,m\n", "no count": head + "a,s,1,2,3,4,5,6.5,m\n",
	} {
		if m, err := parseMetrics([]byte(table)); err == nil {
			t.Errorf("%s: read as %v", what, m)
		}
	}
}
