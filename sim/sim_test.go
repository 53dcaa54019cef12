package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"murmuration/internal/durable"
	"murmuration/sim/result"
	"murmuration/sim/scenario"
	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

const small = `
name = "small"
level = "theory"
[theory]
formula = "erlang"
args = { mean = 2 }
[[sweep]]
"theory.args.hops" = [1, 2, 3, 4, 5, 6, 7]
`

// replicationFile is where a result folder keeps a replication.
func replicationFile(cell, index int) string {
	return fmt.Sprintf("replications/c%05d-r%04d.npz", cell, index)
}

func parse(t testing.TB, text string) *scenario.File {
	t.Helper()
	f, err := scenario.Parse("small.toml", []byte(text), func(string) ([]byte, error) { return nil, fs.ErrNotExist })
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// contents reads a result folder, without the run section of its manifest.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		if name == "manifest.json" {
			text, _, _ = bytes.Cut(text, []byte(`"run": {`))
		}
		files[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// difference names a file in which two folders differ, or is empty.
func difference(a, b map[string]string) string {
	for name := range a {
		if a[name] != b[name] {
			return name
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			return name
		}
	}
	return ""
}

func run(t testing.TB, text string, o Options) string {
	t.Helper()
	if o.Folder == "" {
		o.Folder = filepath.Join(t.TempDir(), "out")
	}
	if err := Run(t.Context(), parse(t, text), o); err != nil {
		t.Fatal(err)
	}
	return o.Folder
}

func TestSameBytesOnOneCoreOrMany(t *testing.T) {
	one, many := contents(t, run(t, small, Options{Workers: 1})), contents(t, run(t, small, Options{Workers: 8}))
	if d := difference(one, many); d != "" {
		t.Errorf("%s differs", d)
	}
	other := contents(t, run(t, strings.Replace(small, "mean = 2", "mean = 3", 1), Options{}))
	if difference(one, other) == "" {
		t.Error("another scenario gives the same bytes")
	}
}

func TestSecondRunKeepsWhatIsThere(t *testing.T) {
	dir := run(t, small, Options{})
	before := contents(t, dir)
	gone := filepath.Join(dir, filepath.FromSlash(replicationFile(3, 0)))
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(gone+".part", []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	var p Progress
	run(t, small, Options{Folder: dir, Progress: &p})
	if d := difference(before, contents(t, dir)); d != "" {
		t.Errorf("%s differs after completing", d)
	}
	if p.Planned.Load() != 7 || p.Done.Load() != 7 {
		t.Errorf("%d of %d", p.Done.Load(), p.Planned.Load())
	}
}

func TestFoldersOfOthersAreRefused(t *testing.T) {
	dir := run(t, small, Options{})
	err := Run(t.Context(), parse(t, small+"# changed\n"), Options{Folder: dir})
	if err == nil || !strings.Contains(err.Error(), "another scenario") {
		t.Errorf("another scenario: %v", err)
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "thesis.tex"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), parse(t, small), Options{Folder: full}); err == nil || !strings.Contains(err.Error(), "not a result folder") {
		t.Errorf("a full folder: %v", err)
	}
	damaged := filepath.Join(dir, filepath.FromSlash(replicationFile(2, 0)))
	if err := os.WriteFile(damaged, []byte("PK nonsense"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), parse(t, small), Options{Folder: dir}); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("a damaged replication: %v", err)
	}
}

