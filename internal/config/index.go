package config

import (
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// key is one key of a file and where it and its value stand.
type key struct {
	path       []string
	start, end int // bytes of key and value
	table      bool
	list       bool    // a table in double brackets
	inline     bool    // in an inline table: start and end are those of the name alone
	values     []value // its value, or the elements of a list
}

func (k *key) name() string { return join(k.path) }

// value is a value that is neither list nor table.
type value struct {
	start, end int
	text       bool // in quotes
	element    bool // of a list
	number     float64
}

// index lists the keys of a file up to its first syntax error.
func (d *Document) index() []key {
	var keys []key
	var table []string
	var p unstable.Parser
	p.Reset(d.Text)
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			k := keyOf(e.Key(), nil)
			k.table, k.list = true, e.Kind == unstable.ArrayTable
			table = k.path
			keys = append(keys, k)
		case unstable.KeyValue:
			keys = assigned(keys, table, e, false)
		}
	}
	return keys
}

// keyOf reads a dotted name.
func keyOf(parts unstable.Iterator, table []string) key {
	k := key{path: slices.Clone(table), start: -1}
	for parts.Next() {
		n := parts.Node()
		if k.start < 0 {
			k.start = int(n.Raw.Offset)
		}
		k.path = append(k.path, string(n.Data))
		k.end = int(n.Raw.Offset + n.Raw.Length)
	}
	return k
}

// assigned adds a key with its value, and the keys of inline tables in it.
func assigned(keys []key, table []string, e *unstable.Node, inline bool) []key {
	k := keyOf(e.Key(), table)
	k.inline = inline
	if !inline {
		k.start, k.end = int(e.Raw.Offset), int(e.Raw.Offset+e.Raw.Length)
	}
	at := len(keys)
	keys = append(keys, k)
	var walk func(n *unstable.Node, element bool)
	walk = func(n *unstable.Node, element bool) {
		switch n.Kind {
		case unstable.InlineTable:
			for it := n.Children(); it.Next(); {
				keys = assigned(keys, k.path, it.Node(), true)
			}
		case unstable.Array:
			for it := n.Children(); it.Next(); {
				walk(it.Node(), true)
			}
		default:
			keys[at].values = append(keys[at].values, valueOf(n, element))
		}
	}
	walk(e.Value(), false)
	return keys
}

func valueOf(n *unstable.Node, element bool) value {
	v := value{text: n.Kind == unstable.String, element: element}
	v.start, v.end = int(n.Raw.Offset), int(n.Raw.Offset+n.Raw.Length)
	if n.Kind == unstable.Float {
		v.number, _ = strconv.ParseFloat(string(n.Data), 64)
		if strings.TrimLeft(string(n.Data), "+-") == "nan" {
			v.number = math.NaN()
		}
	}
	return v
}

// find is where a key stands; 0, 0 if it does not.
func (d *Document) find(dotted string) (line, column int) {
	for _, k := range d.keys {
		if k.name() == dotted {
			return d.position(k.start)
		}
	}
	return 0, 0
}

// About is where a key stands, or else the table that it would stand in (its first key, if it has
// no head), or else nowhere.
func (d *Document) About(dotted string) Place {
	for dotted != "" {
		if line, column := d.find(dotted); line > 0 {
			return Place{line, column}
		}
		if i := slices.IndexFunc(d.keys, func(k key) bool {
			return strings.HasPrefix(k.name(), dotted+".")
		}); i >= 0 {
			line, column := d.position(d.keys[i].start)
			return Place{line, column}
		}
		dotted = dotted[:max(strings.LastIndexByte(dotted, '.'), 0)]
	}
	return Place{}
}

// Order is the place of a key among all keys of the file, -1 if it is not there.
func (d *Document) Order(dotted string) int {
	return slices.IndexFunc(d.keys, func(k key) bool { return k.name() == dotted })
}

// Has reports whether a key stands in the file, or a table of that name.
func (d *Document) Has(dotted string) bool { return d.Order(dotted) >= 0 }

// Heads lists where each [[table]] of a name begins.
func (d *Document) Heads(table string) (places []Place) {
	for _, k := range d.keys {
		if k.list && k.name() == table {
			line, column := d.position(k.start)
			places = append(places, Place{line, column})
		}
	}
	return places
}

// Place is a position in a file, from 1; zero is nowhere.
type Place struct{ Line, Column int }

// pathAt is the whole path of the key at a position; the library names keys of inline tables by
// their last part.
func (d *Document) pathAt(line, column int, otherwise []string) []string {
	at := d.offset(line, column)
	for _, k := range d.keys {
		if k.start == at {
			return k.path
		}
	}
	return otherwise
}

func split(dotted string) []string { return strings.Split(dotted, ".") }
func join(path []string) string    { return strings.Join(path, ".") }

func lineStarts(text []byte) []int {
	starts := []int{0}
	for i, b := range text {
		if b == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

func (d *Document) position(at int) (line, column int) {
	line = sort.SearchInts(d.lines, at+1)
	return line, at - d.lines[line-1] + 1
}

// offset turns a position back; the end of the text if there is no such line.
func (d *Document) offset(line, column int) int {
	if line < 1 || line > len(d.lines) {
		return len(d.Text)
	}
	return min(d.lines[line-1]+column-1, len(d.Text))
}
