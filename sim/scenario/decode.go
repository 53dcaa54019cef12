package scenario

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// maxFile bounds a scenario file; the longest shipped one has 4 KiB.
const maxFile = 1 << 20

// File is a scenario file that was read and found free of contradictions.
type File struct {
	Path   string // as it was given, for messages
	Text   []byte
	Preset []byte // text of the network preset, nil if none is named
	Hash   string // SHA-256 of the text and of the network preset that it names, in hex
	Cells  []Cell // at least one

	raw   map[string]any // what the file itself says
	below map[string]any // what holds where it says nothing: our defaults and the preset's
	at    lines
}

// Load reads a scenario from disk. Its errors are Problems wherever the file can be blamed.
func Load(file string) (*File, error) {
	return load(file, func(name string) ([]byte, error) { return os.ReadFile(filepath.FromSlash(name)) })
}

// LoadFS reads a scenario from a file system, such as the scenarios that are part of the program.
func LoadFS(fsys fs.FS, file string) (*File, error) {
	return load(file, func(name string) ([]byte, error) { return fs.ReadFile(fsys, path.Clean(name)) })
}

func load(file string, read func(string) ([]byte, error)) (*File, error) {
	text, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("reading scenario: %w", err)
	}
	return Parse(file, text, func(preset string) ([]byte, error) { return readPreset(file, preset, read) })
}

// Parse reads a scenario from memory; preset reads the network preset that it may name.
func Parse(file string, text []byte, preset func(string) ([]byte, error)) (*File, error) {
	if len(text) > maxFile {
		return nil, Problems{{File: file, Reason: fmt.Sprintf("the file has %d bytes, at most %d are read", len(text), maxFile)}}
	}
	f := &File{Path: file, Text: text, at: locate(text)}
	if err := toml.Unmarshal(text, &f.raw); err != nil {
		return nil, f.problems(err)
	}
	if wrong := f.withoutUnits(f.raw); len(wrong) > 0 {
		return nil, wrong.sorted()
	}
	if wrong := f.notFinite("", f.raw); len(wrong) > 0 {
		return nil, wrong.sorted()
	}
	var own Scenario
	if err := f.decode(text, &own); err != nil {
		return nil, err
	}
	f.below = defaults()
	hash := sha256.New()
	hash.Write(text)
	if own.Network != "" {
		if err := f.preset(own.Network, preset); err != nil {
			return nil, err
		}
		hash.Write(f.Preset)
	}
	f.Hash = hex.EncodeToString(hash.Sum(nil))
	if err := f.spread(own.Sweep); err != nil {
		return nil, err
	}
	return f, nil
}

// defaults is the document that keys.go describes.
func defaults() map[string]any {
	doc := map[string]any{}
	for _, k := range keys {
		if k.Default == "" || strings.HasPrefix(k.Path, "check.") || strings.HasPrefix(k.Path, "cover.") {
			continue
		}
		var value struct{ V any }
		if err := toml.Unmarshal([]byte("V = "+k.Default), &value); err != nil {
			panic(fmt.Sprintf("scenario: default of %s: %v", k.Path, err))
		}
		set(doc, k.Path, value.V)
	}
	return doc
}

// decode fills s from text and turns every complaint into a Problem of this file.
func (f *File) decode(text []byte, s *Scenario) error {
	d := toml.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(s); err != nil {
		return f.problems(err)
	}
	return nil
}

func (f *File) problems(err error) error {
	var missing *toml.StrictMissingError
	var wrong *toml.DecodeError
	var all Problems
	switch {
	case errors.As(err, &missing):
		for i := range missing.Errors {
			all = append(all, f.unknown(&missing.Errors[i]))
		}
	case errors.As(err, &wrong):
		all = Problems{f.mistyped(wrong)}
	default:
		all = Problems{{File: f.Path, Reason: err.Error()}}
	}
	return all
}

func (f *File) unknown(e *toml.DecodeError) Problem {
	line, _ := e.Position()
	p := Problem{File: f.Path, Line: line, Key: strings.Join(e.Key(), "."), Reason: "there is no such key"}
	if s := suggest(p.Key); s != "" {
		p.Hint = fmt.Sprintf("Did you mean %s?", s)
	} else {
		p.Hint = "`murmur sim check` lists all keys."
	}
	return p
}

