// Package config is the strict reader of the TOML files that people write: configurations of nodes
// and clients, network presets, scenarios of the simulator. An unknown key, a missing unit, a value
// of another kind is an error with file, line, column, excerpt and a suggestion, and all errors of
// a file are reported at once. It must not know what the values mean: the structs that it fills say
// that themselves, by Validate or by Document.Refuse.
//
// A configuration file is trusted: whoever can change it decides how this node runs. It can not
// change what the network sees; those values stand in the network document (see LoadPreset).
package config

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// maxFile bounds a file, in bytes.
const maxFile = 1 << 20

// validator is a configuration, or the pointer to one, that checks itself. Errors may be joined;
// one that begins with a key, dotted as in "edge.max_clients: want at least 1" or "layers is 9:
// want 1 to 8", is shown with the line of that key.
type validator interface{ Validate() error }

// Load fills into, a pointer to a struct with toml tags, from a file. What stands in it before are
// the defaults. On error, which is a *FileError unless the file can not be read, it is unchanged.
func Load[T any](path string, into *T) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("reading configuration: %w", err)
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return fmt.Errorf("reading configuration %s: %w", path, err)
	}
	return Decode(path, src, into)
}

// Decode is Load for bytes that are at hand; name stands for the file in errors.
func Decode[T any](name string, src []byte, into *T) error {
	d := Read(name, src)
	value := *into
	if d.Decode(&value) {
		d.validate(&value)
	}
	if err := d.Err(); err != nil {
		return err
	}
	*into = value
	return nil
}

// validate asks a value what is wrong with it.
func (d *Document) validate(value any) {
	v, ok := value.(validator)
	if !ok {
		return
	}
	for _, err := range flatten(v.Validate()) {
		word, _, _ := strings.Cut(err.Error(), " ")
		key := strings.TrimSuffix(word, ":")
		switch {
		case typeOf(d.root, split(key)) == nil:
			d.add(Problem{Text: err.Error()})
		case d.suspect(key): // its value is known to be wrong
		case d.Has(key):
			d.add(Problem{Key: key, Text: err.Error()}.at(d.find(key)))
		default:
			d.add(Problem{Key: key, Text: err.Error() + " (it is not in the file)"})
		}
	}
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
