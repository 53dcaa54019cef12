package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// TestListFitsTheTree: each text of the list stands once where the list says, what it becomes is
// Go, and the tests that have to notice are there.
func TestListFitsTheTree(t *testing.T) {
	all, err := read()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 60 {
		t.Errorf("%d defences", len(all))
	}
	tests := map[string][]string{} // names, by package
	for _, d := range all {
		texts, err := d.changed(root)
		if err != nil {
			t.Error(err)
		}
		for file, text := range texts {
			_, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
			if err != nil {
				t.Errorf("%q: without it, %v", d.name, err)
			}
		}
		for _, s := range d.by {
			if !hasTest(t, tests, s) {
				t.Errorf("%q: no test of %s is called %q", d.name, s.dir, s.run)
			}
		}
	}
	if hasTest(t, tests, suite{"./internal/defences", "NoSuchTest"}) {
		t.Error("control: a test is there that is not")
	}
}

func hasTest(t *testing.T, tests map[string][]string, s suite) bool {
	t.Helper()
	if tests[s.dir] == nil {
		files, err := filepath.Glob(filepath.Join(root, s.dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(raw)) {
				if after, ok := strings.CutPrefix(line, "func Test"); ok {
					name, _, _ := strings.Cut(after, "(")
					tests[s.dir] = append(tests[s.dir], "Test"+name)
				}
			}
		}
	}
	return slices.ContainsFunc(tests[s.dir], regexp.MustCompile(s.run).MatchString)
}

// TestListsThatRot: a text that is not there, or not once, ends the run.
func TestListsThatRot(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte("one two two"), 0o600); err != nil {
		t.Fatal(err)
	}
	for old, want := range map[string]bool{
		"one": true, "two": false, "three": false, " two t": true,
	} {
		d := defence{edits: []edit{{"a.go", old, "x"}}}
		texts, err := d.changed(dir)
		if (err == nil) != want || want && !strings.Contains(texts["a.go"], "x") {
			t.Errorf("%q: %q, %v", old, texts["a.go"], err)
		}
	}
	if _, err := (defence{edits: []edit{{"b.go", "one", "x"}}}).changed(dir); err == nil {
		t.Error("a file is changed that is not there")
	}
	both := defence{edits: []edit{{"a.go", "one ", "two "}, {"a.go", "two two two", ""}}}
	if texts, err := both.changed(dir); err != nil || texts["a.go"] != "" {
		t.Errorf("two edits of one file: %q, %v", texts["a.go"], err)
	}
}

func TestParse(t *testing.T) {
	const good = "# words\n\n== a\nin f.go\n-x\n-\ty\n+z\n+\n-v\nin g.go\n-w\nby ./p\n" +
		"by ./q TestQ\nhangs\n=! b\nin f.go\n-x\nby ./p\n"
	all, err := parse(good)
	if err != nil || len(all) != 2 || all[0].control || !all[1].control || !all[0].hangs ||
		all[1].hangs {
		t.Fatal(all, err)
	}
	want := []edit{{"f.go", "x\n\ty", "z\n"}, {"f.go", "v", ""}, {"g.go", "w", ""}}
	for i, e := range want {
		if all[0].edits[i] != e {
			t.Errorf("edit %d: %q, want %q", i, all[0].edits[i], e)
		}
	}
	if !slices.Equal(all[0].by, []suite{{"./p", ""}, {"./q", "TestQ"}}) {
		t.Error(all[0].by)
	}
	for what, bad := range map[string]string{
		"before the first": "in f.go\n", "no file": "== a\n-x\nby ./p\n",
		"no tests": "== a\nin f\n-x\n",
		"no edit":  "== a\nby ./p\n", "plus alone": "== a\nin f\n+x\n-y\nby ./p\n",
		"plus after a gap": "== a\nin f\n-x\n\n+y\nby ./p\n", "words": "== a\nand so on\n",
		"a pattern of two words": "== a\nin f\n-x\nby ./p one two\n",
	} {
		if all, err := parse(bad); err == nil {
			t.Errorf("%s: %v", what, all)
		}
	}
}

func TestWhoNoticed(t *testing.T) {
	for out, want := range map[string]string{
		"--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/b (0.00s)\nFAIL": "TestA/b",
		"--- FAIL: TestA (0.00s)\nFAIL":                                "TestA",
		"panic: test timed out\ngoroutine":                             "panic: test timed out",
		"exit status 2\nFAIL":                                          "which ended",
	} {
		if got := who(out); got != want {
			t.Errorf("%q: %q, want %q", out, got, want)
		}
	}
}

// TestVerdict: nineteen of twenty suffice; of a part, all have to be noticed.
func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		noticed, not int
		part, good   bool
	}{
		{19, 1, false, true}, {18, 1, false, false}, {19, 1, true, false}, {3, 0, true, true},
		{0, 0, false, false}, {0, 0, true, false},
	} {
		v := newTrial("", "")
		v.count[noticed], v.count[notNoticed] = c.noticed, c.not
		if err := v.verdict(c.part); (err == nil) != c.good {
			t.Errorf("%+v: %v", c, err)
		}
	}
	v := newTrial("", "")
	v.count[noticed], v.wrong = 20, []error{os.ErrNotExist}
	if v.verdict(false) == nil {
		t.Error("an entry is broken, and the run passes")
	}
}

func TestChoose(t *testing.T) {
	all := []defence{{name: "a"}, {name: "b"}, {name: "c", control: true}, {name: "d"},
		{name: "e"}}
	names := func(o options) (text string) {
		chosen, err := choose(all, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range chosen {
			text += d.name
		}
		return text
	}
	if got := names(options{}); got != "cabde" {
		t.Error(got)
	}
	if got := names(options{pattern: "[ae]"}); got != "cae" {
		t.Error(got)
	}
	seen := map[string]bool{}
	for _, seed := range strings.Fields("1 2 3 4 5 6 7 8") {
		one, again := names(options{seed: seed}), names(options{seed: seed})
		if one != again || one[0] != 'c' || len(one) != 5 {
			t.Error(one, again)
		}
		seen[one] = true
	}
	if len(seen) < 2 {
		t.Error("all seeds give one order")
	}
	if _, err := choose(all, options{pattern: "("}); err == nil {
		t.Error("a pattern that is none is taken")
	}
}
