package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/client/photo"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
)

// TestReportsSayWhatToDo: an error's words, its hint on a line of its own, and its exit code,
// wrapped or not.
func TestReportsSayWhatToDo(t *testing.T) {
	dir := t.TempDir()
	held, err := durable.Acquire(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	_, locked := durable.Acquire(filepath.Join(dir, "lock"))
	for what, c := range map[string]struct {
		err  error
		code int
		want []string
	}{
		"nothing":   {nil, exitDone, []string{}},
		"a mistake": {usagef("no %s", "x"), exitUser, []string{"murmur: no x"}},
		"a plain":   {errors.New("broken"), exitUser, []string{"murmur: broken"}},
		"with help": {fail(exitTrust, errors.New("no"), "Ask."), exitTrust,
			[]string{"murmur: no", "  Ask."}},
		"no help": {fail(exitWait, errors.New("no"), ""), exitWait, []string{"murmur: no"}},
		"a lock":  {locked, exitLocked, []string{"murmur: ", "  Stop that process first"}},
		"a document": {directory.ErrMalformed, exitUser,
			[]string{"murmur: ", "  The file is damaged"}},
		"a Ctrl-C": {context.Canceled, 130, []string{"murmur: stopped"}},
	} {
		for _, err := range []error{c.err, wrap(c.err)} {
			var out bytes.Buffer
			code := report(&out, err)
			lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			if out.Len() == 0 {
				lines = nil
			}
			good := code == c.code && len(lines) == len(c.want)
			for i := range min(len(lines), len(c.want)) {
				line := strings.Replace(lines[i], "murmur: doing it: ", "murmur: ", 1)
				good = good && strings.HasPrefix(line, c.want[i])
			}
			if !good {
				t.Errorf("%s: exit %d and %q, want %d and %q", what, code, lines, c.code, c.want)
			}
		}
	}
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("doing it: %w", err)
}

// TestPicturesAreToldByState: what a line of a timeline says of a photo that is here, on its way,
// gone or false.
func TestPicturesAreToldByState(t *testing.T) {
	p := api.Post{ID: "abc"}
	p.Photo = &api.Picture{Width: 640, Height: 480, Bytes: 1025, Alt: "a flock", Got: 2, Of: 9}
	const head = "photo, 640 × 480, 2 KiB: a flock"
	for state, want := range map[photo.Where]string{
		"coming":  "; 2 of 9 boxes are here",
		"expired": "; expired", "here": "", "bad": "; what its boxes hold is something else",
	} {
		p.Photo.State = state
		if got := pictureLine(p); got != head+want {
			t.Errorf("%s: %q, want %q", state, got, head+want)
		}
	}
}

// TestNumbersInWords: one and many, an interval and none, a crowd and none, in order.
func TestNumbersInWords(t *testing.T) {
	list := []int{3, 1, 2}
	for got, want := range map[string]string{
		plural(0, "box", "boxes"): "0 boxes", plural(1, "box", "boxes"): "1 box",
		plural(2, "box", "boxes"):           "2 boxes",
		interval(1, 2.5):                    "1 … 2.5",
		interval(math.Inf(-1), 2):           "–",
		interval(1, math.Inf(1)):            "–",
		joinInts(list):                      "1, 2, 3",
		joinInts(nil):                       "",
		crowd(10)[:len("among about 1024")]: "among about 1024",
		crowd(0)[:len("among few or none")]: "among few or none",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if list[0] != 3 {
		t.Error("a list was sorted in place")
	}
}

// TestFlagsAndWords: a dash alone is standard input, a value may stand behind "=", and a flag of
// switches takes none.
func TestFlagsAndWords(t *testing.T) {
	for word, want := range map[string]bool{"-": false, "": false, "x": false, "-x": true,
		"--": true, "--out=-": true} {
		if isFlag(word) != want {
			t.Errorf("%q is a flag: %t", word, !want)
		}
	}
	for word, want := range map[string]string{"--out=a=b": "out", "-o": "o", "--json": "json"} {
		if got := flagName(word); got != want {
			t.Errorf("%s is called %q, want %q", word, got, want)
		}
	}
	flags := postCommand().Flags
	for word, want := range map[string][2]bool{
		"--json": {false, true}, "--photo": {true, true}, "--photo=x": {true, true},
		"--help": {false, true}, "--colour": {false, false},
	} {
		if takes, known := lookup(flags, word); takes != want[0] || known != want[1] {
			t.Errorf("%s takes a value: %t, is known: %t", word, takes, known)
		}
	}
}

// TestOutboxSaysHowFar: the count of a line is of what its state says, and a time is promised only
// for what no holder has yet.
func TestOutboxSaysHowFar(t *testing.T) {
	for _, c := range []struct {
		entry api.Entry
		want  string
	}{
		{api.Entry{State: "queued", Soon: "in 2s to 6s"}, "0 of 9 boxes; to be stored in 2s to 6s"},
		{api.Entry{State: "handed over", Handed: 7, Stored: 3, Kept: 1, Soon: "in 2s to 6s"},
			"7 of 9 boxes; to be stored in 2s to 6s"},
		{api.Entry{State: "stored", Handed: 9, Stored: 9, Kept: 1},
			"9 of 9 boxes; not all of its holders have listed it yet"},
		{api.Entry{State: "kept", Handed: 9, Stored: 9, Kept: 9}, "9 of 9 boxes; "},
		{api.Entry{State: "expired", Handed: 9, Stored: 9, Kept: 1, Reason: "gone"},
			"1 of 9 boxes; gone"},
	} {
		c.entry.Boxes = 9
		if far, more := progress(c.entry); far+"; "+more != c.want {
			t.Errorf("%s: %q, want %q", c.entry.State, far+"; "+more, c.want)
		}
	}
}

// TestTablesEndWithoutBlanks: what is empty at a line's end leaves nothing there.
func TestTablesEndWithoutBlanks(t *testing.T) {
	var out strings.Builder
	c := cli.NewContext(&cli.App{Writer: &out}, nil, nil)
	rows := [][]string{{"a", "long", "x"}, {"bc", "d", ""}, {"", "", ""}, {"", "y", "z"}}
	if err := printTable(c, rows); err != nil {
		t.Fatal(err)
	}
	if want := "a   long  x\nbc  d\n\n    y     z\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
