package talk

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// EditFlag is --edit of commands that take Words.
func EditFlag() cli.Flag {
	return &cli.BoolFlag{Name: "edit", Usage: "write it in $VISUAL or $EDITOR"}
}

// Words is what the person wants to say. Others on the computer see arguments, and shells keep
// them: without an argument it is asked for at a terminal, until an empty line or Ctrl-D, or
// written in an editor with --edit. "-" is standard input. what is its name in prompts ("your
// post").
func Words(c *cli.Context, argument, what string) (text string, err error) {
	switch {
	case c.Bool("edit") && argument != "":
		return "", Usagef("--edit and a text contradict each other; nothing was done")
	case c.Bool("edit"):
		text, err = edit(c)
	case argument == "-":
		text, err = Text(c)
	case argument != "":
		text = strings.ReplaceAll(argument, "\r\n", "\n")
	case !IsTerminalReader(c.App.Reader):
		return "", Fail(ExitUser, fmt.Errorf("%s is missing", what),
			"Type it at a terminal, write it with --edit, or give - and pipe it in.")
	default:
		text, err = ask(c, what)
	}
	if err == nil && !utf8.ValidString(text) { // JSON would put U+FFFD in its place, in silence
		err = ErrNotUTF8
	}
	if err == nil && strings.TrimSpace(text) == "" {
		err = Fail(ExitUser, fmt.Errorf("%s is empty", what), "Nothing was done.")
	}
	return text, err
}

// ErrNotUTF8 says that a text cannot be sent as it is.
var ErrNotUTF8 = Fail(ExitUser, errors.New("the text is not valid UTF-8"),
	"Convert it to UTF-8 first; nothing was done.")

// ask reads lines from the terminal.
func ask(c *cli.Context, what string) (string, error) {
	Say(c, "Type %s; an empty line or Ctrl-D ends it, Ctrl-C forgets it:", what)
	text, err := UntilDone(c.Context, func() ([]byte, error) { return lines(c.App.Reader) })
	return string(text), err
}

// lines are those up to an empty one, or the end.
func lines(from io.Reader) ([]byte, error) {
	var all []string
	size, in := 0, bufio.NewScanner(from)
	in.Buffer(nil, maxText)
	for in.Scan() {
		line := strings.TrimRight(in.Text(), "\r")
		if line == "" && len(all) > 0 {
			break
		}
		if size += len(line) + 1; size > maxText {
			return nil, errLong()
		}
		if line != "" {
			all = append(all, line)
		}
	}
	if errors.Is(in.Err(), bufio.ErrTooLong) {
		return nil, errLong()
	}
	return []byte(strings.Join(all, "\n")), in.Err()
}

func errLong() error {
	return Usagef("the text has more than %d KiB; nothing was done", maxText>>10)
}

// Confirm asks whether to go on with what cannot be taken back. Who cannot be asked has to say it
// with a flag, which the error names.
func Confirm(c *cli.Context, question, flag string) (bool, error) {
	if c.Bool(flag) {
		return true, nil
	}
	if !IsTerminalReader(c.App.Reader) {
		return false, Fail(ExitUser, errors.New("nobody can be asked whether to go on"),
			"Give --"+flag+" if you are sure; nothing was done.")
	}
	fmt.Fprintf(c.App.ErrWriter, "%s [y/N] ", question)
	answer, err := UntilDone(c.Context, func() ([]byte, error) {
		return bufio.NewReader(io.LimitReader(c.App.Reader, maxText)).ReadBytes('\n')
	})
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	word := strings.ToLower(strings.TrimSpace(string(answer)))
	return word == "y" || word == "yes", nil
}

// editor is what the person writes with: a command line of theirs.
func editor() string {
	for _, name := range []string{"VISUAL", "EDITOR"} {
		if command := os.Getenv(name); strings.TrimSpace(command) != "" {
			return command
		}
	}
	return fallbackEditor
}
