package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/internal/long"
)

const docsFile = "../../docs/api.md"

const docsHead = `# The daemon's API, version 1

Made from the types of client/api by its tests: whoever changes one runs

    MURMUR_WRITE_DOCS=1 go test ./client/api -run TestDocs

HTTP and JSON over the Unix socket in a home (api.sock), for the programs of its person alone; who
may ask, and the limits, stand in [client.md](client.md). Unknown keys are refused. Every answer
that is no success is an Error. Times are RFC 3339, durations nanoseconds, bytes base64.
[examples/daemon](../examples/daemon/daemon.go) talks to it in sixty lines.

| method, path | takes | gives | what it does |
| --- | --- | --- | --- |
`

// TestDocsAreOfTheTypes: docs/api.md says what the routes and types say, word for word.
func TestDocsAreOfTheTypes(t *testing.T) {
	d := docs{t: t, comments: commentsOf(t), seen: map[reflect.Type]bool{}}
	var table, types strings.Builder
	routes := newServer(openClient(t), func() {}).routes()
	for _, r := range routes {
		fmt.Fprintf(&table, "| %s %s | %s | %s | %s |\n", r.Method, r.Path, d.name(r.In),
			d.name(r.Out), r.Summary)
		if r.Summary == "" || r.Method == "" {
			t.Errorf("%s %s has no summary", r.Method, r.Path)
		}
	}
	d.later = append(d.later, reflect.TypeFor[Error]())
	for len(d.later) > 0 {
		next := d.later[0]
		d.later = d.later[1:]
		d.describe(&types, next)
	}
	made := docsHead + table.String() + types.String()
	if long.Set("MURMUR_WRITE_DOCS") {
		if err := os.WriteFile(docsFile, []byte(made), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := os.ReadFile(docsFile); err != nil || string(kept) != made {
		t.Errorf("docs/api.md is not of these types (%v): "+
			"MURMUR_WRITE_DOCS=1 go test ./client/api -run TestDocs", err)
	}
	if len(routes) < 20 || strings.Count(made, "\n## ") < 10 {
		t.Errorf("control: %d routes, %d types", len(routes), strings.Count(made, "\n## "))
	}
}

// docs collects the types that are reached from the routes.
type docs struct {
	t        *testing.T
	comments map[string]string // of "Type" and of "Type.Field"
	seen     map[reflect.Type]bool
	later    []reflect.Type
}

// name is what a body is called in the table.
func (d *docs) name(body any) string {
	if body == nil {
		return ""
	}
	return d.typeName(reflect.TypeOf(body))
}

var marshaler = reflect.TypeFor[json.Marshaler]()

// typeName is a type as JSON has it; structs are described later.
func (d *docs) typeName(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "time"
	case t == reflect.TypeFor[time.Duration]():
		return "duration"
	case t == reflect.TypeFor[[]byte]():
		return "bytes"
	case t == reflect.TypeFor[nothing]():
		return "{}"
	case t.Implements(marshaler):
		return "value"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.typeName(t.Elem())
	case reflect.Slice, reflect.Array:
		return "list of " + d.typeName(t.Elem())
	case reflect.Map:
		return "object of " + d.typeName(t.Elem())
	case reflect.Struct:
		if !d.seen[t] {
			d.seen[t] = true
			d.later = append(d.later, t)
		}
		return fmt.Sprintf("[%s](#%s)", t.Name(), strings.ToLower(t.Name()))
	case reflect.String, reflect.Bool:
		return t.Kind().String()
	}
	return "number"
}

func (d *docs) describe(to *strings.Builder, t reflect.Type) {
	d.seen[t] = true
	fmt.Fprintf(to, "\n## %s\n\n%s\n| key | is | |\n| --- | --- | --- |\n", t.Name(),
		d.comments[t.Name()])
	d.fields(to, t)
}

func (d *docs) fields(to *strings.Builder, t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			d.fields(to, f.Type)
			continue
		}
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "-" || !f.IsExported() {
			continue
		}
		key = cmp.Or(key, f.Name)
		comment := d.comments[t.Name()+"."+f.Name]
		if strings.Contains(options, "omit") {
			comment = strings.TrimSpace("(may be left out) " + comment)
		}
		fmt.Fprintf(to, "| %s | %s | %s |\n", key, d.typeName(f.Type), comment)
	}
}

var blanks = regexp.MustCompile(`\s+`)

// commentsOf are the comments of this package's types and their fields.
func commentsOf(t *testing.T) map[string]string {
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, path := range slices.Sorted(slices.Values(paths)) {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.TYPE {
				continue
			}
			for _, spec := range gen.Specs {
				s := spec.(*ast.TypeSpec)
				found[s.Name.Name] = cmp.Or(s.Doc.Text(), gen.Doc.Text())
				if body, ok := s.Type.(*ast.StructType); ok {
					for _, field := range body.Fields.List {
						for _, name := range field.Names {
							text := field.Doc.Text() + " " + field.Comment.Text()
							text = blanks.ReplaceAllString(strings.TrimSpace(text), " ")
							found[s.Name.Name+"."+name.Name] = strings.ReplaceAll(text, "|", `\|`)
						}
					}
				}
			}
		}
	}
	return found
}
