package main

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// quoted is a room or a name in a table of docs/README.md.
var quoted = regexp.MustCompile("`([^`]+)`")

// TestWalksAgreeWithTheCode: the rooms that docs/README.md leads a reader through are there, and
// declare the names that it says happen in them.
func TestWalksAgreeWithTheCode(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("docs", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	declared := declarations(t)
	rows, names := 0, 0
	for line := range strings.Lines(string(raw)) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		rows++
		found, wrong := strays(line, declared)
		names += found
		for _, w := range wrong {
			t.Errorf("%s: %s", strings.TrimSpace(line), w)
		}
	}
	if rows < 25 || names < 10 {
		t.Errorf("control: %d rows and %d names were read", rows, names)
	}
	for _, bad := range []string{"| `mix`, `attic` | x |", "| `mix` | `Relay.Fly` |"} {
		if _, wrong := strays(bad, declared); len(wrong) != 1 {
			t.Errorf("control: %s: %q", bad, wrong)
		}
	}
}

// strays are the rooms of a row that are nowhere, and the names that none of its rooms declares.
func strays(row string, declared map[string]map[string]bool) (names int, wrong []string) {
	cells := strings.Split(row, "|")
	var rooms []string
	for _, m := range quoted.FindAllStringSubmatch(cells[1], -1) {
		rooms = append(rooms, m[1])
	}
	for _, m := range quoted.FindAllStringSubmatch(cells[2], -1) {
		if first, _, _ := strings.Cut(m[1], " "); first == "murmur" {
			continue // a command
		}
		if strings.Contains(m[1], "/") {
			rooms = append(rooms, m[1])
			continue
		}
		names++
		known := false
		for _, room := range rooms {
			known = known || declared[room][m[1]]
		}
		if !known {
			wrong = append(wrong, m[1]+" is in none of its rooms")
		}
	}
	for _, room := range rooms {
		if declared[room] == nil {
			wrong = append(wrong, room+" is no room")
		}
	}
	return names, wrong
}

// declarations are the names of each folder: Type, function, Type.method.
func declarations(t *testing.T) map[string]map[string]bool {
	t.Helper()
	all := map[string]map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		if all[s.dir] == nil {
			all[s.dir] = map[string]bool{}
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				all[s.dir][receiver(d)+d.Name.Name] = true
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if ts, ok := spec.(*ast.TypeSpec); ok {
						all[s.dir][ts.Name.Name] = true
					}
				}
			}
		}
	}
	return all
}

// receiver is "Type." for a method, and nothing for a function.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if id, ok := typ.(*ast.Ident); ok {
		return id.Name + "."
	}
	return ""
}
