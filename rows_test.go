package main

import (
	"os"
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

func hasRecipe(just, name string) bool {
	return regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + `\b.*:$`).MatchString(just)
}
