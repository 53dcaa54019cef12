package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// everySource visits the files below folders of the repository, but for tests.
func everySource(t *testing.T, visit func(path string, f *ast.File), folders ...string) {
	t.Helper()
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join("..", "..", folder),
			func(path string, d fs.DirEntry, err error) error {
				if err != nil || !strings.HasSuffix(path, ".go") ||
					strings.HasSuffix(path, "_test.go") {
					return err
				}
				f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
				if err == nil {
					visit(path, f)
				}
				return err
			})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// text is a string of a program, put together of its parts; what is no literal is a blank.
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, _ := strconv.Unquote(e.Value)
		return s
	case *ast.BinaryExpr:
		return text(e.X) + text(e.Y)
	case *ast.CallExpr: // a format
		if len(e.Args) > 0 {
			return text(e.Args[0])
		}
	case *ast.ParenExpr:
		return text(e.X)
	}
	return " "
}

var commandLine = regexp.MustCompile("`murmur ([a-z][a-z -]*)")

// TestHintsNameCommandsThatExist: wherever the program tells somebody to run a command of its own,
// there is one.
func TestHintsNameCommandsThatExist(t *testing.T) {
	named := 0
	everySource(t, func(path string, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			switch e.(type) {
			case *ast.BasicLit, *ast.BinaryExpr:
			default:
				return true
			}
			for _, m := range commandLine.FindAllStringSubmatch(text(e), -1) {
				named++
				if wrong := wrongCommand(m[1]); wrong != "" {
					t.Errorf("%s: `murmur %s`: there is no %s", path, m[1], wrong)
				}
			}
			return false
		})
	}, "client", "internal/cli", "internal/testnet", "internal/demo", "provider/node", "mix/node")
	if named < 30 || wrongCommand("feed fly") == "" || wrongCommand("post hello") != "" {
		t.Errorf("control: %d commands are named", named)
	}
}

// wrongCommand is the word of a line that is no command where one must stand.
func wrongCommand(line string) string {
	list := commands()
	for _, word := range strings.Fields(line) {
		if strings.HasPrefix(word, "-") || len(list) == 0 {
			return ""
		}
		c := find(list, word)
		if c == nil {
			return word
		}
		list = c.Subcommands
	}
	return ""
}

// TestFaultsSayWhatToDo: every fault that is declared for a person has a hint, a sentence.
func TestFaultsSayWhatToDo(t *testing.T) {
	declared := 0
	everySource(t, func(path string, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 3 {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "New" {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); !ok || x.Name != "fault" {
				return true
			}
			if strings.TrimSpace(text(call.Args[1])) == "" {
				return true // one of what somebody else said
			}
			declared++
			hint := strings.TrimSpace(text(call.Args[2]))
			if hint == "" || !strings.ContainsAny(hint[len(hint)-1:], ".?)`") {
				t.Errorf("%s: %q has the hint %q", path, text(call.Args[1]), hint)
			}
			return true
		})
	}, "client")
	if declared < 60 {
		t.Errorf("control: %d faults are declared", declared)
	}
}

// TestTimesAreShownInOneWay: a time that was never set is no year 1, wherever it is printed.
func TestTimesAreShownInOneWay(t *testing.T) {
	everySource(t, func(path string, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if ok && sel.Sel.Name == "Local" {
				t.Errorf("%s formats a time by itself: use talk.When", path)
			}
			return true
		})
	}, "internal/cli/person")
}
