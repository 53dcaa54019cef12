package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
)

// TestEveryCommandHasHelp: every command and subcommand prints help with its usage and flags, on
// standard output, with exit code 0.
func TestEveryCommandHasHelp(t *testing.T) {
	if n := eachCommand(commands(), nil,
		func(words []string, _ *cli.Command) { helps(t, words) }); n < 30 {
		t.Errorf("control: %d commands", n)
	}
	helps(t, nil)
}

func helps(t *testing.T, words []string) {
	out, said, code := murmurSim(t, append(slices.Clone(words), "--help")...)
	if code != talk.ExitDone || said != "" {
		t.Errorf("murmur %q --help: code %d, %q", words, code, said)
	}
	for _, want := range []string{"NAME:", "USAGE:", "--help"} {
		if !strings.Contains(out, want) {
			t.Errorf("the help of %q has no %s", words, want)
		}
	}
}

// eachCommand visits the commands and all below them, and counts them.
func eachCommand(list []*cli.Command, above []string,
	visit func(words []string, c *cli.Command)) (n int) {
	for _, c := range list {
		words := append(slices.Clone(above), c.Name)
		visit(words, c)
		n += 1 + eachCommand(c.Subcommands, words, visit)
	}
	return n
}
