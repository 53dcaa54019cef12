package client

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestRoomsImportWhatIsDrawn compares the imports below this package with its comment, both ways.
func TestRoomsImportWhatIsDrawn(t *testing.T) {
	drawn := drawnArrows(t)
	dirs, err := filepath.Glob("*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, path := range dirs {
		if room := filepath.Dir(path); !strings.HasSuffix(path, "_test.go") {
			found[room] = append(found[room], importsBelow(t, path)...)
		}
	}
	for room, imported := range found {
		may, ok := drawn[room]
		if !ok {
			t.Errorf("the package comment does not name %s", room)
		}
		for _, other := range imported {
			if !slices.Contains(may, other) && other != "fault" && other != "store" {
				t.Errorf("%s imports %s, and the package comment draws no such arrow", room, other)
			}
		}
		for _, other := range may {
			if !slices.Contains(imported, other) {
				t.Errorf(
					"the package comment draws an arrow from %s to %s, which it does not import",
					room,
					other,
				)
			}
		}
	}
	if len(found) != len(drawn) || len(found) < 10 {
		t.Errorf("%d rooms, and %d in the package comment", len(found), len(drawn))
	}
}

var roomLine = regexp.MustCompile(`^\t(\w*) +(.*)$`)

// drawnArrows reads the package comment: a room, what it is, and behind an arrow what it imports.
func drawnArrows(t *testing.T) map[string][]string {
	f, err := parser.ParseFile(token.NewFileSet(), "client.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	texts, room := map[string]string{}, ""
	for line := range strings.Lines(f.Doc.Text()) {
		if m := roomLine.FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil {
			if m[1] != "" {
				room = m[1]
			}
			texts[room] += " " + m[2]
		}
	}
	drawn := map[string][]string{}
	for room, text := range texts {
		_, arrows, _ := strings.Cut(text, "→")
		drawn[room] = nil
		for name := range strings.SplitSeq(arrows, ",") {
			if name = strings.TrimSpace(name); name == "and this package" {
				name = "."
			}
			if name != "" {
				drawn[room] = append(drawn[room], name)
			}
		}
	}
	return drawn
}

// importsBelow are the rooms of this package that a file imports; this package itself is a full
// stop.
func importsBelow(t *testing.T, path string) (rooms []string) {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range f.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		if name == "murmuration/client" {
			rooms = append(rooms, ".")
		} else if room, ok := strings.CutPrefix(name, "murmuration/client/"); ok {
			rooms = append(rooms, room)
		}
	}
	return rooms
}
