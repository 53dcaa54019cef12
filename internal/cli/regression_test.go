package cli

// Each test here is of a bug that was there once, with a line of its history.

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
)

// History: What could not be written to standard output was reported as done.
//
// TestUnwrittenOutputIsAFailure: a script must not take a link that nobody wrote for one that was.
func TestUnwrittenOutputIsAFailure(t *testing.T) {
	for _, args := range [][]string{{"--version"}, {"--help"}, {"post", "--help"}} {
		var said bytes.Buffer
		full := writer(func([]byte) (int, error) { return 0, errors.New("no space left") })
		if code := Run(t.Context(), args, Streams{Out: full, Err: &said}); code == talk.ExitDone ||
			!strings.Contains(said.String(), "no space left") {
			t.Errorf("murmur %q: code %d, %q", args, code, &said)
		}
		// the control
		if code := Run(t.Context(), args, Streams{Out: &said, Err: &said}); code != talk.ExitDone {
			t.Errorf("murmur %q: code %d, %q", args, code, &said)
		}
	}
}

// History: A required flag that was given by its alias, as in `sim merge -o x`, was said to be
// missing.
//
// TestEveryNameOfAFlagWorks: whatever a flag is called, by its name or an alias, before or after
// arguments, it is taken where the flag is.
func TestEveryNameOfAFlagWorks(t *testing.T) {
	aliases, required := 0, 0
	eachCommand(commands(), nil, func(words []string, c *cli.Command) {
		if len(c.Subcommands) > 0 {
			return
		}
		for _, f := range c.Flags {
			for _, name := range f.Names() {
				tryFlag(t, words, c, f, name)
			}
			aliases += len(f.Names()) - 1
			if r, ok := f.(cli.RequiredFlag); ok && r.IsRequired() && len(f.Names()) > 1 {
				required++
			}
		}
	})
	if aliases == 0 || required == 0 {
		t.Errorf("control: %d aliases, %d of them of required flags", aliases, required)
	}
}
