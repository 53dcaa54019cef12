package cli

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// tryFlag gives a command the flag under one name, and all others that it requires, in three
// orders.
func tryFlag(t *testing.T, words []string, c *cli.Command, f cli.Flag, name string) {
	flag := given(f, name)
	others := []string{}
	for _, o := range c.Flags {
		if r, ok := o.(cli.RequiredFlag); ok && r.IsRequired() && o.Names()[0] != f.Names()[0] {
			others = append(others, given(o, o.Names()[0])...)
		}
	}
	arguments := []string{}
	if c.ArgsUsage != "" {
		arguments = []string{"argument"}
	}
	joined := []string{strings.Join(flag, "=")}
	for _, line := range [][]string{
		slices.Concat(words, flag, others, arguments),
		slices.Concat(words, arguments, others, flag),
		slices.Concat(words, arguments, joined, others),
	} {
		seen := false
		runOnly(t, line, func(c *cli.Context) {
			seen = c.IsSet(f.Names()[0]) &&
				c.NArg() == len(arguments)
		})
		if !seen {
			t.Errorf("murmur %q: --%s is not taken", line, f.Names()[0])
		}
	}
}

// TestWordsBehindTwoDashes: they are no options, wherever the arguments before them stand.
func TestWordsBehindTwoDashes(t *testing.T) {
	want := []string{"ben", "-hi"}
	for _, line := range [][]string{
		{"dm", "ben", "--home", "h", "--", "-hi"}, {"dm", "--home", "h", "ben", "--", "-hi"},
		{"dm", "--home", "h", "--", "ben", "-hi"},
	} {
		runOnly(t, line, func(c *cli.Context) {
			if got := c.Args().Slice(); !slices.Equal(got, want) || c.String("home") != "h" {
				t.Errorf("murmur %q: arguments %q", line, got)
			}
		})
	}
}

// given is a flag on the command line, with a value if it takes one.
func given(f cli.Flag, name string) []string {
	word := "--" + name
	if len(name) == 1 {
		word = "-" + name
	}
	switch f.(type) {
	case *cli.BoolFlag:
		return []string{word}
	case *cli.DurationFlag:
		return []string{word, "1s"}
	}
	return []string{word, "1"}
}

// runOnly parses a command line and does nothing but look at what was understood.
func runOnly(t *testing.T, line []string, look func(*cli.Context)) {
	t.Helper()
	var said bytes.Buffer
	app := newApp(Streams{Out: &said, Err: &said})
	eachCommand(app.Commands, nil, func(_ []string, c *cli.Command) {
		c.Action = func(c *cli.Context) error { look(c); return nil }
	})
	ordered, err := permute(app, line)
	if err == nil {
		err = app.RunContext(t.Context(), append([]string{"murmur"}, ordered...))
	}
	if err != nil {
		t.Errorf("murmur %q: %v", line, err)
	}
}
