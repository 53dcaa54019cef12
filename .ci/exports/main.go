// Exports counts what a package exports and no other package of the module uses, tests of other
// packages included. With -l it names them, package by package.
//
//	go run -modfile=tools.mod ./.ci/exports [-l]
//
// A method does not count if an interface of the module, or one of the well-known ones below, has
// its name: something may call it by that.
package main

import (
	"flag"
	"fmt"
	"go/token"
	"go/types"
	"log"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// wellKnown are methods that packages outside the module call.
var wellKnown = strings.Fields("String Error Unwrap Is Format GoString LogValue Write Read Close " +
	"ReadAt WriteAt Len Less Swap Push Pop ServeHTTP MarshalText UnmarshalText MarshalJSON " +
	"UnmarshalJSON MarshalCBOR UnmarshalCBOR MarshalBinary UnmarshalBinary Debugf Infof Warningf " +
	"Errorf Network LocalAddr RemoteAddr SetDeadline SetReadDeadline SetWriteDeadline")

// export is one exported name of a package.
type export struct {
	dir, name string
	method    bool
	used      bool // outside its folder
}

// exports by where they are declared; a package and its variant for tests agree on that.
type exports map[token.Position]*export

func main() {
	list := flag.Bool("l", false, "name them")
	flag.Parse()
	pkgs, err := packages.Load(&packages.Config{Tests: true, Mode: packages.LoadSyntax |
		packages.NeedDeps}, "./...")
	if err != nil || packages.PrintErrors(pkgs) > 0 {
		log.Fatal("exports: the module does not build ", err)
	}
	all, called := exports{}, map[string]bool{}
	for _, name := range wellKnown {
		called[name] = true
	}
	for _, p := range pkgs {
		all.declare(p, called)
	}
	for _, p := range pkgs {
		all.use(p)
	}
	all.report(called, *list)
}

// declare finds what a package exports outside its tests, and the methods of its interfaces.
func (all exports) declare(p *packages.Package, called map[string]bool) {
	for id, o := range p.TypesInfo.Defs {
		at := p.Fset.Position(id.Pos())
		if o == nil || !o.Exported() || strings.HasSuffix(at.Filename, "_test.go") {
			continue
		}
		e := &export{dir: filepath.Dir(at.Filename), name: o.Name()}
		if f, ok := o.(*types.Func); ok && f.Signature().Recv() != nil {
			of := f.Signature().Recv().Type()
			if types.IsInterface(of) {
				called[o.Name()] = true
				continue
			}
			e.method, e.name = true, strings.TrimPrefix(path.Ext(of.String()), ".")+"."+o.Name()
		} else if o.Parent() != p.Types.Scope() {
			continue // a field, or local
		}
		all[at] = e
	}
}

// use marks what the package uses of others.
func (all exports) use(p *packages.Package) {
	for id, o := range p.TypesInfo.Uses {
		if f, ok := o.(*types.Func); ok {
			o = f.Origin()
		}
		e := all[p.Fset.Position(o.Pos())]
		if e != nil && e.dir != filepath.Dir(p.Fset.Position(id.Pos()).Filename) {
			e.used = true
		}
	}
}

func (all exports) report(called map[string]bool, list bool) {
	names, methods, by := 0, 0, map[string][]string{}
	for _, e := range all {
		if e.used || e.method && called[e.name[strings.LastIndex(e.name, ".")+1:]] {
			continue
		}
		by[e.dir] = append(by[e.dir], e.name)
		if e.method {
			methods++
		} else {
			names++
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(by)) {
		if list {
			slices.Sort(by[dir])
			fmt.Println(dir, strings.Join(by[dir], " "))
		}
	}
	fmt.Printf("%d exported names and %d methods are used by no other package\n", names, methods)
}
