// Package cli is the command line of murmur: it reads flags, calls the role packages, and prints.
//
// Standard output is data, standard error is talk. Each verb is a plain function behind a
// urfave/cli command; this is the only package that imports urfave/cli. Nothing here decides
// anything that a library user of mix, provider, client or sim would miss.
//
// It has more files than other packages because each verb has one; they share the streams, the
// errors with their exit codes, and the order of flags, and nothing else.
package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/lmittmann/tint"
	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

// version is what `murmur --version` prints.
const version = "0.1.0"

// Streams are the process's standard streams, replaceable in tests.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Run executes one command line, without the program's name, and returns the exit code.
func Run(ctx context.Context, args []string, std Streams) int {
	out := &output{Writer: std.Out}
	std.Out = out
	app := newApp(std)
	ordered, err := permute(app, args)
	if err == nil {
		err = app.RunContext(ctx, append([]string{"murmur"}, ordered...))
	}
	if err == nil {
		err = out.err
	}
	return report(std.Err, err)
}

// output remembers that something could not be written: what nobody got was not done.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("writing the output: %w", err)
	}
	return n, err
}

func newApp(std Streams) *cli.App {
	return &cli.App{
		Name: "murmur",
		Usage: "an anonymous social network over a mixnet: mixes, providers, " +
			"clients and the simulator",
		Version:              version,
		Description:          exitCodesHelp,
		Reader:               std.In,
		Writer:               std.Out,
		ErrWriter:            std.Err,
		HideHelpCommand:      true,
		ExitErrHandler:       func(*cli.Context, error) {}, // report prints, once
		CommandNotFound:      nil,
		OnUsageError:         usageError,
		Action:               noCommand,
		Commands:             terse(commands()),
		EnableBashCompletion: true,
	}
}

func noCommand(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("there is no command %q; `murmur --help` lists them", c.Args().First())
	}
	return cli.ShowAppHelp(c)
}

// terse makes wrong use one line on standard error, for every command: urfave/cli would print the
// whole help, to standard output.
func terse(list []*cli.Command) []*cli.Command {
	for _, c := range list {
		c.OnUsageError, c.HideHelpCommand = usageError, true
		for _, f := range c.Flags {
			if b, ok := f.(*cli.BoolFlag); ok {
				b.DisableDefaultText = true // "(default: false)" tells nobody anything
			}
		}
		if len(c.Subcommands) == 0 {
			c.Before = wellTyped(c.Flags, c.ArgsUsage != "")
		}
		terse(c.Subcommands)
	}
	return list
}

// wellTyped refuses what a command would not look at: `timeline bob` is not bob's timeline, and
// --home "$H" with nothing in H is not the home of whoever is at the keyboard.
func wellTyped(flags []cli.Flag, arguments bool) cli.BeforeFunc {
	return func(c *cli.Context) error {
		if c.Int(simWorkers.Name) < 0 {
			return usagef("--%s %d is less than nothing; leave it out for the default",
				simWorkers.Name, c.Int(simWorkers.Name))
		}
		for _, f := range flags {
			name := f.Names()[0]
			if !c.IsSet(name) || c.Value(name) != "" {
				continue
			}
			if r, ok := f.(cli.RequiredFlag); ok && r.IsRequired() {
				return usagef("--%s is empty; see --help", name)
			}
			return usagef("--%s is empty; leave it out for the default", name)
		}
		if arguments {
			return nil
		}
		return noArguments(c)
	}
}

func noArguments(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("%s takes no argument %q; see --help", c.Command.HelpName, c.Args().First())
	}
	return nil
}

func usageError(c *cli.Context, err error, _ bool) error {
	for _, f := range c.Command.Flags {
		if d, ok := f.(*cli.DurationFlag); ok &&
			strings.HasSuffix(err.Error(), "flag -"+d.Name+": parse error") {
			return usagef("%v; a duration has a unit, as in 90s or 2m", err)
		}
	}
	return usagef("%v; see --help", err)
}

// logger writes for a person on a terminal and for a machine elsewhere.
func logger(w io.Writer, verbose bool) *slog.Logger {
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	if isTerminal(w) {
		return slog.New(tint.NewTextHandler(w,
			&tint.Options{Level: level, TimeFormat: "15:04:05",
				NoColor: os.Getenv("NO_COLOR") != ""}))
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func say(c *cli.Context, format string, args ...any) {
	fmt.Fprintf(c.App.ErrWriter, format+"\n", args...)
}
