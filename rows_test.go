package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// rowOfTable is a promise of docs/rows.md: its number, name, and the recipe that shows it.
var (
	rowOfTable = regexp.MustCompile(
		"(?m)^\\| `([A-Z][0-9]+)` \\| ([a-z-]+) \\|.*?\\| `just ([a-z-]+)")
	lineOfTable = regexp.MustCompile("\n\\| `[A-Z]")
)

// saysRow is what says what was counted, in a test or a script.
var saysRow = regexp.MustCompile(`counted\.Say\(\w, "([a-z-]+)"|` +
	`(?:echo |Sprintf\()"row ([a-z-]+): |\{"(arq|dead-mixes)", "`)

// TestRowsAreCounted: each row of docs/rows.md has a recipe that is there, and something that says
// what it counted, or `just rows` would run it in vain. What is said is said for a row that is
// there.
func TestRowsAreCounted(t *testing.T) {
	t.Parallel()
	texts := ourTexts(t)
	table, recipes := texts["docs/rows.md"], texts["Justfile"]
	said := map[string]bool{}
	for path, text := range texts {
		if path == "rows_test.go" || !strings.Contains(text, "row ") &&
			!strings.Contains(text, "counted.Say") {
			continue
		}
		for _, m := range saysRow.FindAllStringSubmatch(text, -1) {
			said[m[1]+m[2]+m[3]] = true
		}
	}
	rows := rowOfTable.FindAllStringSubmatch(table, -1)
	lines := len(lineOfTable.FindAllString(table, -1))
	for _, m := range rows {
		if name := m[2]; !said[name] {
			t.Errorf("%s %s: nothing says what is counted", m[1], name)
		}
		delete(said, m[2])
		if !hasRecipe(recipes, m[3]) {
			t.Errorf("%s: there is no recipe %s", m[1], m[3])
		}
	}
	for name := range said {
		t.Errorf("counts are said for %s, which is no row of docs/rows.md", name)
	}
	if len(rows) < 15 || len(rows) != lines || hasRecipe(recipes, "nosuch") {
		t.Errorf("control: %d rows of %d lines", len(rows), lines)
	}
	if _, err := os.Stat(".ci/rows/main.go"); err != nil {
		t.Error(err)
	}
}

// TestRowsThatAreNotThere: a row that is asked for and not known ends `just rows` at once.
//
// History: beside one that is known it was passed over without a word.
func TestRowsThatAreNotThere(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "run", "./.ci/rows", "-n", "R20", "nosuchrow").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "nosuchrow") {
		t.Errorf("an unknown row: %v, %s", err, out)
	}
	out, err = exec.Command("go", "run", "./.ci/rows", "-n", "R20").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "R20 ") {
		t.Errorf("control: %v, %s", err, out)
	}
}

// TestLongNeedsGit: outside of a clone `just long` says what it needs.
//
// History: it ran no test, and ended with how flags of tests are used.
func TestLongNeedsGit(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile(".ci/long")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := errors.Join(os.Mkdir(dir+"/.ci", 0o700),
		os.WriteFile(dir+"/.ci/long", script, 0o600)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", dir+"/.ci/long")
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	out, err := cmd.CombinedOutput()
	if err == nil || strings.Count(string(out), "\n") != 1 ||
		!strings.Contains(string(out), "needs git") {
		t.Errorf("%v: %s", err, out)
	}
}

func hasRecipe(just, name string) bool {
	return regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + `\b.*:$`).MatchString(just)
}
