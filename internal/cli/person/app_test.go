package person

import (
	"bytes"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
)

// TestAppsShowWordsAsWords: what a contact says a request is for stands behind the margin, line by
// line, and nowhere else; a claimed name makes no line of its own.
func TestAppsShowWordsAsWords(t *testing.T) {
	var out bytes.Buffer
	app := &cli.App{Writer: &out, ErrWriter: &out, Action: func(c *cli.Context) error {
		return printApp(c, api.AppView{
			ID: "abcdefgh", With: "“eve\nforged”", Title: "they ask for 1 BTC: open",
			Says: "tent\nforged\x1b[2J\rforged", Lines: []string{"to 1A1z"}, URI: "bitcoin:1A1z",
		})
	}}
	if err := app.Run([]string{"murmur"}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	for _, l := range lines {
		if strings.ContainsRune(l, '\x1b') || strings.HasPrefix(l, "forged") ||
			strings.HasPrefix(strings.TrimSpace(l), "forged") {
			t.Errorf("a line is %q", l)
		}
	}
	if !strings.HasPrefix(lines[1], indent+"│ tent") || len(lines) != 6 ||
		!strings.Contains(lines[0], "eve ⏎ forged") {
		t.Errorf("%q", lines)
	}
}
