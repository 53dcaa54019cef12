package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"murmuration/internal/cli/talk"
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
		"nothing":   {nil, talk.ExitDone, []string{}},
		"a mistake": {talk.Usagef("no %s", "x"), talk.ExitUser, []string{"murmur: no x"}},
		"a plain":   {errors.New("broken"), talk.ExitUser, []string{"murmur: broken"}},
		"with help": {talk.Fail(talk.ExitTrust, errors.New("no"), "Ask."), talk.ExitTrust,
			[]string{"murmur: no", "  Ask."}},
		"no help": {talk.Fail(talk.ExitWait, errors.New("no"), ""), talk.ExitWait,
			[]string{"murmur: no"}},
		"a lock": {locked, talk.ExitLocked, []string{"murmur: ", "  Stop that process first"}},
		"a document": {directory.ErrMalformed, talk.ExitUser,
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
	flags := find(commands(), "post").Flags
	for word, want := range map[string][2]bool{
		"--json": {false, true}, "--photo": {true, true}, "--photo=x": {true, true},
		"--help": {false, true}, "--colour": {false, false},
	} {
		if takes, known := lookup(flags, word); takes != want[0] || known != want[1] {
			t.Errorf("%s takes a value: %t, is known: %t", word, takes, known)
		}
	}
}
