package talk

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestTablesEndWithoutBlanks: what is empty at a line's end leaves nothing there.
func TestTablesEndWithoutBlanks(t *testing.T) {
	var out strings.Builder
	c := cli.NewContext(&cli.App{Writer: &out}, nil, nil)
	rows := [][]string{{"a", "long", "x"}, {"bc", "d", ""}, {"", "", ""}, {"", "y", "z"}}
	if err := Table(c, rows); err != nil {
		t.Fatal(err)
	}
	if want := "a   long  x\nbc  d\n\n    y     z\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// History: Paths with blanks were printed as a shell does not take them.
func TestShellWord(t *testing.T) {
	for path, want := range map[string]string{
		"net/mix-1": "net/mix-1", "my net": "'my net'", "it's": `'it'\''s'`, "": "''",
		"azAZ09": "azAZ09", "`": "'`'", "{a}": "'{a}'", "[a]": "'[a]'",
		"a;rm": "'a;rm'", "~x": "'~x'", "$H": "'$H'",
	} {
		if got := ShellWord(path); got != want {
			t.Errorf("%q is printed as %s, want %s", path, got, want)
		}
	}
}

// TestPluralIsForMany: and for none.
func TestPluralIsForMany(t *testing.T) {
	for n, want := range []string{"0 boxes", "1 box", "2 boxes"} {
		if got := Plural(n, "box", "boxes"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
