package scenario

import (
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// lines maps each dotted key of a TOML document to the line on which it stands first, and keeps the keys' order.
// Keys of arrays of tables carry no index: "check.metric" is the first one's.
type lines struct {
	at     map[string]int
	order  []string
	checks []int // where each [[check]] begins
}

// maxDepth is beyond every known key; noting all prefixes of a deeper one would take quadratic time.
const maxDepth = 8

func locate(text []byte) lines {
	found := lines{at: map[string]int{}}
	var p unstable.Parser
	p.Reset(text)
	var table []string
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = found.note(&p, nil, e.Key())
			if e.Kind == unstable.ArrayTable && len(table) == 1 && table[0] == "check" {
				found.checks = append(found.checks, headLine(&p, e))
			}
		case unstable.KeyValue:
			found.value(&p, table, e)
		}
	}
	return found
}

// headLine is the line of a table's name.
func headLine(p *unstable.Parser, e *unstable.Node) int {
	key := e.Key()
	key.Next()
	return p.Shape(key.Node().Raw).Start.Line
}

// value notes a key and, where its value is an inline table, the keys in it.
func (l *lines) value(p *unstable.Parser, table []string, e *unstable.Node) {
	path := l.note(p, table, e.Key())
	if e.Value().Kind != unstable.InlineTable {
		return
	}
	for inner := e.Value().Children(); inner.Next(); {
		l.value(p, path, inner.Node())
	}
}

func (l *lines) note(p *unstable.Parser, table []string, key unstable.Iterator) []string {
	path := append([]string(nil), table...)
	for key.Next() {
		n := key.Node()
		path = append(path, string(n.Data))
		if len(path) > maxDepth {
			continue
		}
		dotted := strings.Join(path, ".")
		if _, known := l.at[dotted]; !known {
			l.at[dotted] = p.Shape(n.Raw).Start.Line
			l.order = append(l.order, dotted)
		}
	}
	return path
}

// check returns the line where the check of that index begins, or of the first one where they are written inline.
func (l lines) check(i int) int {
	if i < len(l.checks) {
		return l.checks[i]
	}
	return l.of("check")
}

// of returns the line where a key is swept or given, or else of the table that it would stand in, or else 0.
func (l lines) of(path string) int {
	if n, swept := l.at["sweep."+path]; swept {
		return n
	}
	for path != "" {
		if n, known := l.at[path]; known {
			return n
		}
		cut := strings.LastIndexByte(path, '.')
		if cut < 0 {
			return 0
		}
		path = path[:cut]
	}
	return 0
}
