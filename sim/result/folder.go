package result

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"murmuration/internal/durable"
	"murmuration/sim/level"
	"murmuration/sim/scenario"
	"murmuration/sim/stat"
)

// Names in a result folder.
const (
	manifestName = "manifest.json"
	scenarioName = "scenario.toml"
	presetName   = "network.toml" // only where the scenario names a network
	summaryName  = "summary.csv"
	archiveDir   = "replications"
	histogramDir = "histograms"
)

// Folder is a result folder that is being filled.
type Folder struct {
	path string
	file *scenario.File
	lock *durable.Lock // beside the folder's contents, while they are written
}

// Create makes a result folder, or recognises an unfinished one of the same scenario. Any other is
// refused.
func Create(path string, f *scenario.File) (*Folder, error) {
	d := &Folder{path: path, file: f}
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("opening result folder: %w", err)
	}
	if len(entries) > 0 {
		m, err := ReadManifest(path)
		if err != nil {
			return nil, fmt.Errorf(
				"%s is not empty and not a result folder (%w)\n  Give another folder with --out.",
				path, err)
		}
		if m.Scenario != f.Hash {
			return nil, fmt.Errorf(
				"%s holds results of another scenario (%s), or of this one before it was "+
					"changed\n  Give another folder with --out, or remove that one.", path,
				m.Source)
		}
		if d.lock, err = durable.Acquire(lockOf(path)); err != nil {
			return nil, fmt.Errorf("opening result folder: %w", err)
		}
		return d, nil
	}
	for _, dir := range []string{
		path, filepath.Join(path, archiveDir), filepath.Join(path, histogramDir),
	} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("making result folder: %w", err)
		}
	}
	if d.lock, err = durable.Acquire(lockOf(path)); err != nil {
		return nil, fmt.Errorf("making result folder: %w", err)
	}
	if err := d.begin(); err != nil {
		return nil, errors.Join(err, d.lock.Close())
	}
	return d, nil
}

// lockOf names the lock file. It stands beside the folder, so that it is none of its outputs, and
// is hidden, so that part-* does not name it.
func lockOf(path string) string {
	path = filepath.Clean(path)
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".lock")
}

// begin writes what a run is of; the manifest last, so that a folder with a manifest has a
// scenario.
func (d *Folder) begin() error {
	if d.file.Preset != nil {
		if err := d.write(presetName, d.file.Preset); err != nil {
			return err
		}
	}
	if err := d.write(scenarioName, d.file.Text); err != nil {
		return err
	}
	return d.manifest(nil, nil, Made{State: running})
}

// write puts a file in place as a whole or not at all.
func (d *Folder) write(name string, content []byte) error {
	target := filepath.Join(d.path, filepath.FromSlash(name))
	if err := os.WriteFile(target+".part", content, 0o644); err != nil {
		return fmt.Errorf("writing results: %w", err)
	}
	if err := os.Rename(target+".part", target); err != nil {
		return fmt.Errorf("writing results: %w", err)
	}
	return nil
}

func archiveName(cell, index int) string {
	return fmt.Sprintf("%s/c%05d-r%04d.npz", archiveDir, cell, index)
}

// Add keeps one replication. Several goroutines may add different ones.
func (d *Folder) Add(r level.Replication) error {
	content, err := archive(r)
	if err != nil {
		return fmt.Errorf("writing replication: %w", err)
	}
	return d.write(archiveName(r.Cell, r.Index), content)
}

var archivePattern = regexp.MustCompile(`^c(\d{5})-r(\d{4,})\.npz$`)

// Replications reads all replications that are here, ordered by cell and index, of each cell only a
// gapless beginning. Files that a crash left half-written end in .part and are removed.
func (d *Folder) Replications() ([]level.Replication, error) {
	entries, err := os.ReadDir(filepath.Join(d.path, archiveDir))
	if err != nil {
		return nil, fmt.Errorf("reading result folder: %w", err)
	}
	var all []level.Replication
	for _, e := range entries {
		path := filepath.Join(d.path, archiveDir, e.Name())
		match := archivePattern.FindStringSubmatch(e.Name())
		switch {
		case strings.HasSuffix(e.Name(), ".part"):
			if err := os.Remove(path); err != nil {
				return nil, fmt.Errorf("removing a half-written file: %w", err)
			}
			continue
		case match == nil:
			return nil, fmt.Errorf("%s is not part of a result folder\n  Move it elsewhere.", path)
		}
		r, err := readArchive(path)
		if err != nil {
			return nil, err
		}
		r.Cell, _ = strconv.Atoi(match[1])
		r.Index, _ = strconv.Atoi(match[2])
		if r.Cell >= len(d.file.Cells) {
			return nil, fmt.Errorf("%s belongs to a cell that this scenario does not have", path)
		}
		all = append(all, r)
	}
	slices.SortFunc(all, byPlace)
	return gapless(all), nil
}

