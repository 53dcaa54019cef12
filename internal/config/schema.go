package config

import (
	"encoding"
	"maps"
	"reflect"
	"strings"
	"sync"
)

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

// readsText reports whether values of a type are written as text.
func readsText(t reflect.Type) bool { return reflect.PointerTo(t).Implements(textUnmarshaler) }

// typeOf follows a path of keys through structs, maps and lists; nil if it leads nowhere.
func typeOf(t reflect.Type, path []string) reflect.Type {
	if t == nil {
		return nil
	}
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

// known remembers the fields of each struct type.
var known sync.Map // reflect.Type → map[string]reflect.Type, which nobody changes

// fields is the keys that a struct takes, those of embedded structs included.
func fields(t reflect.Type) map[string]reflect.Type {
	if list, ok := known.Load(t); ok {
		return list.(map[string]reflect.Type)
	}
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
	known.Store(t, list)
	return list
}
