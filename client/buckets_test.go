package client

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"murmuration/client/backup"
)

// read are buckets of earlier versions, which are looked for and never written.
var read = []string{"self"}

// TestEveryBucketHasOneOwner finds the calls on a store's transactions.
func TestEveryBucketHasOneOwner(t *testing.T) {
	found := map[string]string{}
	err := filepath.WalkDir(".", func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		for _, bucket := range bucketsOf(t, dir) {
			if owner, ok := found[bucket]; ok && owner != dir {
				t.Errorf("bucket %q is used by %s and by %s", bucket, owner, dir)
			}
			found[bucket] = dir
			owner := backup.Buckets[bucket].Owner
			if owner != dir && !slices.Contains(read, bucket) {
				t.Errorf("bucket %q of %s: backup.Buckets says %q", bucket, dir, owner)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, bucket := range slices.Sorted(maps.Keys(backup.Buckets)) {
		if found[bucket] == "" {
			t.Errorf("nobody uses bucket %q", bucket)
		}
	}
}

// bucketsOf are the names of buckets in the calls of a package: literals, and constants with
// literals.
func bucketsOf(t *testing.T, dir string) (names []string) {
	all, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	constants := map[string]string{}
	for _, path := range all {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 {
				constants[v.Names[0].Name] = literal(v.Values[0], nil)
			}
			return true
		})
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			argument := bucketArgument(call)
			name := literal(argument, constants)
			if argument != nil && name == "" {
				t.Errorf("%s: a bucket of %s is no constant", dir, f.Name)
			}
			if argument != nil && !slices.Contains(names, name) {
				names = append(names, name)
			}
			return true
		})
	}
	return names
}

// bucketArgument is the bucket of tx.Put, tx.Get, tx.Has, tx.Delete and store.Each.
func bucketArgument(call *ast.CallExpr) ast.Expr {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) < 2 {
		return nil
	}
	on, ok := sel.X.(*ast.Ident)
	if of, is := sel.X.(*ast.SelectorExpr); is { // l.tx.Put
		on, ok = of.Sel, true
	}
	switch {
	case !ok:
		return nil
	case on.Name == "tx" && slices.Contains([]string{"Put", "Get", "Has", "Delete"}, sel.Sel.Name):
		return call.Args[0]
	case on.Name == "store" && sel.Sel.Name == "Each":
		return call.Args[1]
	}
	return nil
}

func literal(e ast.Expr, constants map[string]string) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return s
		}
	case *ast.Ident:
		return constants[e.Name]
	}
	return ""
}
