package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"murmuration/internal/config"
)

// File is a scenario file that was read and found free of contradictions.
type File struct {
	Path   string // as it was given, for messages
	Text   []byte
	Preset []byte // text of the network preset, nil if none is named
	Hash   string // SHA-256 of the text and of the network preset that it names, in hex
	Cells  []Cell // at least one

	doc    *config.Document
	checks []Check        // the same for every cell
	raw    map[string]any // what the file itself says
	cellAt *Cell          // being read, nil for the file as a whole
	below  map[string]any // what holds where it says nothing: our defaults and the preset's
}

// Load reads a scenario from disk. Its errors are *config.FileErrors wherever the file can be
// blamed.
func Load(file string) (*File, error) {
	return load(file,
		func(name string) ([]byte, error) { return os.ReadFile(filepath.FromSlash(name)) })
}

// LoadFS reads a scenario from a file system, such as the scenarios that are part of the program.
func LoadFS(fsys fs.FS, file string) (*File, error) {
	return load(file,
		func(name string) ([]byte, error) { return fs.ReadFile(fsys, path.Clean(name)) })
}

func load(file string, read func(string) ([]byte, error)) (*File, error) {
	text, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("reading scenario: %w", err)
	}
	return Parse(file, text,
		func(preset string) ([]byte, error) { return readPreset(file, preset, read) })
}

// Parse reads a scenario from memory; preset reads the network preset that it may name.
func Parse(file string, text []byte, preset func(string) ([]byte, error)) (*File, error) {
	f := &File{Path: file, doc: config.Read(file, text), below: defaults()}
	f.Text = f.doc.Text
	var own Scenario
	f.doc.Decode(&own)
	if err := f.doc.Err(); err != nil {
		return nil, err
	}
	f.raw, f.checks = f.doc.Tree(), own.Check
	hash := sha256.New()
	hash.Write(f.Text)
	if own.Network != "" {
		f.preset(own.Network, preset)
		hash.Write(f.Preset)
	}
	f.Hash = hex.EncodeToString(hash.Sum(nil))
	if f.doc.Faults() == 0 {
		f.spread(own.Sweep)
	}
	if err := f.doc.Err(); err != nil {
		return nil, err
	}
	return f, nil
}

// defaults is the document that the declared keys describe. Nobody changes it.
var defaults = sync.OnceValue(func() map[string]any {
	doc := map[string]any{}
	for _, k := range keys {
		if k.Default == "" || strings.HasPrefix(k.Path, "check.") ||
			strings.HasPrefix(k.Path, "cover.") {
			continue
		}
		value, ok := config.Read("", []byte("value = "+k.Default)).Tree()["value"]
		if !ok {
			panic(fmt.Sprintf("scenario: the default of %s is no TOML: %s", k.Path, k.Default))
		}
		set(doc, k.Path, value)
	}
	return doc
})

// refuse adds a problem about a key, given by its field's address in a template or by its path,
// with the place where it is swept or given, or else of the table that it would stand in.
func (f *File) refuse(of any, hint, reason string, args ...any) {
	text := nameOf(of) + ": " + fmt.Sprintf(reason, args...)
	if f.cellAt != nil {
		text += f.cellAt.remark()
	}
	f.doc.Refuse(f.about(nameOf(of)), text, hint)
}

func (f *File) about(key string) config.Place {
	if swept := "sweep." + key; f.doc.Has(swept) {
		return f.doc.About(swept)
	}
	return f.doc.About(key)
}

// Problem is one about a key, or, with an empty key, about the whole file, that was found after
// reading.
func (f *File) Problem(key, hint, reason string, args ...any) config.Problem {
	text := fmt.Sprintf(reason, args...)
	if key != "" {
		text = key + ": " + text
	}
	return f.doc.Problem(f.about(key), text, hint)
}

// Refused is the error that says so of this file.
func (f *File) Refused(problems ...config.Problem) error { return f.doc.Refused(problems...) }

// Checks returns the file's assertions.
func (f *File) Checks() []Check { return f.checks }
