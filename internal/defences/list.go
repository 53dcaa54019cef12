package main

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// defence is one of them: how it is taken away, and which tests must notice.
//
//	== what it keeps out
//	in internal/siv/siv.go
//	-text that stands there
//	+text that stands in its place, none for nothing
//	by ./internal/siv TestOpen
//
// Lines with - follow each other: they are one text, which stands in the file exactly once; the
// lines with + behind them are what it becomes. There may be several, in several files. Each line
// with by names a package, and the test or tests (a regular expression) that suffice; without one,
// all of the package run. An entry that begins with =! is a control: nothing may notice it. A line
// "hangs" says that without the defence a test waits for ever: it then notices by running out of
// time.
type defence struct {
	name    string
	edits   []edit
	by      []suite
	control bool
	hangs   bool
}

type edit struct{ file, old, new string }

// suite is one call of go test.
type suite struct{ dir, run string }

//go:embed list/*.txt
var lists embed.FS

func read() (all []defence, err error) {
	files, err := lists.ReadDir("list")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		raw, err := lists.ReadFile("list/" + f.Name())
		if err != nil {
			return nil, err
		}
		some, err := parse(string(raw))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		all = append(all, some...)
	}
	return all, unlike(all)
}

// unlike: no two have one name.
func unlike(all []defence) error {
	seen := map[string]bool{}
	for _, d := range all {
		if seen[d.name] {
			return fmt.Errorf("%q is there twice", d.name)
		}
		seen[d.name] = true
	}
	return nil
}

func parse(text string) (all []defence, err error) {
	p := reader{}
	for i, line := range strings.Split(text, "\n") {
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	for _, d := range p.all {
		if len(d.edits) == 0 || len(d.by) == 0 {
			return nil, fmt.Errorf("%q takes nothing away, or names no tests", d.name)
		}
	}
	return p.all, nil
}

type reader struct {
	all  []defence
	file string
	mark byte // of the line before: '-', '+', or something else
}

func (p *reader) line(line string) error {
	if line == "" || line[0] == '#' {
		p.mark = 0
		return nil
	}
	if name, ok := strings.CutPrefix(line, "== "); ok {
		p.all, p.file = append(p.all, defence{name: name}), ""
		return nil
	}
	if name, ok := strings.CutPrefix(line, "=! "); ok {
		p.all, p.file = append(p.all, defence{name: name, control: true}), ""
		return nil
	}
	if len(p.all) == 0 {
		return fmt.Errorf("%q stands before the first entry", line)
	}
	defer func() { p.mark = line[0] }()
	return p.of(&p.all[len(p.all)-1], line)
}

func (p *reader) of(d *defence, line string) error {
	words := strings.Fields(line)
	last := len(d.edits) - 1
	switch {
	case words[0] == "in" && len(words) == 2:
		p.file = words[1]
	case line == "hangs":
		d.hangs = true
	case words[0] == "by" && len(words) == 2:
		d.by = append(d.by, suite{words[1], ""})
	case words[0] == "by" && len(words) == 3:
		d.by = append(d.by, suite{words[1], words[2]})
	case line[0] == '-' && p.file == "":
		return fmt.Errorf("%q: in which file?", line)
	case line[0] == '-' && p.mark == '-':
		d.edits[last].old += "\n" + line[1:]
	case line[0] == '-':
		d.edits = append(d.edits, edit{file: p.file, old: line[1:]})
	case line[0] == '+' && p.mark == '-':
		d.edits[last].new = line[1:]
	case line[0] == '+' && p.mark == '+':
		d.edits[last].new += "\n" + line[1:]
	default:
		return fmt.Errorf("%q is none of ==, =!, in, -, +, by, hangs", line)
	}
	return nil
}

// changed are the texts of the files without the defence, by their paths in the module. A text that
// does not stand in its file, or stands there twice, is an error: the list is then older than the
// code.
func (d defence) changed(root string) (map[string]string, error) {
	texts := map[string]string{}
	for _, e := range d.edits {
		if _, ok := texts[e.file]; !ok {
			raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(e.file)))
			if err != nil {
				return nil, fmt.Errorf("%q: %w", d.name, err)
			}
			texts[e.file] = string(raw)
		}
		if n := strings.Count(texts[e.file], e.old); n != 1 {
			return nil, fmt.Errorf("%q: its text stands %d times in %s, and not once: write the "+
				"entry anew in internal/defences/list, or take it out if the defence is gone:\n%s",
				d.name, n, e.file, e.old)
		}
		texts[e.file] = strings.Replace(texts[e.file], e.old, e.new, 1)
	}
	return texts, nil
}
