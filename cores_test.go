package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// cores are the pure packages: time is an argument, randomness is given, and nothing in them
// happens by itself or outside of the program.
var cores = []string{
	"client/app",
	"client/board",
	"client/boxstream",
	"client/circle",
	"client/contact",
	"client/content",
	"client/cover",
	"client/crowd",
	"client/fault",
	"client/feed",
	"client/guard",
	"client/icc",
	"client/kem",
	"client/message",
	"client/news",
	"client/outbox",
	"client/parts",
	"client/person",
	"client/photo",
	"client/picture",
	"client/post",
	"client/purse",
	"client/relation",
	"client/scan",
	"client/sender",
	"client/session",
	"client/ticket",
	"client/timeline",
	"client/words",
	"internal/backoff",
	"internal/bulletin",
	"internal/cover",
	"internal/directory",
	"internal/directory/council",
	"internal/directory/follow",
	"internal/directory/query",
	"internal/exchange",
	"internal/invitation",
	"internal/protocol",
	"internal/siv",
	"internal/sphinx",
	"internal/suite",
	"internal/token",
	"internal/transit",
	"mix",
	"provider",
	"provider/desk",
	"sim/attack",
	"sim/des",
	"sim/des/wheel",
	"sim/flow",
	"sim/level",
	"sim/stat",
	"sim/theory",
	"sim/trace",
	"sim/world",
}

// impure are the selectors that a core must not use: clocks, timers, sleep, and global randomness.
var impure = map[string][]string{
	"time": {"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick",
		"Sleep"},
	"math/rand/v2": {"Int", "IntN", "N", "Float64", "ExpFloat64", "NormFloat64", "Uint64", "Uint32",
		"Perm", "Shuffle", "Int64", "Int64N", "Uint64N", "Uint32N", "Int32N"},
}

// impurePackages are those that a core must not import at all.
var impurePackages = []string{"net", "os", "log", "log/slog", "sync", "crypto/rand", "math/rand",
	"net/http", "os/signal", "syscall"}

func TestCoresArePure(t *testing.T) {
	for _, dir := range cores {
		set := token.NewFileSet()
		files := coreFiles(t, set, dir)
		if len(files) == 0 {
			t.Errorf("there is no %s", dir)
		}
		for _, fault := range faults(set, files) {
			t.Error(fault)
		}
	}
}

// TestImpureCoreIsCaught is the control.
func TestImpureCoreIsCaught(t *testing.T) {
	for want, src := range map[string]string{
		"time.Now":   `package p; import "time"; var T = time.Now()`,
		"goroutine":  `package p; func f() { go f() }`,
		"imports os": `package p; import "os"; var X = os.Args`,
		"rand.IntN":  `package p; import "math/rand/v2"; var X = rand.IntN(2)`,
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

func coreFiles(t *testing.T, set *token.FileSet, dir string) (files []*ast.File) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

func faults(set *token.FileSet, files []*ast.File) (found []string) {
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
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				found = append(found, at(n.Pos())+"a core starts a goroutine")
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok &&
					slices.Contains(impure[names[x.Name]], n.Sel.Name) {
					found = append(found, at(n.Pos())+"a core uses "+x.Name+"."+n.Sel.Name)
				}
			}
			return true
		})
	}
	return found
}