func byPlace(a, b level.Replication) int {
	return cmp.Or(cmp.Compare(a.Cell, b.Cell), cmp.Compare(a.Index, b.Index))
}

func gapless(ordered []level.Replication) (kept []level.Replication) {
	for _, r := range ordered {
		next := 0
		if n := len(kept); n > 0 && kept[n-1].Cell == r.Cell {
			next = kept[n-1].Index + 1
		}
		if r.Index == next {
			kept = append(kept, r)
		}
	}
	return kept
}

func readArchive(path string) (level.Replication, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return level.Replication{}, fmt.Errorf("reading replication: %w", err)
	}
	r, err := parseArchive(content)
	if err != nil {
		return r, fmt.Errorf(
			"%s is damaged: %w\n  Remove it and run again; only it will be run anew.", path, err)
	}
	return r, nil
}

// Close lets others write into the folder.
func (d *Folder) Close() error { return d.lock.Close() }

// Finish writes what is computed from the replications of a shard: summary, histograms, and last
// the manifest, which says whether all that its cells want is there.
func (d *Folder) Finish(done Done, shard Shard, workers int, started time.Time) error {
	return d.finish(done, shard.Holds,
		Made{Shards: shard.String(), Workers: workers}.since(started))
}

// finish is Finish for the cells that here reports.
func (d *Folder) finish(done Done, here func(cell int) bool, made Made) error {
	var cells []int
	made.State = finished
	checks := d.file.Checks()
	for _, c := range d.file.Cells {
		have := len(done[c.Index])
		switch {
		case have > 0 && Wanted(c, checks, done[c.Index]) <= have:
			cells = append(cells, c.Index)
		case here(c.Index):
			made.State = stopped
		}
	}
	outputs, err := d.derive(done)
	if err != nil {
		return err
	}
	return d.manifest(cells, outputs, made)
}

// derive writes summary and histograms and returns the list of all outputs.
func (d *Folder) derive(done Done) ([]Output, error) {
	summary, err := summarise(d.file, done)
	if err != nil {
		return nil, err
	}
	if err := d.write(summaryName, summary); err != nil {
		return nil, err
	}
	paths := []string{scenarioName, summaryName}
	if d.file.Preset != nil {
		paths = append(paths, presetName)
	}
	for _, c := range d.file.Cells {
		for _, r := range done[c.Index] {
			paths = append(paths, archiveName(c.Index, r.Index))
		}
		names, err := d.histograms(c.Index, done[c.Index])
		if err != nil {
			return nil, err
		}
		paths = append(paths, names...)
	}
	var outputs []Output
	for _, p := range paths {
		content, err := os.ReadFile(filepath.Join(d.path, filepath.FromSlash(p)))
		if err != nil {
			return nil, fmt.Errorf("hashing results: %w", err)
		}
		sum := sha256.Sum256(content)
		outputs = append(outputs, Output{p, hex.EncodeToString(sum[:])})
	}
	return outputs, nil
}

// histograms writes one histogram per sample of a cell, over all its replications.
func (d *Folder) histograms(cell int, reps []level.Replication) (names []string, err error) {
	merged := map[string]*stat.Histogram{}
	for _, r := range reps {
		for _, s := range r.Samples {
			name := fmt.Sprintf("%s/c%05d-%s.hdr", histogramDir, cell, s.Name)
			if merged[name] == nil {
				merged[name] = stat.NewHistogram(1e-6)
				names = append(names, name)
			}
			for _, v := range s.Values {
				merged[name].Record(v)
			}
		}
	}
	for _, name := range names {
		content, err := merged[name].MarshalBinary()
		if err != nil {
			return nil, err
		}
		if err := d.write(name, content); err != nil {
			return nil, err
		}
	}
	return names, nil
}
