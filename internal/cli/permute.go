package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
)

// permute moves flags in front of arguments, because urfave/cli v2 stops at the first argument:
// `murmur post "hello" --photo f` would otherwise post without the photo and exit with 0. Words
// that look like a flag and are none of the command's are refused; everything after "--" stays as
// it is, behind the arguments before it.
func permute(app *cli.App, args []string) ([]string, error) {
	var out, above []string
	flags, commands := app.Flags, app.Commands
	for {
		var own, rest []string
		given := map[string]bool{}
		command := (*cli.Command)(nil)
		for i := 0; i < len(args); i++ {
			word := args[i]
			if word == "--" {
				rest = slices.Concat(args[i:i+1], rest, args[i+1:]) // first, or it is a word itself
				break
			}
			if !isFlag(word) {
				if command = find(commands, word); command != nil && len(rest) == 0 {
					args = args[i+1:]
					break
				}
				if command = nil; len(rest) == 0 && len(commands) > 0 {
					return nil, wrongWord(app.Commands, above, word)
				}
				rest = append(rest, word)
				continue
			}
			takes, known := lookup(flags, word)
			if !known {
				return nil, wrongFlag(flags, word)
			}
			own = append(own, word)
			given[flagName(word)] = true
			if takes && !strings.Contains(word, "=") {
				if i++; i == len(args) {
					return nil, talk.Usagef("%s needs a value; see --help", word)
				}
				own = append(own, args[i])
			}
		}
		if command == nil && asksHelp(given) {
			return append(out, "--help"), nil // not that of an argument
		}
		out = append(out, own...)
		if command == nil {
			return append(out, rest...), required(flags, given)
		}
		out, above = append(out, command.Name), append(above, command.Name)
		flags, commands = command.Flags, command.Subcommands
	}
}

// wrongWord says that a word is no command, and which one may be meant.
func wrongWord(root []*cli.Command, above []string, word string) error {
	err := fmt.Errorf("there is no command %q; `murmur --help` lists them", word)
	if len(above) > 0 {
		path := strings.Join(above, " ")
		err = fmt.Errorf("murmur %s has no command %q; see `murmur %s --help`", path, word, path)
	}
	hint := ""
	if meant, found := suggest(root, above, word); found {
		hint = "Do you mean `murmur " + meant + "`?"
	}
	return talk.Fail(talk.ExitUser, err, hint)
}

// wrongFlag says likewise of an option.
func wrongFlag(flags []cli.Flag, word string) error {
	var known []string
	for _, f := range flags {
		known = append(known, f.Names()...)
	}
	err := fmt.Errorf("%s is not an option of this command; see --help, or put -- before text "+
		"that begins with a dash", word)
	hint := ""
	if meant, found := nearest(known, flagName(word)); found && len(meant) > 1 {
		hint = "Do you mean --" + meant + "?"
	}
	return talk.Fail(talk.ExitUser, err, hint)
}

func asksHelp(given map[string]bool) bool { return given["help"] || given["h"] }

// required names what is missing, on one line: urfave/cli would print the whole help, to standard
// output.
func required(flags []cli.Flag, given map[string]bool) error {
	if asksHelp(given) {
		return nil
	}
	missing := []string{}
	for _, f := range flags {
		r, ok := f.(cli.RequiredFlag)
		if ok && r.IsRequired() && !slices.ContainsFunc(f.Names(),
			func(n string) bool { return given[n] }) {
			missing = append(missing, "--"+f.Names()[0])
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return talk.Usagef("this command needs %s; see --help", strings.Join(missing, " and "))
}

// flagName is a flag's name as it was typed, an alias perhaps, without a value.
func flagName(word string) string {
	name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	return name
}

// isFlag leaves "-" alone: it means standard input.
func isFlag(word string) bool { return len(word) > 1 && word[0] == '-' }

func find(commands []*cli.Command, word string) *cli.Command {
	for _, c := range commands {
		if c.HasName(word) {
			return c
		}
	}
	return nil
}

// lookup says whether a flag is known here, and whether a value follows it.
func lookup(flags []cli.Flag, word string) (takesValue, known bool) {
	name := flagName(word)
	if name == "help" || name == "h" || name == "version" || name == "v" ||
		name == "generate-bash-completion" {
		return false, true
	}
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			_, isBool := f.(*cli.BoolFlag)
			return !isBool, true
		}
	}
	return false, false
}
