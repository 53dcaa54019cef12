// Package config reads the TOML files that people write. It is strict: an unknown key, a missing
// unit, a value out of bounds is an error with file, line, column, excerpt and a suggestion, and all
// errors of a file are reported at once. It knows nothing about what the values mean: the structs
// that it fills say that themselves, by Validate.
//
// A configuration file is trusted: whoever can change it decides how this node runs. It can not
// change what the network sees; those values stand in the network document (see LoadPreset).
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// MaxFile bounds a configuration file, in bytes.
const MaxFile = 1 << 20

// Validator is a configuration, or the pointer to one, that checks itself. Errors may be joined; one that
// begins with a key, dotted as in "edge.max_clients: want at least 1" or "layers is 9: want 1 to 8", is shown
// with the line of that key.
type Validator interface{ Validate() error }

// Load fills into, a pointer to a struct with toml tags, from a file. What stands in it before are
// the defaults. On error, which is a *FileError unless the file can not be read, it is unchanged.
func Load[T any](path string, into *T) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("reading configuration: %w", err)
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return fmt.Errorf("reading configuration %s: %w", path, err)
	}
	return Decode(path, src, into)
}

// Decode is Load for bytes that are at hand; name stands for the file in errors.
func Decode[T any](name string, src []byte, into *T) error {
	if len(src) > MaxFile {
		return fmt.Errorf("reading configuration %s: larger than %d bytes", name, MaxFile)
	}
	target := reflect.ValueOf(into).Elem()
	if target.Kind() != reflect.Struct {
		panic(fmt.Sprintf("config: Decode into %T, want a pointer to a struct", into))
	}
	r := reader{src: src, file: FileError{Name: name}, defaults: target}
	if err := r.read().result(); err != nil {
		return err
	}
	target.Set(r.value.Elem())
	return nil
}

// reader is the reading of one file.
type reader struct {
	src      []byte // problems that are found are blanked out, so that the others show
	keys     []key
	file     FileError
	defaults reflect.Value
	value    reflect.Value // pointer to the struct that is filled
}

func (r *reader) read() *FileError {
	original := r.src
	r.src = bytes.Clone(original)
	r.file.src = original
	r.keys = index(original)
	r.checkUnits()
	for r.decode() {
	}
	if !r.file.broken {
		r.validate()
	}
	return &r.file
}

// decode reports what is wrong next; again says that there may be more.
func (r *reader) decode() (again bool) {
	r.value = reflect.New(r.defaults.Type())
	r.value.Elem().Set(r.defaults)
	d := toml.NewDecoder(bytes.NewReader(r.src))
	err := d.DisallowUnknownFields().Decode(r.value.Interface())
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case err == nil:
		return false
	case errors.As(err, &unknown):
		for _, e := range unknown.Errors {
			line, column := e.Position()
			path := r.pathAt(line, column, e.Key())
			r.file.add(line, column, path, unknownKey(r.defaults.Type(), path))
		}
		return false
	case errors.As(err, &wrong):
		line, column := wrong.Position()
		r.file.add(line, column, wrong.Key(), plain(wrong.Error()))
		again = r.blank(line, column)
	default:
		r.file.add(0, 0, nil, plain(err.Error()))
	}
	r.file.broken = !again
	return again
}

// pathAt is the whole path of the key at a position; the library names keys of inline tables by their last part.
func (r *reader) pathAt(line, column int, otherwise []string) []string {
	for _, k := range r.keys {
		if k.line == line && k.column == column {
			return k.path
		}
	}
	return otherwise
}

// blank wipes the key and value at a position, so that the next error shows; false if there is none.
func (r *reader) blank(line, column int) bool {
	at := offset(r.src, line, column)
	for _, k := range r.keys {
		if at >= k.start && at < k.end && !k.table && !k.inline {
			return r.wipe(k)
		}
	}
	return false
}

func (r *reader) wipe(k key) (changed bool) {
	for i := k.start; i < k.end; i++ {
		if r.src[i] != '\n' && r.src[i] != ' ' {
			r.src[i] = ' '
			changed = true
		}
	}
	return changed
}

func (r *reader) validate() {
	v, ok := r.value.Interface().(Validator)
	if !ok {
		return
	}
	for _, err := range flatten(v.Validate()) {
		name := r.about(err)
		if name == nil {
			r.file.add(0, 0, nil, err.Error())
			continue
		}
		if r.file.has(name) {
			continue // its value is known to be wrong
		}
		line, column := find(r.keys, name)
		r.file.add(line, column, name, err.Error())
	}
}

// about is the key that an error of Validate begins with; nil if it begins with none.
func (r *reader) about(err error) []string {
	word, _, _ := strings.Cut(err.Error(), " ")
	if name := split(strings.TrimSuffix(word, ":")); typeOf(r.defaults.Type(), name) != nil {
		return name
	}
	return nil
}

// flatten takes joined errors apart.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var list []error
	for _, e := range joined.Unwrap() {
		list = append(list, flatten(e)...)
	}
	return list
}
