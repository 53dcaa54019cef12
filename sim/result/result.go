// Package result keeps what replications measured: a result folder with its manifest, which can be
// continued, split into shards, merged, compared, judged and replayed. The same scenario and seed
// give the same bytes, on one core or many, in one piece or in shards; only the `run` section of
// the manifest tells how they came about. It must not simulate (package level does) nor decide in
// which order replications are run.
package result

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"murmuration/sim/level"
	"murmuration/sim/scenario"
)

// Done holds the finished replications of each cell, in order and without gaps.
type Done map[int][]level.Replication

// ByCell sorts replications, which are in order, by cell.
func ByCell(reps []level.Replication) Done {
	done := Done{}
	for _, r := range reps {
		done[r.Cell] = append(done[r.Cell], r)
	}
	return done
}

// Open reads the scenario of a result folder and the replications in it. An unfinished folder is
// refused unless partial is set.
func Open(path string, partial bool) (*scenario.File, []level.Replication, error) {
	m, err := ReadManifest(path)
	if err != nil {
		return nil, nil, fmt.Errorf("%s is not a result folder: %w", path, err)
	}
	if m.Run.State != finished && !partial {
		return nil, nil, fmt.Errorf("%s holds a run that is %s, not finished\n  "+
			"Complete it with `murmur sim run %s --out %s`.", path, m.Run.State, m.Source, path)
	}
	f, err := loadKept(path, m.Source)
	if err != nil {
		return nil, nil, err
	}
	if f.Hash != m.Scenario {
		return nil, nil, fmt.Errorf("%s was changed after the run: "+
			"its scenario has another hash than the manifest says", path)
	}
	if err := unchanged(path, m.Outputs); err != nil {
		return nil, nil, err
	}
	reps, err := (&Folder{path: path, file: f}).Replications()
	return f, reps, err
}

// unchanged compares the replications of a folder with the hashes that its manifest holds: one that
// is missing or was replaced would otherwise only show in the numbers. Summary and histograms are
// made from them and not read.
func unchanged(path string, outputs []Output) error {
	for _, o := range outputs {
		base, archived := strings.CutPrefix(o.Path, archiveDir+"/")
		if !archived || !archivePattern.MatchString(base) {
			continue
		}
		name := filepath.Join(path, filepath.FromSlash(o.Path))
		content, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("%s is not complete: %w\n  "+
				"Run its scenario again with --out %s; only what is missing will be run.", path,
				err, path)
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != o.SHA256 {
			return fmt.Errorf("%s is damaged: it has another hash than the manifest says\n  "+
				"Remove it and run again; only it will be run anew.", name)
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
	return scenario.Parse(source, text, func(string) ([]byte, error) {
		return os.ReadFile(filepath.Join(path, presetName))
	})
}

// Read reads a result folder, finished or not, and joins its replications.
func Read(path string) ([]Cell, error) {
	f, reps, err := Open(path, true)
	if err != nil {
		return nil, err
	}
	return aggregate(f, ByCell(reps))
}

// Kept returns the replication that a result folder holds, to compare a replayed one with.
func Kept(path string, f *scenario.File, cell, index int) (level.Replication, error) {
	of, reps, err := Open(path, true)
	if err != nil {
		return level.Replication{}, err
	}
	if of.Hash != f.Hash {
		return level.Replication{}, fmt.Errorf("%s holds results of another scenario, or of this "+
			"one before it was changed", path)
	}
	i := slices.IndexFunc(reps,
		func(r level.Replication) bool { return r.Cell == cell && r.Index == index })
	if i < 0 {
		return level.Replication{}, fmt.Errorf("%s has no replication %d of cell %d", path, index,
			cell)
	}
	return reps[i], nil
}

// Same reports whether two replications hold the same numbers, bit by bit.
func Same(a, b level.Replication) bool {
	x, errX := archive(a)
	y, errY := archive(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
