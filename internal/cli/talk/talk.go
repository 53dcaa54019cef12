// Package talk is how all commands speak: data on standard output, talk on standard error, what
// went wrong with what to do about it, and words of the person from a terminal, a file or standard
// input.
//
// It knows no command. It must not decide anything, and must not print a secret.
package talk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/lmittmann/tint"
	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

// Say tells the person something, on standard error. The lines are the program's own: each
// argument that is text stays on the line where it stands, whoever wrote it.
func Say(c *cli.Context, format string, args ...any) {
	fmt.Fprintf(c.App.ErrWriter, format+"\n", tamed(args)...)
}

// Columns is how wide the terminal is on which standard output is shown; zero, if it is on none.
func Columns(c *cli.Context) int {
	f, ok := c.App.Writer.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// Logger writes for a person on a terminal and for a machine elsewhere.
func Logger(w io.Writer, verbose bool) *slog.Logger {
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	if IsTerminal(w) {
		return slog.New(tint.NewTextHandler(w,
			&tint.Options{Level: level, TimeFormat: "15:04:05",
				NoColor: os.Getenv("NO_COLOR") != ""}))
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// IsTerminal says whether somebody looks at what is written.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// IsTerminalReader says whether somebody types what is read.
func IsTerminalReader(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// JSONFlag is --json. Each command has its own, since urfave/cli keeps state in flags.
func JSONFlag() cli.Flag { return &cli.BoolFlag{Name: "json", Usage: "print JSON Lines"} }

// VerboseFlag is --verbose of what runs until it is stopped.
func VerboseFlag() cli.Flag {
	return &cli.BoolFlag{Name: "verbose",
		Usage: "say more while running"}
}

// OneArgument is the argument of a command that has one.
func OneArgument(c *cli.Context, what string) (string, error) {
	if c.NArg() != 1 {
		return "", Usagef("%s needs exactly one argument: %s", c.Command.HelpName, what)
	}
	return c.Args().First(), nil
}

// NeedSubcommand is the action of a command that does nothing by itself.
func NeedSubcommand(c *cli.Context) error {
	if c.Args().Present() {
		return Usagef("murmur %s has no command %q; see `murmur %s --help`", c.Command.Name,
			c.Args().First(), c.Command.Name)
	}
	return cli.ShowSubcommandHelp(c)
}

// Finish closes what ran; Ctrl-C is the ordinary end of a node.
func Finish(err error, close func() error) error {
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, close())
}
