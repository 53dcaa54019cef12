package api

import (
	"reflect"
	"slices"
	"strings"
)

// filled is a value in which lists and maps of nothing are empty ones: JSON would say null for
// them, which is none. What is left out where there is nothing stays so.
func filled(v any) any {
	if v == nil {
		return nil
	}
	at := reflect.New(reflect.TypeOf(v)).Elem()
	at.Set(reflect.ValueOf(v))
	fill(at)
	return at.Interface()
}

func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Slice:
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
			return
		}
		if plainKind(v.Type().Elem()) {
			return
		}
		own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(own, v) // a caller's list stays as it is
		v.Set(own)
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Map:
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
	case reflect.Pointer:
		if !v.IsNil() && v.Elem().Kind() == reflect.Struct {
			own := reflect.New(v.Type().Elem())
			own.Elem().Set(v.Elem())
			fill(own.Elem())
			v.Set(own)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.IsExported() && !leftOut(f) {
				fill(v.Field(i))
			}
		}
	}
}

// plainKind says whether values of a type have no lists in them.
func plainKind(t reflect.Type) bool {
	return t.Kind() != reflect.Struct && t.Kind() != reflect.Slice && t.Kind() != reflect.Pointer
}

// leftOut says whether a field that is a list or a map is not in the JSON when that is empty.
func leftOut(f reflect.StructField) bool {
	_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	kind := f.Type.Kind()
	return (kind == reflect.Slice || kind == reflect.Map) &&
		slices.Contains(strings.Split(options, ","), "omitempty")
}