func TestInterruptedRunIsMarked(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := filepath.Join(t.TempDir(), "out")
	if err := Run(ctx, parse(t, small), Options{Folder: dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	m, err := result.ReadManifest(dir)
	if err != nil || m.Run.State != "stopped" || len(m.Finished) != 0 {
		t.Errorf("%+v, %v", m, err)
	}
	run(t, small, Options{Folder: dir})
	if m, err = result.ReadManifest(dir); err != nil || m.Run.State != "finished" || len(m.Finished) != 7 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestMemoryIsRefusedFirst(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	err := Run(t.Context(), parse(t, small+"[limits]\nmemory = \"1KiB\"\n"), Options{Folder: dir})
	if err == nil || !strings.Contains(err.Error(), "the limit is 1 KiB") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("work was begun")
	}
}

func TestMergedShardsAreTheWhole(t *testing.T) {
	whole := contents(t, run(t, small, Options{}))
	var parts []string
	for i := range 3 {
		parts = append(parts, run(t, small, Options{Shard: result.Shard{Index: i, Of: 3}}))
	}
	merge := func(from ...string) string {
		into := filepath.Join(t.TempDir(), "merged")
		if err := result.Merge(into, from); err != nil {
			t.Fatal(err)
		}
		return into
	}
	left := merge(merge(parts[0], parts[1]), parts[2])
	right := merge(parts[0], merge(parts[2], parts[1]))
	for name, dir := range map[string]string{"(01)2": left, "0(21)": right, "012": merge(parts...)} {
		if d := difference(whole, contents(t, dir)); d != "" {
			t.Errorf("%s: %s differs from the whole", name, d)
		}
	}
	if difference(whole, contents(t, merge(parts[0], parts[1]))) == "" {
		t.Error("two of three parts are the whole")
	}
	if d, err := result.Diff(left, right); err != nil || len(d) != 0 {
		t.Errorf("%v, %v", d, err)
	}
	d, err := result.Diff(left, run(t, strings.Replace(small, "mean = 2", "mean = 4", 1), Options{}))
	if err != nil || len(d) != 7*6 {
		t.Errorf("%d differences, %v; want those of mean, deviation and quantiles", len(d), err)
	}
}

func TestUnfinishedFoldersAreNotMerged(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := filepath.Join(t.TempDir(), "out")
	Run(ctx, parse(t, small), Options{Folder: dir})
	err := result.Merge(filepath.Join(t.TempDir(), "merged"), []string{dir})
	if err == nil || !strings.Contains(err.Error(), "not finished") {
		t.Errorf("%v", err)
	}
}

func TestUnknownMetricIsRefused(t *testing.T) {
	err := Run(t.Context(), parse(t, small+"[[check]]\nmetric = \"shanon_bits\"\nmin = 1\n"), Options{Folder: filepath.Join(t.TempDir(), "out")})
	if err == nil || !strings.Contains(err.Error(), "does not measure \"shanon_bits\"") || !strings.Contains(err.Error(), "latency_s_mean") || !strings.Contains(err.Error(), "toml:"+strconv.Itoa(strings.Count(small, "\n")+1)+":3: check 1:") {
		t.Errorf("%v", err)
	}
}

const engines2 = `
seed = 7
[topology]
kind = "ring"
layers = 2
width = 2
[mix]
mean_delay = "200ms"
[clients]
count = 40
[time]
duration = "2min"
[workload]
kind = "messages"
every = "5s"
[measure]
targets = 20
[replicate]
min = 3
`

// Both engines with randomness: same bytes on one core and many, other bytes with another seed, and a replayed
// replication is the one that was kept.
func TestEnginesAreReproducible(t *testing.T) {
	for level, text := range map[string]string{
		"des":     "level = \"des\"" + engines2,
		"tracing": "level = \"des\"" + engines2 + "[adversary]\nattack = \"tracing\"\n",
		"flow":    strings.NewReplacer("kind = \"messages\"\nevery = \"5s\"", "", "[workload]", "", "duration = \"2min\"", "").Replace(engines2),
	} {
		dir := run(t, text, Options{Workers: 1})
		if d := difference(contents(t, dir), contents(t, run(t, text, Options{Workers: 3}))); d != "" {
			t.Errorf("%s: %s differs", level, d)
		}
		if difference(contents(t, dir), contents(t, run(t, strings.Replace(text, "seed = 7", "seed = 8", 1), Options{}))) == "" {
			t.Errorf("%s: another seed gives the same bytes", level)
		}
		kept, err := result.Kept(dir, 0, 2)
		if err != nil {
			t.Fatal(err)
		}
		again, err := result.Replay(t.Context(), parse(t, text), 0, 2, nil)
		if err != nil || !result.Same(again, kept) {
			t.Errorf("%s: replayed replication differs: %v", level, err)
		}
		calibrated(t, dir)
	}
}

// calibrated checks the calibration identity wherever a run has traced: within five standard errors.
func calibrated(t *testing.T, dir string) {
	t.Helper()
	results, err := result.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if m, ok := r.Metric("calibration_bits"); ok && math.Abs(m.Value) > 5*m.StdErr+0.05 {
			t.Errorf("%s: calibration %g ± %g", r.Cell.Label(), m.Value, m.StdErr)
		}
	}
}

func TestReplayWritesALinkTrace(t *testing.T) {
	var links bytes.Buffer
	f := parse(t, "level = \"des\""+engines2)
	if _, err := result.Replay(t.Context(), f, 0, 0, &links); err != nil {
		t.Fatal(err)
	}
	h, events, err := trace.ReadAll(&links, 1<<20)
	if err != nil || len(events) < 1000 || h.Clients != 40 {
		t.Errorf("%d events of %+v, %v", len(events), h, err)
	}
	for _, cell := range []int{-1, 1} {
		if _, err := result.Replay(t.Context(), f, cell, 0, nil); err == nil {
			t.Errorf("cell %d was replayed", cell)
		}
	}
}

func TestBench(t *testing.T) {
	speeds, err := BenchScenario(t.Context(), parse(t, "level = \"des\""+engines2))
	if err != nil || len(speeds) != 1 || speeds[0].Events == 0 || speeds[0].Packets == 0 || speeds[0].Peer == "" {
		t.Errorf("%+v, %v", speeds, err)
	}
}

// A level is checked against the one above: the flow engine and a traced event run of the same network agree on
// entropy, and both on what theory says of its latency.
func TestLevelsAgree(t *testing.T) {
	const network = `
[topology]
kind = "ring"
layers = 2
width = 2
[mix]
mean_delay = "500ms"
[clients]
count = 40
payload_every = "1s"
retrieval = "push"
[measure]
targets = 400
[replicate]
min = 4
`
	mean := func(text, metric string) stat.Metric {
		results, err := result.Read(run(t, text, Options{}))
		if err != nil {
			t.Fatal(err)
		}
		m, ok := results[0].Metric(metric)
		if !ok {
			t.Fatalf("no %s", metric)
		}
		return m
	}
	flow := mean("level = \"flow\""+network, "shannon_bits_mean")
	const traced = "[time]\nduration = \"10min\"\n[workload]\nkind = \"messages\"\nevery = \"10s\"\n[adversary]\nattack = \"tracing\"\n"
	des := mean("level = \"des\""+network+traced, "shannon_bits_mean")
	if d := math.Abs(flow.Value - des.Value); d > 5*math.Hypot(flow.StdErr, des.StdErr) {
		t.Errorf("flow %g ± %g, des %g ± %g", flow.Value, flow.StdErr, des.Value, des.StdErr)
	}
	other := mean("level = \"flow\""+strings.Replace(network, "500ms", "700ms", 1), "shannon_bits_mean")
	if d := math.Abs(other.Value - des.Value); d < 5*math.Hypot(other.StdErr, des.StdErr) {
		t.Errorf("the control passes: delays of 700 ms give %g, of 500 ms %g", other.Value, des.Value)
	}
	latency, theory := mean("level = \"flow\""+network, "latency_s_mean"), mean("level = \"flow\""+network, "latency_s_mean_theory")
	if d := math.Abs(latency.Value - theory.Value); d > 5*latency.StdErr+0.01 {
		t.Errorf("latency %g ± %g, theory %g", latency.Value, latency.StdErr, theory.Value)
	}
}

func TestEnginesRefuseBeforeAnyWork(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	for text, want := range map[string]string{
		strings.Replace(small, "erlang", "erlnag", 1):                                                "--formulas",
		strings.Replace(small, "mean = 2", "men = 2", 1):                                             "needs the argument mean",
		strings.Replace(small, "mean = 2", "mean = 2, extra = 1", 1):                                 "no argument extra",
		strings.Replace(small, "mean = 2", "mean = -2", 1):                                           "outside the formula's domain",
		"level = \"flow\"\n[measure]\nsender_rate = \"900/s\"\n":                                     "two senders",
		"level = \"flow\"\n[topology]\nkind = \"free\"\nwidth = 1\n":                                 "free routes",
		"level = \"des\"\n[topology]\nkind = \"ring\"\nlayers = 7\nproviders = 2\n":                  "7 layers",
		"level = \"des\"\n[topology]\nkind = \"ring\"\n[workload]\nkind = \"requests\"\ntries = 999": "999 tries",
	} {
		err := Run(t.Context(), parse(t, text), Options{Folder: dir})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "small.toml") {
			t.Errorf("%q: want %q in %v", text, want, err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Fatal("work was begun")
		}
	}
}

// A finished folder from which a replication is gone, or was replaced by another sound one, is refused.
func TestMissingAndReplacedReplicationsAreSeen(t *testing.T) {
	for name, spoil := range map[string]func(first, second string) error{
		"missing":  func(first, _ string) error { return os.Remove(first) },
		"replaced": func(first, second string) error { return os.Rename(second, first) },
	} {
		f, dir := parse(t, small), filepath.Join(t.TempDir(), "r")
		if err := Run(t.Context(), f, Options{Folder: dir}); err != nil {
			t.Fatal(err)
		}
		if _, err := result.Read(dir); err != nil {
			t.Fatalf("control: %v", err)
		}
		if err := spoil(filepath.Join(dir, replicationFile(0, 0)), filepath.Join(dir, replicationFile(1, 0))); err != nil {
			t.Fatal(err)
		}
		if err := result.Merge(filepath.Join(t.TempDir(), "m"), []string{dir}); err == nil {
			t.Errorf("%s: merged silently", name)
		}
	}
}

func TestOneRunAtATimeInAFolder(t *testing.T) {
	f, dir := parse(t, small), filepath.Join(t.TempDir(), "r")
	first, err := result.Create(dir, f)
	if err != nil {
		t.Fatal(err)
	}
	var held *durable.Locked
	if err := Run(t.Context(), f, Options{Folder: dir}); !errors.As(err, &held) {
		t.Errorf("second run: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), f, Options{Folder: dir}); err != nil {
		t.Errorf("control, after the first has ended: %v", err)
	}
}
