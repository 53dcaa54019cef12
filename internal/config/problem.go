package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a file.
type Problem struct {
	Line, Column int // from 1; 0 if it stands nowhere
	Key          []string
	Text         string // what is wrong and what to do
	Excerpt      string // the line, with a mark under the place; empty if it stands nowhere
}

// FileError is everything that is wrong with a configuration file.
type FileError struct {
	Name     string
	Problems []Problem

	src    []byte
	broken bool // syntax: what comes after is not known
}

// Error has a paragraph for each problem: file:line:column: text, and the excerpt.
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
	}
	return b.String()
}

func (e *FileError) add(line, column int, key []string, text string) {
	if line == 0 && len(key) > 0 {
		text += " (it is not in the file)"
	}
	e.Problems = append(e.Problems, Problem{line, column, slices.Clone(key), text, excerpt(e.src, line, column)})
}

func (e *FileError) has(key []string) bool {
	return slices.ContainsFunc(e.Problems, func(p Problem) bool { return slices.Equal(p.Key, key) })
}

// result is nil if nothing is wrong, else e with its problems in the order of the file.
func (e *FileError) result() error {
	if len(e.Problems) == 0 {
		return nil
	}
	slices.SortStableFunc(e.Problems, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return e
}

// maxExcerpt bounds the line that is shown, in bytes.
const maxExcerpt = 120

func excerpt(src []byte, line, column int) string {
	if line == 0 {
		return ""
	}
	start := offset(src, line, 1)
	text, _, _ := bytes.Cut(src[min(start, len(src)):], []byte("\n"))
	text = bytes.TrimRight(text[:min(len(text), maxExcerpt)], "\r")
	clean := strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(text), "?"))
	number := fmt.Sprintf("%5d | ", line)
	gutter := strings.Repeat(" ", 6) + "| "
	return number + clean + "\n" + gutter + strings.Repeat(" ", min(column-1, maxExcerpt)) + "^"
}
