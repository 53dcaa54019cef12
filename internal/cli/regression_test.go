package cli

// Each test here is of a bug that was there once, with a line of its history.

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/client/photo"
)

// History: What could not be written to standard output was reported as done.
//
// TestUnwrittenOutputIsAFailure: a script must not take a link that nobody wrote for one that was.
func TestUnwrittenOutputIsAFailure(t *testing.T) {
	for _, args := range [][]string{{"--version"}, {"--help"}, {"post", "--help"}} {
		var talk bytes.Buffer
		full := writer(func([]byte) (int, error) { return 0, errors.New("no space left") })
		if code := Run(t.Context(), args, Streams{Out: full, Err: &talk}); code == exitDone ||
			!strings.Contains(talk.String(), "no space left") {
			t.Errorf("murmur %q: code %d, %q", args, code, &talk)
		}
		// the control
		if code := Run(t.Context(), args, Streams{Out: &talk, Err: &talk}); code != exitDone {
			t.Errorf("murmur %q: code %d, %q", args, code, &talk)
		}
	}
}

// History: A photo whose boxes held something else was shown like one that is here.
func TestBadPicturesAreTold(t *testing.T) {
	bad := api.Post{Photo: &api.Picture{State: photo.Bad}}
	here := api.Post{Photo: &api.Picture{State: photo.Here}}
	if pictureLine(bad) == pictureLine(here) {
		t.Errorf("both are %q", pictureLine(bad))
	}
}

// History: `network findings --save` said that there was nothing, and then that this is an error.
func TestNothingToSaveIsSaidOnce(t *testing.T) {
	for _, args := range [][]string{nil, {"--save", "x"}} {
		var talk bytes.Buffer
		app := &cli.App{Writer: &talk, ErrWriter: &talk,
			ExitErrHandler: func(*cli.Context, error) {},
			Flags:          networkFindingsCommand().Flags, Action: func(c *cli.Context) error {
				if err := printFindings(c, nil); err != nil || !c.IsSet("save") {
					return err
				}
				return saveEvidence(c, nil)
			}}
		if err := app.Run(append([]string{"murmur"}, args...)); err != nil {
			report(&talk, err)
		}
		if n := strings.Count(talk.String(), "nothing was found"); n != 1 ||
			strings.Count(talk.String(), "\n") != 1 {
			t.Errorf("%q: %q", args, &talk)
		}
	}
}

// History: Paths with blanks were printed as a shell does not take them.
func TestShellWord(t *testing.T) {
	for path, want := range map[string]string{
		"net/mix-1": "net/mix-1", "my net": "'my net'", "it's": `'it'\''s'`, "": "''",
		"azAZ09": "azAZ09", "`": "'`'", "{a}": "'{a}'", "[a]": "'[a]'",
		"a;rm": "'a;rm'", "~x": "'~x'", "$H": "'$H'",
	} {
		if got := shellWord(path); got != want {
			t.Errorf("%q is printed as %s, want %s", path, got, want)
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
