package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// outsiders are spellings that point a reader at something that is not in the repository.
var outsiders = []*regexp.Regexp{
	regexp.MustCompile(`shared/|\bsteering\b`),
	regexp.MustCompile(`\bissues? #?[0-9]+\b`),
	regexp.MustCompile(`\bprotocol, section\b`),
	regexp.MustCompile(`(^|[^\w$"'\x60])R[0-9]{1,2}\b`), // rows of a list that is elsewhere
}

// citedDoc is a document that is named somewhere: docs/box.md, box.md.
var citedDoc = regexp.MustCompile(`[A-Za-z0-9_./-]+\.md\b`)

// TestDocumentsStandAlone: nothing in the repository leads out of it, and what it names is there.
func TestDocumentsStandAlone(t *testing.T) {
	t.Parallel()
	read := 0
	for path, text := range ourTexts(t) {
		read++
		for i, line := range strings.Split(text, "\n") {
			for _, wrong := range leadsOut(path, line) {
				t.Errorf("%s:%d: %s", path, i+1, wrong)
			}
		}
	}
	if read < 100 {
		t.Errorf("control: %d files were read", read)
	}
	for _, line := range []string{"see shared/design", "// as issue 12 says", "// R4: kills",
		"see social.md"} {
		if len(leadsOut("p.go", line)) == 0 {
			t.Errorf("control: %q is not found", line)
		}
	}
}

func leadsOut(path, line string) (wrong []string) {
	for _, outsider := range outsiders {
		if found := outsider.FindString(line); found != "" {
			wrong = append(wrong, "names "+found)
		}
	}
	for _, doc := range citedDoc.FindAllString(line, -1) {
		if !thereFrom(filepath.Dir(path), doc) {
			wrong = append(wrong, "names "+doc+", which is not there")
		}
	}
	return wrong
}

func thereFrom(dir, doc string) bool {
	return slices.ContainsFunc([]string{dir, ".", "docs"},
		func(from string) bool {
			_, err := os.Stat(filepath.Join(from, doc))
			return err == nil
		})
}

// TestRecipesNameTests: whatever the recipes run with -run is there, or they would pass by running
// nothing.
func TestRecipesNameTests(t *testing.T) {
	recipe := regexp.MustCompile(`go test .*-run '?([\w^$|]+)'? .*?(\./[\w/]+)`)
	found := 0
	for path, text := range ourTexts(t) {
		if filepath.Ext(path) == ".go" {
			continue
		}
		for _, m := range recipe.FindAllStringSubmatch(text, -1) {
			found++
			if pattern, dir := m[1], m[2]; pattern != "^$" && pattern != "xxx" &&
				!hasTest(t, dir, pattern) {
				t.Errorf("%s: no test of %s matches %s", path, dir, pattern)
			}
		}
	}
	if found < 10 || hasTest(t, ".", "NoSuchTest") || !hasTest(t, ".", "RecipesName") {
		t.Errorf("control: %d recipes", found)
	}
}

// TestVariablesAreReadInOnePlace: what a recipe sets is read by internal/long, which fails a test
// where it cannot be read; elsewhere it would be skipped, and pass.
func TestVariablesAreReadInOnePlace(t *testing.T) {
	read := regexp.MustCompile(`os\.(Getenv|LookupEnv)\("MURMUR_`)
	for path, text := range ourTexts(t) {
		if filepath.Ext(path) == ".go" && read.MatchString(text) &&
			path != "internal/drawn/drawn.go" { // fails by itself
			t.Errorf("%s reads a variable past internal/long", path)
		}
	}
	if !read.MatchString("os.Getenv(" + `"MURMUR_KILLS")`) {
		t.Error("control: nothing would be found")
	}
}

func hasTest(t *testing.T, dir, pattern string) bool {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`(?m)^func \w*(` + pattern + `)`)
	return slices.ContainsFunc(files, func(path string) bool {
		raw, err := os.ReadFile(path)
		return err == nil && named.Match(raw)
	})
}

// ourTexts are the files that somebody wrote for readers: code, documents, configurations, scripts.
func ourTexts(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == ".git" || d.Name() == "testdata" && path != "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		written := slices.Contains([]string{".go", ".md", ".toml", ".txt", ".service"},
			filepath.Ext(path)) ||
			path == "Justfile" || filepath.Dir(path) == ".ci"
		if !written || path == "standalone_test.go" {
			return nil
		}
		raw, err := os.ReadFile(path)
		texts[filepath.ToSlash(path)] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}
