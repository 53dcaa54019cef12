// Package counted is the line in which a test says what it counted for a row of docs/rows.md, so
// that `just rows` shows it and has not to guess. The program never imports it, and it decides
// nothing: whether a count is enough is the test's to say.
package counted

import (
	"fmt"
	"testing"
)

// Say logs what was counted for a row, by the row's name: letters of a to z and hyphens.
func Say(t testing.TB, row, format string, args ...any) {
	t.Helper()
	t.Log(Line(row, fmt.Sprintf(format, args...)))
}

// Line is how it looks in the output of `go test -v`, or of a script.
func Line(row, what string) string { return "row " + row + ": " + what }
