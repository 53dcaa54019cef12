//go:build unix

package talk

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// writing is a command line with --edit or without, and standard input.
func writing(t *testing.T, edit bool, in string) *cli.Context {
	t.Helper()
	set := flag.NewFlagSet("", flag.ContinueOnError)
	set.Bool("edit", edit, "")
	set.Bool("yes", false, "")
	c := cli.NewContext(&cli.App{Reader: strings.NewReader(in), ErrWriter: &strings.Builder{}}, set,
		nil)
	c.Context = t.Context()
	return c
}

// TestWordsComeFromWhereTheyAre: an argument, standard input, an editor; and what is none is said.
func TestWordsComeFromWhereTheyAre(t *testing.T) {
	seen := filepath.Join(t.TempDir(), "seen")
	t.Setenv("SEEN", seen)
	t.Setenv("VISUAL", "")
	for _, c := range []struct {
		edit                     bool
		argument, in, with, want string
	}{
		{argument: "a\r\nb", want: "a\nb"},
		{argument: "-", in: "one\r\n\r\ntwo\n\n", want: "one\n\ntwo"},
		{edit: true, with: `printf 'w\303\266rter\r\n\n'>`, want: "wörter"},
		{edit: true, with: `f() { (ls -ld "$1"; ls -ld "${1%/*}") | cut -c1-10 >"$SEEN"; ` +
			`echo "$1" >>"$SEEN"; ` +
			`echo swap >"$1.swp"; echo ok >"$1"; }; f`, want: "ok"},
		{argument: "a\xff", want: "! not valid UTF-8"},
		{argument: " \n", want: "! your post is empty"},
		{want: "! your post is missing"},
		{edit: true, argument: "a", want: "! contradict each other"},
		{edit: true, with: "false", want: "! the editor"},
		{edit: true, with: "rm", want: "! reading what the editor wrote"},
		{edit: true, with: "head -c 70000 /dev/zero | tr '\\0' x >", want: "! more than 64 KiB"},
		{argument: "-", in: strings.Repeat("x", maxText+1), want: "! more than 64 KiB"},
	} {
		t.Setenv("EDITOR", c.with)
		got, err := Words(writing(t, c.edit, c.in), c.argument, "your post")
		if err != nil {
			got = "! " + err.Error()
		}
		if want, refused := strings.CutPrefix(c.want, "! "); got != c.want &&
			(!refused || err == nil || !strings.Contains(got, want)) {
			t.Errorf("%+v: %q", c, got)
		}
	}
	lines := strings.Fields(string(must(os.ReadFile(seen))))
	if len(lines) != 3 || lines[0] != "-rw-------" ||
		lines[1] != "drwx------" {
		t.Fatalf("file and directory: %q", lines)
	}
	if _, err := os.Stat(filepath.Dir(lines[2])); !os.IsNotExist(err) {
		t.Errorf("what was written is still there: %v", err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestWhatWasWrittenIsOverwritten before it is removed: a second name of the file shows it.
func TestWhatWasWrittenIsOverwritten(t *testing.T) {
	second := filepath.Join(t.TempDir(), "second")
	t.Setenv("SECOND", second)
	t.Setenv("VISUAL", `f() { echo secret >"$1"; ln "$1" "$SECOND"; }; f`)
	t.Setenv("XDG_RUNTIME_DIR", filepath.Dir(second)) // a second name is on the same disk
	if got, err := Words(writing(t, true, ""), "", "your post"); err != nil || got != "secret" {
		t.Fatalf("%q, %v", got, err)
	}
	if raw := must(os.ReadFile(second)); len(raw) != 7 || strings.Trim(string(raw), "\x00") != "" {
		t.Errorf("it holds %q", raw)
	}
}

// TestLinesEndWithAnEmptyOne or with the input; empty ones before the first say nothing.
func TestLinesEndWithAnEmptyOne(t *testing.T) {
	for in, want := range map[string]string{
		"a\nb\n\nc\n": "a\nb", "a\nb": "a\nb", "\n\na\n\n": "a", "": "", "a\r\n\r\nb": "a",
	} {
		if got, err := lines(strings.NewReader(in)); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{strings.Repeat("x", maxText+1), strings.Repeat("x\n", maxText)} {
		if _, err := lines(strings.NewReader(in)); err == nil {
			t.Errorf("%d bytes are taken", len(in))
		}
	}
}

// TestNobodyIsAskedWhereNobodyIs: a script has to say that it is sure.
func TestNobodyIsAskedWhereNobodyIs(t *testing.T) {
	if sure, err := Confirm(writing(t, false, "y\n"), "Sure?", "yes"); sure || err == nil {
		t.Errorf("%v, %v", sure, err)
	}
	c := writing(t, false, "")
	if err := c.Set("yes", "true"); err != nil {
		t.Fatal(err)
	}
	if sure, err := Confirm(c, "Sure?", "yes"); !sure || err != nil {
		t.Errorf("the control: %v, %v", sure, err)
	}
}
