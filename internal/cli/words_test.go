package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
)

// TestOrderOfWords: flags go in front of arguments, and nothing else moves.
func TestOrderOfWords(t *testing.T) {
	for line, want := range map[string]string{
		"post hello --photo f":       "post --photo f hello",
		"post hello --photo=f":       "post --photo=f hello",
		"post hello world --json":    "post --json hello world",
		"post -- --photo f":          "post -- --photo f",
		"post --json -- --photo f":   "post --json -- --photo f",
		"post -":                     "post -",
		"feed follow L --name n":     "feed follow --name n L",
		"post feed --json":           "post --json feed",
		"post hello --help":          "post --help",
		"post -h":                    "post --help",
		"feed --help":                "feed --help",
		"nonsense --help":            "nonsense",
		"nonsense feed list":         "nonsense feed list",
		"post a --version":           "post --version a",
		"--help":                     "--help",
		"sim merge --help":           "sim merge --help",
		"post --photo --json a":      "post --photo --json a",
		"post a --alt -- --photo f":  "post --alt -- --photo f a",
		"feed nonsense post --json=": "",
	} {
		app := newApp(Streams{})
		got, err := permute(app, strings.Fields(line))
		if want == "" {
			if err == nil {
				t.Errorf("%s: taken as %q", line, got)
			}
			continue
		}
		if err != nil || !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %q, %v", line, got, err)
		}
	}
}

// TestWordsThatAreRefused say which word, or what is missing; with the exit code of wrong use.
func TestWordsThatAreRefused(t *testing.T) {
	for line, say := range map[string]string{
		"post --nope": "--nope is not an option", "--nope post": "--nope is not an option",
		"post hello --photo": "--photo needs a value", "post -x": "-x is not an option",
		"sim merge": "needs --out", "sim merge a b": "needs --out",
	} {
		got, err := permute(newApp(Streams{}), strings.Fields(line))
		var f *failure
		if !errors.As(err, &f) || f.Code != exitUser || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: %q, %v", line, got, err)
		}
	}
	good := []string{"sim", "merge", "a", "--out", "b"}
	if _, err := permute(newApp(Streams{}), good); err != nil {
		t.Errorf("the control: %v", err)
	}
}

// TestReports: what happened, then what to do on a line of its own, if there is anything to do.
func TestReports(t *testing.T) {
	locked := &durable.Locked{PID: 7}
	full := fail(exitQuota, errors.New("full"), "Make room.")
	damaged := fmt.Errorf("reading: %w", directory.ErrMalformed)
	for name, r := range map[string]struct {
		err  error
		code int
		hint string
	}{
		"nothing":         {nil, exitDone, ""},
		"wrong use":       {usagef("no"), exitUser, ""},
		"with a hint":     {full, exitQuota, "Make room."},
		"in use":          {fmt.Errorf("opening: %w", locked), exitLocked, "Stop that process"},
		"damaged":         {damaged, exitUser, "copy it again"},
		"something else":  {errors.New("else"), exitUser, ""},
		"its code counts": {fail(exitWait, locked, ""), exitWait, ""},
	} {
		var talk bytes.Buffer
		code := report(&talk, r.err)
		lines := strings.Count(talk.String(), "\n")
		want := 2
		switch {
		case r.err == nil:
			want = 0
		case r.hint == "":
			want = 1
		}
		if code != r.code || lines != want || !strings.Contains(talk.String(), r.hint) ||
			r.err != nil && !strings.HasPrefix(talk.String(), "murmur: "+r.err.Error()+"\n") {
			t.Errorf("%s: code %d, %q", name, code, &talk)
		}
	}
	var talk bytes.Buffer
	code := report(&talk, fmt.Errorf("reading: %w", context.Canceled))
	if code != 130 || talk.String() != "murmur: stopped\n" {
		t.Errorf("after Ctrl-C: code %d, %q", code, &talk)
	}
}
