package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"murmuration/sim/scenario"
)

// OpenResults reads the scenario of a result folder and the replications in it. An unfinished folder is refused unless
// partial is set.
func OpenResults(path string, partial bool) (*scenario.File, []Replication, error) {
	m, err := ReadManifest(path)
	if err != nil {
		return nil, nil, fmt.Errorf("%s is not a result folder: %w", path, err)
	}
	if m.Run.State != "finished" && !partial {
		return nil, nil, fmt.Errorf("%s holds a run that is %s, not finished\n  Complete it with `murmur sim run %s --out %s`.", path, m.Run.State, m.Source, path)
	}
	f, err := loadKept(path, m.Source)
	if err != nil {
		return nil, nil, err
	}
	if f.Hash != m.Scenario {
		return nil, nil, fmt.Errorf("%s was changed after the run: its scenario has another hash than the manifest says", path)
	}
	if err := unchanged(path, m.Outputs); err != nil {
		return nil, nil, err
	}
	reps, err := (&folder{path: path, file: f}).replications()
	return f, reps, err
}

// unchanged compares the replications of a folder with the hashes that its manifest holds: one that is missing or was
// replaced would otherwise only show in the numbers. Summary and histograms are made from them and not read.
func unchanged(path string, outputs []Output) error {
	for _, o := range outputs {
		if !strings.HasPrefix(o.Path, archiveDir+"/") || !archivePattern.MatchString(strings.TrimPrefix(o.Path, archiveDir+"/")) {
			continue
		}
		name := filepath.Join(path, filepath.FromSlash(o.Path))
		content, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("%s is not complete: %w\n  Run its scenario again with --out %s; only what is missing will be run.", path, err, path)
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != o.SHA256 {
			return fmt.Errorf("%s is damaged: it has another hash than the manifest says\n  Remove it and run again; only it will be run anew.", name)
		}
	}
	return nil
}

// loadKept reads the scenario, and the network preset if it names one, that a result folder keeps.
func loadKept(path, source string) (*scenario.File, error) {
	text, err := os.ReadFile(filepath.Join(path, scenarioName))
	if err != nil {
		return nil, fmt.Errorf("reading the results' scenario: %w", err)
	}
	return scenario.Parse(source, text, func(string) ([]byte, error) { return os.ReadFile(filepath.Join(path, presetName)) })
}

// Merge joins finished folders of one scenario, such as the shards of a sweep, into a new folder. Merging is
// associative: however shards are grouped, all of them together give the bytes of an unsharded run. A replication that
// two folders hold must be the same in both.
func Merge(into string, from []string) error {
	if len(from) == 0 {
		return fmt.Errorf("merging results: no folder is given")
	}
	started := time.Now()
	f, all, err := collect(from)
	if err != nil {
		return err
	}
	d, err := openFolder(into, f)
	if err != nil {
		return err
	}
	defer d.lock.Close()
	kept, err := d.replications()
	if err != nil {
		return err
	}
	if len(kept) > 0 {
		return fmt.Errorf("%s already holds results\n  Merge into a new folder.", into)
	}
	for _, r := range all {
		if err := d.add(r); err != nil {
			return err
		}
	}
	b := newBatch(f, Options{Shard: Whole}, all)
	for _, c := range f.Cells { // cells that no folder has belong to shards still to come
		if len(b.done[c.Index]) == 0 {
			b.absent = append(b.absent, c.Index)
		}
	}
	return d.finish(b, Options{}, started)
}

// collect reads folders of one scenario and returns their replications, each once, in order.
func collect(from []string) (f *scenario.File, all []Replication, err error) {
	type place struct{ cell, index int }
	seen := map[place]Replication{}
	for _, path := range from {
		g, reps, err := OpenResults(path, false)
		if err != nil {
			return nil, nil, err
		}
		if f != nil && f.Hash != g.Hash {
			return nil, nil, fmt.Errorf("%s and %s hold results of different scenarios", from[0], path)
		}
		f = g
		for _, r := range reps {
			p := place{r.Cell, r.Index}
			if old, twice := seen[p]; !twice {
				seen[p], all = r, append(all, r)
			} else if !same(old, r) {
				return nil, nil, fmt.Errorf("replication %d of cell %d is not the same in %s as in another folder\n  They come from different programs or machines; run one of them again.", r.Index, r.Cell, path)
			}
		}
	}
	slices.SortFunc(all, byPlace)
	return f, gapless(all), nil
}

func same(a, b Replication) bool {
	x, errX := a.archive()
	y, errY := b.archive()
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// Results reads a result folder, finished or not, and joins its replications.
func Results(path string) ([]CellResult, error) {
	f, reps, err := OpenResults(path, true)
	if err != nil {
		return nil, err
	}
	return aggregate(f, byCell(reps))
}

func byCell(reps []Replication) map[int][]Replication {
	done := map[int][]Replication{}
	for _, r := range reps {
		done[r.Cell] = append(done[r.Cell], r)
	}
	return done
}
