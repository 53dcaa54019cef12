package result

import (
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/sim/level"
	"murmuration/sim/scenario"
	"murmuration/sim/stat"
)

const cells = 4

const sweep = `
name = "sweep"
level = "theory"
[theory]
formula = "erlang"
args = { mean = 2 }
[[sweep]]
"theory.args.hops" = [1, 2, 3, 4]
`

func parse(t testing.TB, text string) *scenario.File {
	t.Helper()
	f, err := scenario.Parse("s.toml", []byte(text),
		func(string) ([]byte, error) { return nil, fs.ErrNotExist })
	check(t, err)
	return f
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused wants an error with a word in it.
func refused(t testing.TB, what string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}

// rep is a replication that measured one number.
func rep(cell, index int, value float64) level.Replication {
	return level.Replication{
		Cell: cell, Index: index, Metrics: []stat.Metric{level.Exact("a", "s", value)},
		Samples: []level.Sample{{Name: "x_s", Values: []float64{value, 1}}},
	}
}

// all are the replications of the cells given, each with its own number.
func all(cells ...int) (reps []level.Replication) {
	for _, c := range cells {
		reps = append(reps, rep(c, 0, float64(c)/3))
	}
	return reps
}

// begun is a folder that is being filled.
func begun(t testing.TB, f *scenario.File, reps ...level.Replication) (*Folder, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "r")
	d, err := Create(path, f)
	check(t, err)
	for _, r := range reps {
		check(t, d.Add(r))
	}
	return d, path
}

// full is a folder that is finished: of a shard that holds the cells of its replications.
func full(t testing.TB, f *scenario.File, reps ...level.Replication) string {
	t.Helper()
	d, path := begun(t, f, reps...)
	done := ByCell(reps)
	check(t, d.finish(done, func(cell int) bool { return len(done[cell]) > 0 }, Made{}))
	check(t, d.Close())
	return path
}

// contents is all of a folder but how it came about.
func contents(t testing.TB, path string) string {
	t.Helper()
	text := ""
	check(t, filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		short, _ := filepath.Rel(path, name)
		if short == manifestName {
			before, _, _ := strings.Cut(string(b), `"run": {`)
			b = []byte(before)
		}
		text += short + "\n" + string(b) + "\n"
		return err
	}))
	return text
}

// TestOverlappingFoldersMergeToTheWhole: however cells are dealt to folders, some to several, and
// in whatever order and grouping folders are merged, the result is that of one run.
func TestOverlappingFoldersMergeToTheWhole(t *testing.T) {
	f := parse(t, sweep)
	whole := contents(t, full(t, f, all(0, 1, 2, 3)...))
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		dealt := make([][]int, 3)
		for c := range cells {
			for first := rng.IntN(3); ; first = rng.IntN(3) {
				if n := len(dealt[first]); n == 0 || dealt[first][n-1] != c {
					dealt[first] = append(dealt[first], c)
				}
				if rng.IntN(2) == 0 {
					break
				}
			}
		}
		var folders []string
		for _, list := range dealt {
			if len(list) > 0 {
				folders = append(folders, full(t, f, all(list...)...))
			}
		}
		for len(folders) > 1 {
			rng.Shuffle(len(folders), func(i, j int) {
				folders[i], folders[j] = folders[j], folders[i]
			})
			into := filepath.Join(t.TempDir(), "m")
			check(t, Merge(into, folders[:2]))
			folders = append(folders[2:], into)
		}
		if len(dealt[0])+len(dealt[1])+len(dealt[2]) == 0 || contents(t, folders[0]) != whole {
			t.Errorf("dealt as %v they merge to something else", dealt)
		}
	}
	into := filepath.Join(t.TempDir(), "m")
	check(t, Merge(into, []string{full(t, f, all(0, 1)...), full(t, f, all(1, 3)...)}))
	if contents(t, into) == whole {
		t.Error("control: without a cell it is the whole")
	}
}

// TestMergeRefuses what cannot be one run, and leaves what is there.
func TestMergeRefuses(t *testing.T) {
	f, other := parse(t, sweep), parse(t, strings.Replace(sweep, "mean = 2", "mean = 3", 1))
	a, b := full(t, f, all(0, 1)...), full(t, f, all(2, 3)...)
	d, running := begun(t, f, all(2)...)
	check(t, d.Close())
	before := contents(t, b)
	fresh := func() string { return filepath.Join(t.TempDir(), "m") }
	refused(t, "nothing", Merge(fresh(), nil), "no folder")
	refused(t, "another scenario", Merge(fresh(), []string{a, full(t, other, all(2)...)}),
		"different scenarios")
	refused(t, "other numbers", Merge(fresh(), []string{a, full(t, f, rep(1, 0, 99))}),
		"replication 0 of cell 1 is not the same")
	refused(t, "a run under way", Merge(fresh(), []string{a, running}), "not finished")
	refused(t, "no results", Merge(fresh(), []string{a, t.TempDir()}), "not a result folder")
	refused(t, "into one of them", Merge(b, []string{a, b}), "already holds results")
	if contents(t, b) != before {
		t.Error("a refused merge changed a folder")
	}
	check(t, Merge(fresh(), []string{a, b, a})) // the control
}

