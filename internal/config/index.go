package config

import (
	"encoding"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// key is one key of a file and where it and its value stand.
type key struct {
	path       []string
	start, end int // bytes of key and value
	line       int // from 1
	column     int // from 1
	table      bool
	inline     bool          // in an inline table: start and end are those of the name alone
	kind       unstable.Kind // of the value
}

// index lists the keys of a file up to its first syntax error.
func index(src []byte) []key {
	var keys []key
	var table []string
	var p unstable.Parser
	p.Reset(src)
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind == unstable.Comment {
			continue
		}
		k := key{table: e.Kind != unstable.KeyValue}
		var name []string
		for it := e.Key(); it.Next(); {
			if name == nil {
				k.start = int(it.Node().Raw.Offset)
			}
			name = append(name, string(it.Node().Data))
			k.end = int(it.Node().Raw.Offset + it.Node().Raw.Length)
		}
		if k.table {
			table = name
			k.path = name
		} else {
			k.path = slices.Concat(table, name)
			k.kind = e.Value().Kind
			k.start, k.end = int(e.Raw.Offset), int(e.Raw.Offset+e.Raw.Length)
		}
		k.line, k.column = position(src, k.start)
		keys = append(keys, k)
		if !k.table && k.kind == unstable.InlineTable {
			keys = inside(keys, src, k.path, e.Value())
		}
	}
	return keys
}

// inside lists the keys of an inline table. They are wiped with the whole table, if at all.
func inside(keys []key, src []byte, path []string, table *unstable.Node) []key {
	for it := table.Children(); it.Next(); {
		k := key{path: slices.Clone(path), kind: it.Node().Value().Kind, inline: true}
		for name := it.Node().Key(); name.Next(); {
			if len(k.path) == len(path) {
				k.start = int(name.Node().Raw.Offset)
			}
			k.path = append(k.path, string(name.Node().Data))
			k.end = int(name.Node().Raw.Offset + name.Node().Raw.Length)
		}
		k.line, k.column = position(src, k.start)
		keys = append(keys, k)
		if k.kind == unstable.InlineTable {
			keys = inside(keys, src, k.path, it.Node().Value())
		}
	}
	return keys
}

// find is where a key stands; 0, 0 if it does not.
func find(keys []key, path []string) (line, column int) {
	for _, k := range keys {
		if slices.Equal(k.path, path) {
			return k.line, k.column
		}
	}
	return 0, 0
}

func split(dotted string) []string { return strings.Split(dotted, ".") }

func position(src []byte, at int) (line, column int) {
	before := string(src[:min(at, len(src))])
	return 1 + strings.Count(before, "\n"), at - strings.LastIndexByte(before, '\n')
}

// offset turns a position back; len(src) if there is no such line.
func offset(src []byte, line, column int) int {
	at := 0
	for range line - 1 {
		n := slices.Index(src[at:], '\n')
		if n < 0 {
			return len(src)
		}
		at += n + 1
	}
	return at + column - 1
}

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

// checkUnits reports bare numbers where a type with units reads text. The TOML library would hand it
// the digits, and lose the line.
func (r *reader) checkUnits() {
	for _, k := range r.keys {
		t := typeOf(r.defaults.Type(), k.path)
		if k.table || t == nil || !reflect.PointerTo(t).Implements(textUnmarshaler) || k.kind == unstable.String {
			continue
		}
		r.file.add(k.line, k.column, k.path, "want text in quotes, "+example(t))
		r.blank(k.line, k.column)
	}
}

func example(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[Duration]():
		return `with a unit: "250ms", "10s", "1h"`
	case reflect.TypeFor[Size]():
		return `with a unit: "512 KiB", "1.5 GB"`
	}
	return "not a bare value"
}

// typeOf follows a path of keys through structs, maps and lists; nil if it leads nowhere.
func typeOf(t reflect.Type, path []string) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if len(path) == 0 {
		return t
	}
	switch t.Kind() {
	case reflect.Map:
		return typeOf(t.Elem(), path[1:])
	case reflect.Struct:
		if f, ok := fields(t)[path[0]]; ok {
			return typeOf(f, path[1:])
		}
	}
	return nil
}

// fields is the keys that a struct takes, those of embedded structs included.
func fields(t reflect.Type) map[string]reflect.Type {
	list := map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		if f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct {
			maps.Copy(list, fields(f.Type))
			continue
		}
		if name == "" {
			name = f.Name
		}
		if f.IsExported() && name != "-" {
			list[name] = f.Type
		}
	}
	return list
}
