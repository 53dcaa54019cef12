package documents

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
)

// Store keeps records by name over restarts: Files for a node, the sealed store for a client.
type Store interface {
	// Load gives all records.
	Load() ([]Record, error)
	// Keep writes a record, so that it survives a crash, in the place of one of that name.
	Keep(name string, raw []byte) error
	// Forget removes a record, which may be gone already.
	Forget(name string) error
}

// Record is one document, the list of findings, or the evidence of one.
type Record struct {
	Name string
	Path string // what a person knows it by
	Raw  []byte
}

const (
	suffix         = ".document"
	evidenceSuffix = ".contradiction"
	findingsName   = "findings"
)

func nameOf(e directory.Epoch) string { return strconv.FormatUint(uint64(e), 10) + suffix }

// epochOf is the epoch that a name is for, and whether it is for one.
func epochOf(name string) (directory.Epoch, bool) {
	number, ok := strings.CutSuffix(name, suffix)
	n, err := strconv.ParseUint(number, 10, 64)
	return directory.Epoch(n), ok && err == nil
}

// load takes up the documents, the oldest first, and the findings.
func (s *Set) load() error {
	records, err := s.cfg.Store.Load()
	if err != nil {
		return fmt.Errorf("opening network documents: %w", err)
	}
	slices.SortFunc(records, func(a, b Record) int {
		one, _ := epochOf(a.Name)
		other, _ := epochOf(b.Name)
		return cmp.Compare(one, other)
	})
	evidence := map[string][]byte{}
	for _, r := range records {
		if strings.HasSuffix(r.Name, evidenceSuffix) {
			evidence[r.Name] = r.Raw
		}
	}
	for _, r := range records {
		if r.Name == findingsName {
			s.findings.load(s.cfg.Genesis, r, evidence)
			continue
		}
		if evidence[r.Name] != nil {
			continue
		}
		if err := s.take(r); err != nil {
			return fmt.Errorf("opening network document %s: %w\n  %s", r.Path, err,
				mendDocument(err))
		}
	}
	return nil
}

// mendDocument is what a person can do about a kept document that was not taken.
func mendDocument(err error) string {
	if errors.Is(err, directory.ErrOtherNetwork) {
		return "the genesis file in this home is not the one with which the home was made: put " +
			"that one back. Nothing was changed"
	}
	return "remove the file and start again: it will be fetched anew"
}

func (s *Set) take(r Record) error {
	doc, err := directory.ParseDocument(r.Raw)
	if err != nil {
		return err
	}
	if r.Name != nameOf(doc.Epoch) {
		return fmt.Errorf("it is the document of epoch %d", doc.Epoch)
	}
	s.records.saved[doc.Epoch] = true
	return s.follower.Add(doc)
}

// Files is a directory with one file a record: DIR/<epoch>.document, DIR/findings, and the evidence
// in DIR/<epoch>.contradiction.
type Files struct{ dir string }

// OpenFiles makes the directory if need be.
func OpenFiles(dir string) (Files, error) {
	if err := durable.MakeDir(dir); err != nil {
		return Files{}, fmt.Errorf("opening network documents: %w", err)
	}
	return Files{dir}, nil
}

// Load reads all files.
func (f Files) Load() (all []Record, err error) {
	for _, pattern := range []string{"*" + suffix, "*" + evidenceSuffix, findingsName} {
		paths, err := filepath.Glob(filepath.Join(f.dir, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			raw, err := durable.ReadFile(path, directory.MaxContradiction)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			all = append(all, Record{filepath.Base(path), path, raw})
		}
	}
	return all, nil
}

// Keep writes a file.
func (f Files) Keep(name string, raw []byte) error {
	return durable.WriteFile(filepath.Join(f.dir, name), raw, 0o600)
}

// Forget removes a file.
func (f Files) Forget(name string) error {
	if err := os.Remove(filepath.Join(f.dir, name)); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("forgetting a network document: %w", err)
	}
	return nil
}
