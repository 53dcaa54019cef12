package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// cores names the pure files: whole rooms, or sets of files of a role package. A set may use nothing
// that the package's other files declare, and none of what a core must not have.
var cores = map[string][]string{
	"mix":                       nil,
	"internal/transit":          nil,
	"provider":                  nil,
	"client/boxstream":          nil,
	"client/content":            nil,
	"client/feed":               nil,
	"client/outbox":             nil,
	"client/parts":              nil,
	"client/person":             nil,
	"client/photo":              nil,
	"client/picture":            nil,
	"client/sender":             nil,
	"client/timeline":           nil,
	"internal/cover":            nil,
	"internal/backoff":          nil,
	"internal/protocol":         nil,
	"internal/sphinx":           nil,
	"internal/directory":        nil,
	"internal/directory/follow": nil,
	"internal/directory/query":  nil,
	"sim/theory":                nil,
	"sim/flow":                  nil,
	"sim/des":                   nil,
	"sim/des/wheel":             nil,
	"sim/trace":                 nil,
	"sim/attack":                nil,
	"sim/stat":                  nil,
}

// impure are the selectors that a core must not use: clocks, timers, sleep, and global randomness.
var impure = map[string][]string{
	"time":         {"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"},
	"math/rand/v2": {"Int", "IntN", "N", "Float64", "ExpFloat64", "NormFloat64", "Uint64", "Uint32", "Perm", "Shuffle", "Int64", "Int64N", "Uint64N", "Uint32N", "Int32N"},
}

// impurePackages are those that a core must not import at all.
var impurePackages = []string{"net", "os", "log", "log/slog", "sync", "crypto/rand", "math/rand", "net/http", "os/signal", "syscall"}

func TestCoresArePure(t *testing.T) {
	for dir, names := range cores {
		set := token.NewFileSet()
		for _, fault := range faults(set, coreFiles(t, set, dir, names)) {
			t.Error(fault)
		}
	}
}

// TestImpureCoreIsCaught is the control.
func TestImpureCoreIsCaught(t *testing.T) {
	for want, src := range map[string]string{
		"time.Now":       `package p; import "time"; var T = time.Now()`,
		"goroutine":      `package p; func f() { go f() }`,
		"imports os":     `package p; import "os"; var X = os.Args`,
		"rand.IntN":      `package p; import "math/rand/v2"; var X = rand.IntN(2)`,
		"not one of the": `package p; var X = declaredElsewhere`,
	} {
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, "p.go", src, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(faults(set, []*ast.File{f}), "\n"); !strings.Contains(got, want) {
			t.Errorf("%q is not reported for %s: %q", want, src, got)
		}
	}
}

func coreFiles(t *testing.T, set *token.FileSet, dir string, names []string) (files []*ast.File) {
	t.Helper()
	if names == nil {
		all, _ := filepath.Glob(filepath.Join(dir, "*.go"))
		for _, path := range all {
			if !strings.HasSuffix(path, "_test.go") {
				names = append(names, filepath.Base(path))
			}
		}
	}
	for _, name := range names {
		f, err := parser.ParseFile(set, filepath.Join(dir, name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

func faults(set *token.FileSet, files []*ast.File) (found []string) {
	declared := map[string]bool{}
	for _, f := range files {
		for name := range f.Scope.Objects {
			declared[name] = true
		}
	}
	for _, f := range files {
		at := func(p token.Pos) string { return set.Position(p).String() + ": " }
		names := map[string]string{} // local name of an import → path
		for _, spec := range f.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			local := filepath.Base(strings.TrimSuffix(path, "/v2"))
			if spec.Name != nil {
				local = spec.Name.Name
			}
			names[local] = path
			if slices.Contains(impurePackages, path) {
				found = append(found, at(spec.Pos())+"a core imports "+path)
			}
		}
		for _, id := range f.Unresolved {
			if !declared[id.Name] && names[id.Name] == "" && types.Universe.Lookup(id.Name) == nil {
				found = append(found, at(id.Pos())+id.Name+" is declared in a file that is not one of the core's")
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				found = append(found, at(n.Pos())+"a core starts a goroutine")
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && slices.Contains(impure[names[x.Name]], n.Sel.Name) {
					found = append(found, at(n.Pos())+"a core uses "+x.Name+"."+n.Sel.Name)
				}
			}
			return true
		})
	}
	return found
}
