package cli

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestEveryCommandHasExamples, in its help, and each is understood as a line of that command:
// options that there are, with values that they take, and arguments where there are any.
func TestEveryCommandHasExamples(t *testing.T) {
	used := map[string]bool{}
	eachCommand(commands(), nil, func(words []string, c *cli.Command) {
		path := strings.Join(words, " ")
		used[path] = true
		n := 0
		for line := range strings.Lines(c.Description) {
			if strings.HasPrefix(line, "   ") {
				exampleIsUnderstood(t, path, strings.TrimSpace(line))
				n++
			}
		}
		if n < max(1, len(examples[path])) && len(c.Subcommands) == 0 {
			t.Errorf("the help of %s shows %d examples: add one to examples.go", path, n)
		}
	})
	for path := range examples {
		if !used[path] {
			t.Errorf("there are examples of %q, which is no command", path)
		}
	}
}

func exampleIsUnderstood(t *testing.T, path, line string) {
	t.Helper()
	_, line, _ = strings.Cut(line, "murmur ")
	words := []string{}
	for _, word := range shellWords(line) {
		if strings.ContainsAny(word[:1], "<>&|") || word == "2>>murmur.log" {
			break
		}
		words = append(words, strings.TrimSuffix(word, ")"))
	}
	if !strings.HasPrefix(strings.Join(words, " ")+" ", path+" ") {
		t.Errorf("%q is no example of %s", line, path)
	}
	seen := false
	runOnly(t, words, func(c *cli.Context) {
		if seen = true; c.NArg() > 0 && c.Command.ArgsUsage == "" {
			t.Errorf("%q has an argument that the command does not take", line)
		}
	})
	if !seen {
		t.Errorf("%q does nothing", line)
	}
}

// shellWords are the words of a line; what is in quotes is one.
func shellWords(line string) (words []string) {
	quote, word, begun := rune(0), "", false
	for _, r := range line + " " {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word += string(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == ' ':
			if begun || word != "" {
				words = append(words, word)
			}
			word, begun = "", false
		default:
			word += string(r)
		}
	}
	return words
}

// TestExamplesAreLookedAt is the control: lines that are none.
func TestExamplesAreLookedAt(t *testing.T) {
	for line, want := range map[string]int{
		"post 'a b' \"c\" ''": 4, "post": 1, "": 0, "feed follow - < link": 5,
	} {
		if got := shellWords(line); len(got) != want {
			t.Errorf("%s: %q", line, got)
		}
	}
	app := newApp(Streams{})
	for _, line := range []string{"post --circel x", "feed follow --name", "pots"} {
		if _, err := permute(app, shellWords(line)); err == nil {
			t.Errorf("%s is understood", line)
		}
	}
}
