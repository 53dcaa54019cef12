package config

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Problem is one thing that is wrong with a file.
type Problem struct {
	Line, Column int    // from 1; 0 if it stands nowhere
	Key          string // dotted
	Text         string // what is wrong
	Hint         string // what to do, if Text does not say it
	Excerpt      string // the line, with a mark under the place; empty if it stands nowhere
}

func (p Problem) at(line, column int) Problem {
	p.Line, p.Column = line, column
	return p
}

// FileError is everything that is wrong with a file.
type FileError struct {
	Name     string
	Problems []Problem
}

// Error has a paragraph for each problem: file:line:column: text, the excerpt, and the hint.
func (e *FileError) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.Name)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
		}
		fmt.Fprintf(&b, ": %s", p.Text)
		if p.Excerpt != "" {
			fmt.Fprintf(&b, "\n%s", p.Excerpt)
		}
		if p.Hint != "" {
			fmt.Fprintf(&b, "\n  %s", p.Hint)
		}
	}
	return b.String()
}

func (e *FileError) has(key string) bool {
	return slices.ContainsFunc(e.Problems, func(p Problem) bool { return p.Key == key })
}

// result is nil if nothing is wrong, else e with each of its problems once, in the order of the
// file.
func (e *FileError) result() error {
	if len(e.Problems) == 0 {
		return nil
	}
	slices.SortStableFunc(e.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	e.Problems = slices.Compact(e.Problems)
	return e
}

// maxExcerpt bounds the line that is shown, in bytes.
const maxExcerpt = 120

func (d *Document) excerpt(line, column int) string {
	if line == 0 {
		return ""
	}
	text, _, _ := bytes.Cut(d.Text[d.offset(line, 1):], []byte("\n"))
	before := shown(text[:min(len(text), max(0, column-1))]) // columns count bytes, marks letters
	clean := shown(bytes.TrimRight(text[:min(len(text), maxExcerpt)], "\r"))
	number := fmt.Sprintf("%5d | ", line)
	gutter := strings.Repeat(" ", 6) + "| "
	mark := min(utf8.RuneCountInString(before), maxExcerpt)
	return number + clean + "\n" + gutter + strings.Repeat(" ", mark) + "^"
}

// shown is text as a terminal may have it, a place for each letter.
func shown(text []byte) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(text), "?"))
}
