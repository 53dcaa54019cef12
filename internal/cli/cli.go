// Package cli is the command line of murmur: it reads flags, calls the role packages, and prints.
//
// Standard output is data, standard error is talk. Each verb is a plain function behind a
// urfave/cli command, in the room of whom it is for; these rooms are the only ones that import
// urfave/cli:
//
//	talk      how all commands speak: tables, JSON, prompts, errors
//	person    who uses the network → talk
//	operator  who runs it → talk
//	research  who measures it → talk
//	manual    what shells and man show of the commands
//
// Here is what holds for every command: the tree, the order of flags and arguments, and what a
// person reads when a command fails. Nothing here decides anything that a library user of mix,
// provider, client or sim would miss.
package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
	"murmuration/internal/release"
)

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
		Version:                   release.Version,
		Description:               exitCodesHelp,
		Reader:                    std.In,
		Writer:                    std.Out,
		ErrWriter:                 std.Err,
		HideHelpCommand:           true,
		ExitErrHandler:            func(*cli.Context, error) {}, // report prints, once
		CommandNotFound:           nil,
		OnUsageError:              usageError,
		Action:                    noCommand,
		Commands:                  terse(commands()),
		EnableBashCompletion:      true,
		DisableSliceFlagSeparator: true, // a description has commas
	}
}

func noCommand(c *cli.Context) error {
	if c.Args().Present() {
		return talk.Usagef("there is no command %q; `murmur --help` lists them", c.Args().First())
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
			c.Before = wellTyped(c.Flags, c.ArgsUsage)
		}
		terse(c.Subcommands)
	}
	return list
}

// wellTyped refuses what a command would not look at: `timeline bob` is not bob's timeline, and
// --home "$H" with nothing in H is not the home of whoever is at the keyboard.
func wellTyped(flags []cli.Flag, arguments string) cli.BeforeFunc {
	return func(c *cli.Context) error {
		if !isText(c, flags, arguments) {
			return talk.ErrNotUTF8
		}
		if c.Int("workers") < 0 {
			return talk.Usagef("--%s %d is less than nothing; leave it out for the default",
				"workers", c.Int("workers"))
		}
		for _, f := range flags {
			name := f.Names()[0]
			if !c.IsSet(name) || !isEmpty(c, f) {
				continue
			}
			_, several := f.(*cli.StringSliceFlag) // without --circle a post is for everybody
			if r, ok := f.(cli.RequiredFlag); several || ok && r.IsRequired() {
				return talk.Usagef("--%s is empty; see --help", name)
			}
			return talk.Usagef("--%s is empty; leave it out for the default", name)
		}
		if arguments != "" {
			return nil
		}
		return noArguments(c)
	}
}

// isText says whether all words are UTF-8 but those that name files, which may be called anything:
// on their way to the daemon others would become something else, and a name be shown so for good.
func isText(c *cli.Context, flags []cli.Flag, arguments string) bool {
	words := ""
	if !namesFiles(arguments) {
		words = strings.Join(c.Args().Slice(), " ")
	}
	for _, f := range flags {
		name := f.Names()[0]
		switch f := f.(type) {
		case *cli.StringFlag:
			if !namesFiles(f.Usage) {
				words += " " + c.String(name)
			}
		case *cli.StringSliceFlag:
			if !namesFiles(f.Usage) {
				words += " " + strings.Join(c.StringSlice(name), " ")
			}
		}
	}
	return utf8.ValidString(words)
}

func namesFiles(usage string) bool {
	return slices.ContainsFunc([]string{"FILE", "DIR", "FOLDER"}, func(what string) bool {
		return strings.Contains(usage, what)
	})
}

// isEmpty says whether an option has nothing in it, or, of one that may be given several times, one
// of them: a post --circle "$C" with nothing in C is not one for everybody.
func isEmpty(c *cli.Context, f cli.Flag) bool {
	if _, several := f.(*cli.StringSliceFlag); several {
		return slices.Contains(c.StringSlice(f.Names()[0]), "")
	}
	return c.Value(f.Names()[0]) == ""
}

func noArguments(c *cli.Context) error {
	if c.Args().Present() {
		return talk.Usagef("%s takes no argument %q; see --help", c.Command.HelpName,
			c.Args().First())
	}
	return nil
}

func usageError(c *cli.Context, err error, _ bool) error {
	for _, f := range c.Command.Flags {
		if d, ok := f.(*cli.DurationFlag); ok &&
			strings.HasSuffix(err.Error(), "flag -"+d.Name+": parse error") {
			return talk.Usagef("%v; a duration has a unit, as in 90s or 2m", err)
		}
	}
	return talk.Usagef("%v; see --help", err)
}
