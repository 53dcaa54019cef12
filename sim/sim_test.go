package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"murmuration/internal/durable"
	"murmuration/sim/result"
	"murmuration/sim/scenario"
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
	f, err := scenario.Parse("small.toml", []byte(text),
		func(string) ([]byte, error) { return nil, fs.ErrNotExist })
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
	one, many := contents(t, run(t, small, Options{Workers: 1})), contents(t,
		run(t, small, Options{Workers: 8}))
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
	if err := Run(t.Context(), parse(t, small), Options{Folder: full}); err == nil ||
		!strings.Contains(err.Error(), "not a result folder") {
		t.Errorf("a full folder: %v", err)
	}
	damaged := filepath.Join(dir, filepath.FromSlash(replicationFile(2, 0)))
	if err := os.WriteFile(damaged, []byte("PK nonsense"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), parse(t, small), Options{Folder: dir}); err == nil ||
		!strings.Contains(err.Error(), "is damaged") {
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
	if m, err = result.ReadManifest(dir); err != nil || m.Run.State != "finished" ||
		len(m.Finished) != 7 {
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
	for name, dir := range map[string]string{
		"(01)2": left, "0(21)": right, "012": merge(parts...),
	} {
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
	d, err := result.Diff(left,
		run(t, strings.Replace(small, "mean = 2", "mean = 4", 1), Options{}))
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
	err := Run(t.Context(), parse(t, small+"[[check]]\nmetric = \"shanon_bits\"\nmin = 1\n"),
		Options{Folder: filepath.Join(t.TempDir(), "out")})
	if err == nil || !strings.Contains(err.Error(), "does not measure \"shanon_bits\"") ||
		!strings.Contains(err.Error(), "latency_s_mean") ||
		!strings.Contains(err.Error(),
			"toml:"+strconv.Itoa(strings.Count(small, "\n")+1)+":3: check 1:") {
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

func TestEnginesRefuseBeforeAnyWork(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	for text, want := range map[string]string{
		strings.Replace(small, "erlang", "erlnag",
			1): "--formulas",
		strings.Replace(small, "mean = 2", "men = 2",
			1): "needs the argument mean",
		strings.Replace(small, "mean = 2", "mean = 2, extra = 1",
			1): "no argument extra",
		strings.Replace(small, "mean = 2", "mean = -2",
			1): "outside the formula's domain",
		"level = \"flow\"\n[measure]\nsender_rate = " +
			"\"900/s\"\n": "two senders",
		"level = \"flow\"\n[topology]\nkind = " +
			"\"free\"\nwidth = 1\n": "free routes",
		"level = \"des\"\n[topology]\nkind = \"ring\"\nlayers = " +
			"7\nproviders = 2\n": "7 layers",
		"level = \"des\"\n[topology]\nkind = \"ring\"\n[workload]\nkind = " +
			"\"requests\"\ntries = 999": "999 tries",
	} {
		err := Run(t.Context(), parse(t, text), Options{Folder: dir})
		if err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), "small.toml") {
			t.Errorf("%q: want %q in %v", text, want, err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Fatal("work was begun")
		}
	}
}

// A finished folder from which a replication is gone, or was replaced by another sound one, is
// refused.
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
		if err := spoil(filepath.Join(dir, replicationFile(0, 0)),
			filepath.Join(dir, replicationFile(1, 0))); err != nil {
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