var unitHints = map[string]string{
	"duration": `Write a duration with its unit, like "50ms", "1m30s" or "14d".`,
	"rate":     `Write a rate with its unit, like "5000/s" or "3/day".`,
	"size":     `Write a size with its unit, like "64KiB" or "2GiB".`,
	"volume":   `Write a volume with its units, like "400MB/day".`,
	"share":    `Write a percentage, like "10%".`,
	"count":    `Write a whole number without quotes.`,
	"number":   `Write a number without quotes.`,
	"switch":   `Write true or false, without quotes.`,
}

func (f *File) mistyped(e *toml.DecodeError) Problem {
	line, _ := e.Position()
	p := Problem{File: f.Path, Line: line, Key: strings.Join(e.Key(), "."), Reason: strings.TrimPrefix(e.Error(), "toml: ")}
	if k, known := lookUp(p.Key); known && strings.Contains(p.Reason, "annot ") { // of Go types, which mean nothing to the reader
		p.Reason, p.Hint = "this is not a "+k.Unit, unitHints[k.Unit]
	}
	return p
}

// withoutUnits finds the physical quantities of a document that are bare numbers or that cannot be read. The TOML
// library would hand bare numbers to UnmarshalText and then not say where they stand.
func (f *File) withoutUnits(doc map[string]any) (all Problems) {
	for _, k := range keys {
		value, given := get(doc, k.Path)
		read := quantities[k.Unit]
		if !given || read == nil {
			continue
		}
		if text, ok := value.(string); !ok {
			all = append(all, f.refuse(k.Path, unitHints[k.Unit], "%v has no unit", value))
		} else if _, err := read(text); err != nil {
			all = append(all, f.refuse(k.Path, unitHints[k.Unit], "%v", err))
		}
	}
	return all
}

// notFinite finds TOML's nan and inf, which every comparison with a limit would let pass.
func (f *File) notFinite(path string, value any) (all Problems) {
	switch v := value.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			all = Problems{f.refuse(path, "Give a finite number.", "%v is no number to calculate with", v)}
		}
	case []any:
		for _, inner := range v {
			all = append(all, f.notFinite(path, inner)...)
		}
	case map[string]any:
		for key, inner := range v {
			all = append(all, f.notFinite(strings.TrimPrefix(path+"."+key, "."), inner)...)
		}
	}
	return all
}

// refuse is a Problem about a key of this file, with the key's line.
func (f *File) refuse(key, hint, reason string, args ...any) Problem {
	return Problem{File: f.Path, Line: f.at.of(key), Key: key, Reason: fmt.Sprintf(reason, args...), Hint: hint}
}

func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return slices.Compact(ps)
}

// set puts a value at a dotted path, making the tables on the way.
func set(doc map[string]any, dotted string, value any) {
	table, key, deeper := strings.Cut(dotted, ".")
	if !deeper {
		doc[dotted] = value
		return
	}
	inner, ok := doc[table].(map[string]any)
	if !ok {
		inner = map[string]any{}
		doc[table] = inner
	}
	set(inner, key, value)
}

// get returns the value at a dotted path.
func get(doc map[string]any, dotted string) (any, bool) {
	table, key, deeper := strings.Cut(dotted, ".")
	v, ok := doc[table]
	if !deeper || !ok {
		return v, ok
	}
	inner, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	return get(inner, key)
}

// over returns low with all that high says laid over it; neither is changed.
func over(low, high map[string]any) map[string]any {
	out := make(map[string]any, len(low)+len(high))
	for k, v := range low {
		if inner, ok := v.(map[string]any); ok {
			v = over(inner, nil)
		}
		out[k] = v
	}
	for k, v := range high {
		inner, ok := v.(map[string]any)
		if !ok {
			out[k] = v
			continue
		}
		below, _ := out[k].(map[string]any)
		out[k] = over(below, inner)
	}
	return out
}