// TestKilledRunsGoOn: what a killed run had finished is kept, what it was writing is not, and the
// rest makes the bytes of an undisturbed one.
func TestKilledRunsGoOn(t *testing.T) {
	f := parse(t, sweep)
	d, path := begun(t, f, all(0, 1)...)
	half := filepath.Join(path, archiveDir, "c00002-r0000.npz.part")
	check(t, os.WriteFile(half, []byte("PK"), 0o644))
	if _, err := Create(path, f); err == nil {
		t.Error("a second run writes into it at the same time")
	}
	check(t, d.Close()) // the lock goes with the process
	if _, _, err := Open(path, false); err == nil {
		t.Error("it is taken for finished")
	}
	d, err := Create(path, f)
	check(t, err)
	kept, err := d.Replications()
	if err != nil || len(kept) != 2 || !Same(kept[1], all(1)[0]) {
		t.Fatalf("%d are kept, %v", len(kept), err)
	}
	if _, err := os.Stat(half); err == nil {
		t.Error("the half-written file is still there")
	}
	for _, r := range all(2, 3) {
		check(t, d.Add(r))
	}
	check(t, d.Finish(ByCell(all(0, 1, 2, 3)), Whole, 1, time.Now()))
	check(t, d.Close())
	if contents(t, path) != contents(t, full(t, f, all(0, 1, 2, 3)...)) {
		t.Error("it differs from a run that was not killed")
	}
	if m, err := ReadManifest(path); err != nil || m.Run.State != finished {
		t.Errorf("it is %s, %v", m.Run.State, err)
	}
}

// TestFinishSaysWhatIsMissing: only of the cells of the shard.
func TestFinishSaysWhatIsMissing(t *testing.T) {
	f := parse(t, sweep)
	for shard, want := range map[Shard]string{Whole: stopped, {0, 2}: finished, {1, 2}: stopped} {
		d, path := begun(t, f, all(0, 2)...)
		check(t, d.Finish(ByCell(all(0, 2)), shard, 1, time.Now()))
		check(t, d.Close())
		if m, err := ReadManifest(path); err != nil || m.Run.State != want || len(m.Finished) != 2 {
			t.Errorf("shard %s with cells 0 and 2 is %s, %v", shard, m.Run.State, err)
		}
	}
}

// TestSpoiltFoldersAreSeen: each damage is said, and the folder without it is read.
func TestSpoiltFoldersAreSeen(t *testing.T) {
	change := func(name, old, to string) func(path string) error {
		return func(path string) error {
			file := filepath.Join(path, name)
			b, err := os.ReadFile(file)
			if err != nil || !strings.Contains(string(b), old) {
				return os.ErrInvalid
			}
			return os.WriteFile(file, []byte(strings.Replace(string(b), old, to, 1)), 0o644)
		}
	}
	put := func(name, text string) func(path string) error {
		return func(path string) error {
			return os.WriteFile(filepath.Join(path, archiveDir, name), []byte(text), 0o644)
		}
	}
	remove := func(name string) func(path string) error {
		return func(path string) error { return os.Remove(filepath.Join(path, name)) }
	}
	const first = archiveDir + "/c00000-r0000.npz"
	manifest := func(from, to string) func(string) error { return change(manifestName, from, to) }
	otherMean := change(scenarioName, "mean = 2", "mean = 3")
	sample := string(sampleArchive(t))
	for what, c := range map[string]struct {
		spoil func(path string) error
		want  string
	}{
		"another format":          {manifest(`"format": 1`, `"format": 2`), "format is 2"},
		"an unknown field":        {manifest(`"format"`, `"x": 1, "format"`), "unknown field"},
		"a changed scenario":      {otherMean, "changed after the run"},
		"no scenario":             {remove(scenarioName), "reading the results' scenario"},
		"no manifest":             {remove(manifestName), "not a result folder"},
		"a missing archive":       {remove(first), "not complete"},
		"a bit of an archive":     {change(first, "metrics.csv", "metrics.cst"), "another hash"},
		"a file of others":        {put("notes.txt", "x"), "not part of a result folder"},
		"a cell beyond":           {put("c00004-r0000.npz", sample), "does not have"},
		"an archive that is none": {put("c00000-r0001.npz", "PK"), "is damaged"},
	} {
		path := full(t, parse(t, sweep), all(0, 1)...)
		if _, err := Read(path); err != nil {
			t.Fatalf("control: %v", err)
		}
		check(t, c.spoil(path))
		_, err := Read(path)
		refused(t, what, err, c.want)
	}
	path := full(t, parse(t, sweep), all(0, 1)...)
	check(t, remove(summaryName)(path)) // made from the archives, and not read
	if _, err := Read(path); err != nil {
		t.Errorf("without its summary: %v", err)
	}
}

