package person

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
)

// TestWordsOfEachDevice: of devices in dispute each has its line, with the id that `device keep`
// takes; and the marks of a contact say so.
func TestWordsOfEachDevice(t *testing.T) {
	var out bytes.Buffer
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	w := api.Words{Name: "eve", Disputed: []api.DeviceWords{
		{ID: strings.Repeat("ab", 32), Since: at, Words: [4]string{"a", "b", "c", "d"}},
		{ID: strings.Repeat("cd", 32), Since: at, Words: [4]string{"e", "f", "g", "h"}},
	}}
	app := &cli.App{Writer: &out, ErrWriter: &out, Action: func(c *cli.Context) error {
		return wordsOfEach(c, w, "eve")
	}}
	if err := app.Run([]string{"murmur"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"abababab ", "a b c d", "cdcdcdcd ", "e f g h", "murmur device keep eve ID",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %s", want, out.String())
		}
	}
	marked := strings.Join(marks(api.Contact{Disputed: true}), ", ")
	if !strings.Contains(marked, "in dispute") ||
		strings.Contains(strings.Join(marks(api.Contact{}), ", "), "in dispute") {
		t.Errorf("marks: %s", marked)
	}
}
