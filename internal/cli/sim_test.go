package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const simScenario = `level = "theory"
[theory]
formula = "erlang"
args = { mean = 2 }
[[sweep]]
"theory.args.hops" = [1, 2, 3, 4]
`

// murmurSim runs a command line and returns what it printed.
func murmurSim(t *testing.T, args ...string) (out, said string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = Run(t.Context(), args, Streams{In: strings.NewReader(""), Out: &o, Err: &e})
	return o.String(), e.String(), code
}

func simFile(t *testing.T, text string) (dir, file string) {
	t.Helper()
	dir = t.TempDir()
	file = filepath.Join(dir, "s.toml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir, file
}

func TestSimRunPrintsDataAndTalksApart(t *testing.T) {
	dir, file := simFile(t, simScenario)
	out, said, code := murmurSim(t, "sim", "run", file, "--json", "--out", filepath.Join(dir, "r"))
	if code != 0 {
		t.Fatalf("exit %d: %s", code, said)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 4*10 || !strings.Contains(said, "results are in") {
		t.Errorf("%d lines, said %q", len(lines), said)
	}
	var row struct {
		Metric string
		Value  float64
	}
	if err := json.Unmarshal([]byte(lines[0]), &row); err != nil ||
		row.Metric != "latency_s_mean" || row.Value != 2 {
		t.Errorf("%s: %+v, %v", lines[0], row, err)
	}
}

func TestSimShardsMergeToTheWhole(t *testing.T) {
	dir, file := simFile(t, simScenario)
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, args := range [][]string{
		{"sim", "run", file, "--out", in("whole")},
		{"sim", "sweep", "--shard", "0/2", file, "--out", in("a")},
		{"sim", "sweep", "--shard", "1/2", file, "--out", in("b")},
		{"sim", "merge", "--out", in("both"), in("a"), in("b")},
		{"sim", "diff", in("whole"), in("both")},
		{"sim", "replay", file, "--cell", "2", "--results", in("both")},
		{"sim", "report", in("both")},
	} {
		if _, said, code := murmurSim(t, args...); code != 0 {
			t.Fatalf("murmur %s: exit %d: %s", strings.Join(args, " "), code, said)
		}
	}
	if _, said, code := murmurSim(t, "sim", "diff", in("whole"), in("a")); code != 1 ||
		!strings.Contains(said, "theory.args.hops=2") {
		t.Errorf("a part does not differ from the whole: exit %d, %s", code, said)
	}
	if page, err := os.ReadFile(in("both/report.html")); err != nil || len(page) < 400_000 {
		t.Errorf("report of %d bytes, %v", len(page), err)
	}
}

func TestSimErrorsSayWhatToDo(t *testing.T) {
	_, bad := simFile(t, "[mix]\nmean_dely = \"1s\"\n")
	_, impossible := simFile(t, simScenario+"[[check]]\nmetric = \"latency_s_mean\"\nmax = 1.0\n")
	t.Setenv("JOB_COMPLETION_INDEX", "")
	t.Setenv("SLURM_ARRAY_TASK_ID", "")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"sim", "check", bad},
			":2:1: unknown key \"mix.mean_dely\": did you mean \"mean_delay\"?\n    2 | mean_dely"},
		{[]string{"sim", "run", impossible, "--out", filepath.Join(t.TempDir(), "r")},
			"4 of 4 checks"},
		{[]string{"sim", "sweep", impossible}, "--shard i/n"},
		{[]string{"sim", "sweep", impossible, "--shard", "3/2"}, "not a shard"},
		{[]string{"sim", "run", "no-such-file.toml"}, "no-such-file.toml"},
		{[]string{"sim", "report", t.TempDir()}, "not a result folder"},
		{[]string{"sim", "init", "--from", "nothing.toml"}, "--list"},
		{[]string{"sim", "init", bad}, "already there"},
	} {
		if _, said, code := murmurSim(t, c.args...); code == 0 || !strings.Contains(said, c.want) {
			t.Errorf("murmur %s: exit %d, want %q in:\n%s", strings.Join(c.args, " "), code, c.want,
				said)
		}
	}
}

func TestSimInitWritesWhatCheckAccepts(t *testing.T) {
	out, _, code := murmurSim(t, "sim", "init")
	if code != 0 || !strings.Contains(out, "# mean_delay = ") {
		t.Fatalf("exit %d: %s", code, out)
	}
	_, file := simFile(t, out)
	if out, said, code := murmurSim(t, "sim", "check", file); code != 0 ||
		!strings.Contains(out, "mix.mean_delay") || !strings.Contains(said, "is sound") {
		t.Errorf("exit %d: %s%s", code, out, said)
	}
	list, _, _ := murmurSim(t, "sim", "init", "--list")
	if from, _, code := murmurSim(t, "sim", "init", "--from", "one-mix.toml"); code != 0 ||
		!strings.Contains(list, "one-mix.toml") || !strings.Contains(from, "G5") {
		t.Errorf("exit %d: %s", code, from)
	}
	if formulas, _, code := murmurSim(t, "sim", "check", "--formulas"); code != 0 ||
		!strings.Contains(formulas, "poisson_mix") {
		t.Errorf("exit %d: %s", code, formulas)
	}
}

func TestSimVerifyShort(t *testing.T) {
	page := filepath.Join(t.TempDir(), "v.html")
	out, said, code := murmurSim(t, "sim", "verify", "--short", "--html", page)
	if code != 0 || strings.Contains(out, "FAIL") || strings.Count(out, "pass") < 50 {
		t.Errorf("exit %d: %s%s", code, out, said)
	}
	if _, err := os.Stat(page); err != nil {
		t.Error(err)
	}
}