// TestReplicationsHaveNoGaps: what stands behind a missing one is not counted, nor is one twice.
func TestReplicationsHaveNoGaps(t *testing.T) {
	d, path := begun(t, parse(t, sweep), rep(0, 0, 1), rep(0, 1, 2), rep(0, 3, 4), rep(1, 1, 5),
		rep(2, 0, 6))
	defer d.Close()
	twice, err := archive(rep(2, 0, 7))
	check(t, err)
	check(t, os.WriteFile(filepath.Join(path, archiveDir, "c00002-r00000.npz"), twice, 0o644))
	kept, err := d.Replications()
	check(t, err)
	if len(kept) != 3 || kept[1].Index != 1 || kept[2].Cell != 2 {
		t.Errorf("%+v", kept)
	}
}

func TestCreateRefusesFoldersOfOthers(t *testing.T) {
	f := parse(t, sweep)
	strange := t.TempDir()
	check(t, os.WriteFile(filepath.Join(strange, "thesis.tex"), nil, 0o644))
	_, err := Create(strange, f)
	refused(t, "a folder of something else", err, "not a result folder")
	_, err = Create(full(t, parse(t, strings.Replace(sweep, "mean = 2", "mean = 3", 1)),
		all(0)...), f)
	refused(t, "another scenario's", err, "another scenario")
	d, err := Create(t.TempDir(), f) // the control: empty
	check(t, err)
	check(t, d.Close())
}

// TestReplayAndKeptCount from zero to what there is.
func TestReplayAndKeptCount(t *testing.T) {
	f := parse(t, sweep)
	for _, place := range [][2]int{{-1, 0}, {cells, 0}, {0, -1}} {
		_, err := Replay(t.Context(), f, place[0], place[1], nil)
		refused(t, "replaying", err, "there is no replication")
	}
	r, err := Replay(t.Context(), f, cells-1, 0, nil)
	check(t, err)
	path := full(t, f, r)
	kept, err := Kept(path, f, cells-1, 0)
	if err != nil || !Same(kept, r) || Same(kept, rep(cells-1, 0, 1)) {
		t.Errorf("what is replayed differs from what is kept: %v", err)
	}
	_, err = Kept(path, parse(t, sweep+"\n"), cells-1, 0)
	refused(t, "another scenario's", err, "another scenario")
	_, err = Kept(path, f, 0, 0)
	refused(t, "a cell that was not run", err, "has no replication 0 of cell 0")
	_, err = Replay(t.Context(), f, 0, 0, new(strings.Builder))
	if err == nil {
		t.Error("a formula has a link trace")
	}
}

// TestDiffTellsWhatIsMissing: a number that only one folder has is a difference, whichever it is;
// what is no number in both is none. A cell that only one folder has is named in an error.
func TestDiffTellsWhatIsMissing(t *testing.T) {
	f := parse(t, sweep)
	metrics := func(m ...stat.Metric) string {
		return full(t, f, level.Replication{Metrics: m}, rep(1, 0, 5))
	}
	exact := func(name string, v float64) stat.Metric { return level.Exact(name, "s", v) }
	a := metrics(exact("both", 1), exact("none", math.NaN()), exact("first", 2), exact("off", 3))
	b := metrics(exact("both", 1), exact("none", math.NaN()), exact("off", 4), exact("second", 6))
	got := map[string][2]Number{}
	all, err := Diff(a, b)
	check(t, err)
	for _, d := range all {
		got[d.Metric] = [2]Number{d.A, d.B}
	}
	if len(all) != 3 || got["off"] != [2]Number{3, 4} || got["first"][0] != 2 ||
		!math.IsNaN(float64(got["first"][1])) || got["second"][1] != 6 ||
		!math.IsNaN(float64(got["second"][0])) || !math.IsInf(float64(all[1].Errors), 1) {
		t.Errorf("%+v", all)
	}
	less := full(t, f, rep(1, 0, 5))
	for name, pair := range map[string][2]string{"first": {a, less}, "second": {less, a}} {
		all, err := Diff(pair[0], pair[1])
		if err == nil || len(all) != 0 ||
			!strings.Contains(err.Error(), "only "+a+" has these cells: theory.args.hops=1") {
			t.Errorf("a cell of the %s folder alone: %+v, %v", name, all, err)
		}
	}
	if all, err := Diff(a, a); err != nil || len(all) != 0 {
		t.Errorf("control: %+v, %v", all, err)
	}
	if _, err := Diff(a, t.TempDir()); err == nil {
		t.Error("compared with nothing")
	}
}
