package scenario

import (
	"encoding"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"murmuration/internal/config"
)

// Key is one key of the scenario file, declared once, beside the field that it fills: from here
// come its name, unit and default, `sim check`, `sim init`, the names in refusals, and the tables
// in docs/simulation.md.
type Key struct {
	Path    string   // dotted, "topology.layers"
	Unit    string   // what stands there: "count", "duration", "word", ...; from the field's type
	Default string   // as TOML text; empty when leaving it out is itself the meaning
	Choices []string // for words: all that may stand here
	Levels  Levels   // that read it
	Meaning string

	index []int // of the field in a Scenario
	// a quantity for which zero is a sensible value; any other explicit zero is refused
	zeroable bool
}

// Levels is a set of levels of simulation.
type Levels uint8

const (
	theory Levels = 1 << iota
	flow
	des
	world
	every Levels = 1<<iota - 1
)

// levelNames are what a file calls them, in the order of their bits.
var levelNames = []string{"theory", "flow", "des", "world"}

// Has reports whether a level is in the set.
func (l Levels) Has(level string) bool { return slices.Contains(l.Names(), level) }

// Names lists the levels of the set.
func (l Levels) Names() (names []string) {
	for i, name := range levelNames {
		if l&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// Templates whose fields name keys: &field.Mix.Pool is mix.pool. They stay empty.
var (
	field Scenario
	cover Cover
	check Check
	row   Row
)

// place is what is known of a field without its declaration.
type place struct {
	path, unit string
	index      []int
}

// places finds a field by its address in a template.
var places = func() map[any]place {
	found := map[any]place{}
	note(found, reflect.ValueOf(&field).Elem(), "", nil)
	note(found, reflect.ValueOf(&cover).Elem(), "cover.", nil)
	note(found, reflect.ValueOf(&check).Elem(), "check.", nil)
	note(found, reflect.ValueOf(&row).Elem(), "check.row.", nil)
	return found
}()

func note(found map[any]place, v reflect.Value, prefix string, index []int) {
	for i := range v.NumField() {
		path := prefix + v.Type().Field(i).Tag.Get("toml")
		inner, at := v.Field(i), append(slices.Clone(index), i)
		unit := unitOf(inner.Type())
		if unit == "" {
			note(found, inner, path+".", at)
		}
		found[inner.Addr().Interface()] = place{path, unit, at}
	}
}

// unitOf is the unit of a field; empty for a table of its own.
func unitOf(t reflect.Type) string {
	switch reflect.Zero(t).Interface().(type) {
	case config.Duration, WarmUp:
		return "duration"
	case config.Rate:
		return "rate"
	case config.Size:
		return "size"
	case config.Volume:
		return "volume"
	case config.Share:
		return "share"
	case *Row:
		return "table"
	case *float64:
		return "number"
	}
	return map[reflect.Kind]string{
		reflect.Int: "count", reflect.Int64: "count", reflect.Float64: "number",
		reflect.Bool:   "switch",
		reflect.String: "text", reflect.Slice: "list", reflect.Map: "table",
	}[t.Kind()]
}

// key declares the key of a field, which is given by its address in a template.
func key(of any, standard string, levels Levels, meaning string) Key {
	p := places[of]
	return Key{
		Path: p.path, Unit: p.unit, Default: standard, Levels: levels, Meaning: meaning,
		index: p.index,
	}
}

func (k Key) choices(words ...string) Key {
	k.Unit, k.Choices = "word", words
	return k
}

func (k Key) orZero() Key {
	k.zeroable = true
	return k
}

// keys are all keys in the order in which a reader meets them.
var keys = slices.Concat(headKeys, networkKeys, peopleKeys, adversaryKeys, runKeys)

// Keys returns every key in the order in which a reader meets them.
func Keys() []Key { return slices.Clone(keys) }

// nameOf is the path of a field, given by its address in a template or by its path.
func nameOf(of any) string {
	if path, ok := of.(string); ok {
		return path
	}
	return places[of].path
}

func lookUp(path string) (Key, bool) {
	i := slices.IndexFunc(keys, func(k Key) bool { return k.Path == path })
	if i < 0 {
		return Key{}, false
	}
	return keys[i], true
}

// amount is the value of a key of physical unit in a scenario.
func (k Key) amount(s *Scenario) (n float64, ok bool) {
	if k.index == nil || strings.HasPrefix(k.Path, "cover.") ||
		strings.HasPrefix(k.Path, "check.") {
		return 0, false
	}
	return amountOf(reflect.ValueOf(s).Elem().FieldByIndex(k.index).Interface())
}

// amountOf is a quantity in base units: seconds, events per second, bytes, bytes per day, shares of
// 1.
func amountOf(quantity any) (n float64, ok bool) {
	switch v := quantity.(type) {
	case config.Duration:
		return v.Seconds(), true
	case WarmUp:
		return v.Seconds(), true
	case config.Rate:
		return v.PerSecond, true
	case config.Size:
		return float64(v.Bytes), true
	case config.Volume:
		return v.PerDay, true
	case config.Share:
		return v.Of, true
	}
	return 0, false
}

// Magnitude is the value of a swept key as a number in base units, or NaN for words.
func Magnitude(p Param) float64 {
	if k, known := lookUp(p.Key); known {
		v := reflect.New(reflect.TypeFor[Scenario]().FieldByIndex(k.index).Type)
		if quantity, ok := v.Interface().(encoding.TextUnmarshaler); ok {
			if quantity.UnmarshalText([]byte(p.Value)) != nil {
				return math.NaN()
			}
			n, _ := amountOf(v.Elem().Interface())
			return n
		}
	}
	n, err := strconv.ParseFloat(p.Value, 64)
	if err != nil || math.IsInf(n, 0) {
		return math.NaN()
	}
	return n
}
