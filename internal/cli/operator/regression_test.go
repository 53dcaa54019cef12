package operator

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"murmuration/internal/authority"
	"murmuration/internal/cli/talk"
	"murmuration/internal/directory"
	"murmuration/internal/founding"
	"murmuration/internal/node"
	"murmuration/internal/testnet"
)

// Each test here is of a bug that was there once, with a line of its history.

// History: `mix status` said of a home without a mix that it has never run, and to start it.
//
// TestStatusWhereNoNodeIs: a home that is none, or another node's, is not one to be started.
func TestStatusWhereNoNodeIs(t *testing.T) {
	homes := map[string]string{} // and the configuration in them
	for _, file := range []string{"", testnet.ConfigFile(directory.RoleProvider),
		testnet.ConfigFile(directory.RoleMix)} {
		home := t.TempDir()
		homes[file] = home
		if file == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(home, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	homes["nowhere"] = filepath.Join(t.TempDir(), "nowhere")
	for file, home := range homes {
		want := "there is no mix in"
		if file == testnet.ConfigFile(directory.RoleMix) {
			want = "has never run" // the control
		}
		err := run(careCommands(directory.RoleMix), "status", "--home", home)
		if code := codeOf(err); code != talk.ExitNotFound || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: code %d, %v", file, code, err)
		}
	}
}

func run(commands []*cli.Command, args ...string) error {
	app := &cli.App{Writer: io.Discard, ErrWriter: io.Discard, Commands: commands,
		ExitErrHandler: func(*cli.Context, error) {}}
	return app.Run(append([]string{"murmur"}, args...))
}

func codeOf(err error) int {
	var coder cli.ExitCoder
	if errors.As(err, &coder) {
		return coder.ExitCode()
	}
	return talk.ExitDone
}

// History: `authority status --json` ended with 0 where the words ended with 3, and both did where
// the document was over.
//
// TestStatusFailsAlike: the exit code of a standing is the same in words and as JSON.
func TestStatusFailsAlike(t *testing.T) {
	up := []founding.Seat{{Name: "a", Reached: true}, {Name: "b", Reached: true}}
	for name, c := range map[string]struct {
		standing founding.Standing
		code     int
	}{
		"well":     {founding.Standing{Threshold: 2, Authorities: up}, talk.ExitDone},
		"too few":  {founding.Standing{Threshold: 2, Authorities: up[:1]}, talk.ExitNetwork},
		"in force": {founding.Standing{Document: &founding.Made{}}, talk.ExitDone},
		"ended":    {founding.Standing{Document: &founding.Made{Ended: true}}, talk.ExitNetwork},
	} {
		for _, form := range [][]string{{"show"}, {"show", "--json"}} {
			show := &cli.Command{Name: "show", Flags: []cli.Flag{talk.JSONFlag()},
				Action: func(ctx *cli.Context) error { return showStanding(ctx, c.standing) }}
			if code := codeOf(run([]*cli.Command{show}, form...)); code != c.code {
				t.Errorf("%s, %q: code %d", name, form, code)
			}
		}
	}
}

// TestNoDayIsPromisedThatMovesOn: a provider that leaves serves until the time of its boxes is
// over.
// History: it promised the end of the last document, which moved on with every document.
func TestNoDayIsPromisedThatMovesOn(t *testing.T) {
	for role, c := range map[string]struct{ at, want string }{
		"provider": {"", "do not turn it off"},
		"mix":      {"2026-03-01T12:00:00Z", "at the latest at 2026"},
	} {
		if got := place(node.State{
			Role: role, InForce: true, InDocument: true, Leaving: true, LeavesAt: c.at,
		}); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q", role, got)
		}
	}
}

// History: After `authority evict` of a mix that the network needed, `authority status` showed the
// document of the epoch before, and not a word of why there was no later one.
//
// TestStatusSaysWhatIsMissing: that the epoch that runs has no document is said, with the reason.
func TestStatusSaysWhatIsMissing(t *testing.T) {
	s := founding.Standing{Epoch: 27, Document: &founding.Made{Epoch: 26}}
	said := func() string {
		var out strings.Builder
		app := &cli.App{Writer: &out, ErrWriter: io.Discard,
			Action: func(c *cli.Context) error { return printStanding(c, s) }}
		if err := app.Run([]string{"murmur"}); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if text := said(); strings.Contains(text, "missing") {
		t.Errorf("control: %s", text)
	}
	s.Missing = &authority.Untallied{Epoch: 27, Why: "layer 3 has no mix",
		Notes: []string{"ada-mix-1 is out"}}
	text := said()
	if !strings.Contains(text, "epoch 27 has no document here: layer 3 has no mix") ||
		!strings.Contains(text, "ada-mix-1 is out") {
		t.Errorf("it says %s", text)
	}
}
