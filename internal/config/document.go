package config

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Document is one file while it is read: where each key stands, and what is wrong so far.
type Document struct {
	Text []byte // without a byte order mark

	keys  []key
	lines []int // where each line begins
	file  FileError

	// Of Decode: the text in which what was found wrong is blanked out, so that the rest shows,
	// what was blanked, and the type that is filled.
	left    []byte
	blanked []string
	root    reflect.Type
}

// Read takes a file in. What is wrong with it comes from Err.
func Read(name string, text []byte) *Document {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // editors of some systems put it there
	d := &Document{Text: text, file: FileError{Name: name}}
	if len(text) > maxFile {
		d.Text = nil
		d.add(Problem{
			Text: fmt.Sprintf("the file has %d bytes, at most %d are read", len(text), maxFile),
		})
	}
	d.lines = lineStarts(d.Text)
	d.keys = d.index()
	return d
}

// ReadTree is Read for what Tree gives, put together anew.
func ReadTree(name string, tree map[string]any) *Document {
	text, err := toml.Marshal(tree)
	d := Read(name, text)
	if err != nil {
		d.add(Problem{Text: err.Error()})
	}
	return d
}

// Err is a *FileError if anything is wrong, with all that is.
func (d *Document) Err() error { return d.file.result() }

// Faults is how many problems are known so far.
func (d *Document) Faults() int { return len(d.file.Problems) }

// Refuse adds that what stands at a place can not be meant; the hint, if any, says what to do.
func (d *Document) Refuse(at Place, text, hint string) { d.add(d.Problem(at, text, hint)) }

// Problem is what Refuse adds.
func (d *Document) Problem(at Place, text, hint string) Problem {
	return Problem{
		Line: at.Line, Column: at.Column, Text: text, Hint: hint,
		Excerpt: d.excerpt(at.Line, at.Column),
	}
}

// Refused is the error of this file that has these problems and no others.
func (d *Document) Refused(problems ...Problem) error {
	e := &FileError{Name: d.file.Name, Problems: problems}
	return e.result()
}

// Tree is all that the file says, as the TOML library gives it: maps, lists, strings, int64,
// float64, bool. It is empty if the file is no TOML.
func (d *Document) Tree() map[string]any {
	tree := map[string]any{}
	if err := toml.Unmarshal(d.Text, &tree); err != nil {
		return map[string]any{}
	}
	return tree
}

// maxProblems bounds what is told at once: each is found by reading the whole file again.
const maxProblems = 100

// Decode fills into, a pointer to a struct with toml tags; sound reports whether the file can be
// trusted to have said all: where it is not, it has broken off.
func (d *Document) Decode(into any) (sound bool) {
	target := reflect.ValueOf(into).Elem()
	if target.Kind() != reflect.Struct {
		panic(fmt.Sprintf("config: Decode into %T, want a pointer to a struct", into))
	}
	if len(d.file.Problems) > 0 {
		return false
	}
	d.root = target.Type()
	d.left = bytes.Clone(d.Text)
	d.checkUnits()
	value := reflect.New(d.root)
	again := true
	for again && len(d.file.Problems) < maxProblems {
		value.Elem().Set(target)
		again, sound = d.decode(value.Interface())
	}
	if sound {
		target.Set(value.Elem())
		d.checkFinite()
	}
	return sound
}

// decode reports what is wrong next; again says that there may be more, sound that all was read.
func (d *Document) decode(into any) (again, sound bool) {
	r := toml.NewDecoder(bytes.NewReader(d.left))
	err := r.DisallowUnknownFields().Decode(into)
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case err == nil:
		return false, true
	case errors.As(err, &unknown):
		for _, e := range unknown.Errors[:min(len(unknown.Errors), maxProblems)] {
			line, column := e.Position()
			path := d.pathAt(line, column, e.Key())
			d.add(Problem{
				Line: line, Column: column, Key: join(path), Text: unknownKey(d.root, path),
			})
		}
		return false, true
	case errors.As(err, &wrong):
		line, column := wrong.Position()
		d.add(Problem{
			Line: line, Column: column, Key: join(wrong.Key()), Text: plain(wrong.Error()),
		})
		again = d.blank(d.offset(line, column))
		return again, again
	}
	d.add(Problem{Text: plain(err.Error())})
	return false, false
}

// checkUnits reports bare numbers where a type with units reads text. The TOML library would hand
// it the digits, and lose the line.
func (d *Document) checkUnits() {
	for _, k := range d.keys {
		t := typeOf(d.root, k.path)
		if k.table || t == nil || !readsText(t) || len(d.file.Problems) >= maxProblems {
			continue
		}
		for _, v := range k.values {
			if !v.text {
				at := v.start
				if !v.element { // the whole value: its key is easier to see
					at = k.start
				}
				line, column := d.position(at)
				d.add(Problem{
					Line: line, Column: column, Key: k.name(),
					Text: "want text in quotes, " + example(t),
				})
				d.blank(k.start)
				break
			}
		}
	}
}

// checkFinite refuses TOML's nan and inf, which every comparison with a limit would let pass.
func (d *Document) checkFinite() {
	for _, k := range d.keys {
		for _, v := range k.values {
			if math.IsNaN(v.number) || math.IsInf(v.number, 0) {
				line, column := d.position(v.start)
				text := fmt.Sprintf("%s is no number to calculate with: want a finite number",
					d.Text[v.start:v.end])
				d.add(Problem{Line: line, Column: column, Key: k.name(), Text: text})
			}
		}
	}
}

// blank wipes the key and value at a place, so that the next error shows; false if there is none.
// Of an inline table all is wiped: its commas would be left over.
func (d *Document) blank(at int) (changed bool) {
	for _, k := range d.keys {
		if at < k.start || at >= k.end || k.table || k.inline {
			continue
		}
		for i := k.start; i < k.end; i++ {
			if d.left[i] != '\n' && d.left[i] != ' ' {
				d.left[i] = ' '
				changed = true
			}
		}
		d.blanked = append(d.blanked, k.name())
		return changed
	}
	return false
}

// suspect reports whether a key was not read because it, or what it stands in, is wrong.
func (d *Document) suspect(key string) bool {
	if d.file.has(key) {
		return true
	}
	for _, b := range d.blanked {
		if key == b || strings.HasPrefix(key, b+".") {
			return true
		}
	}
	return false
}

func (d *Document) add(p Problem) {
	if p.Excerpt == "" {
		p.Excerpt = d.excerpt(p.Line, p.Column)
	}
	d.file.Problems = append(d.file.Problems, p)
}
