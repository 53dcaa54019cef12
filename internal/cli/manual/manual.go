// Package manual makes what shells and man show of the commands: completion for bash, zsh, fish and
// PowerShell, and a page for each command. All of it is made from the tree of commands, so that
// nothing is said twice.
//
// It is pure: a tree in, text out. It must not know what any command does.
package manual

import (
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Shells are those that there is completion for.
var Shells = []string{"bash", "fish", "powershell", "zsh"}

// Completion is the script that completes the commands of a program in one of the Shells; none for
// another.
func Completion(shell, program string, list []*cli.Command) (script string, known bool) {
	all := places(program, list)
	switch shell {
	case "bash":
		return bash(program, all), true
	case "fish":
		return fish(program, all), true
	case "powershell":
		return powershell(program, all), true
	case "zsh":
		return zsh(program, all), true
	}
	return "", false
}

// place is a point in the tree: a command, and what may stand there.
type place struct {
	path  string // "murmur feed follow"
	below []word // its commands
	flags []flag
	files bool // its arguments are files
}

// word is a command with what it does.
type word struct{ name, usage string }

// flag is an option, by all its names without dashes.
type flag struct {
	names []string
	usage string
	value string // what its value is called; empty: it takes none
}

// files says that the value is a file or a directory.
func (f flag) files() bool { return isFile(f.value) }

func isFile(what string) bool {
	for _, name := range []string{"FILE", "DIR", "FOLDER", "TRACE", "SCENARIO"} {
		if strings.Contains(what, name) {
			return true
		}
	}
	return false
}

// dashed is a flag's name as it is typed.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// places are all points of a tree, those above first.
func places(program string, list []*cli.Command) []place {
	top := place{path: program, flags: []flag{
		{[]string{"help", "h"}, "show help", ""}, {[]string{"version", "v"}, "show the version",
			""},
	}}
	return below(top, list)
}

func below(top place, list []*cli.Command) []place {
	all := []place{}
	for _, c := range list {
		if c.Hidden {
			continue
		}
		top.below = append(top.below, word{c.Name, c.Usage})
		p := place{path: top.path + " " + c.Name, flags: flagsOf(c), files: isFile(c.ArgsUsage)}
		all = append(all, below(p, c.Subcommands)...)
	}
	return append([]place{top}, all...)
}

var quoted = regexp.MustCompile("`([^`]*)`")

func flagsOf(c *cli.Command) (all []flag) {
	for _, f := range c.Flags {
		if slices.Contains(f.Names(), "help") {
			continue
		}
		shown := flag{names: f.Names()}
		if d, ok := f.(cli.DocGenerationFlag); ok {
			shown.usage = d.GetUsage()
			if d.TakesValue() {
				shown.value = "VALUE"
			}
		}
		if m := quoted.FindStringSubmatch(shown.usage); m != nil && shown.value != "" {
			shown.value = m[1]
		}
		shown.usage = quoted.ReplaceAllString(shown.usage, "$1")
		all = append(all, shown)
	}
	return append(all, flag{[]string{"help", "h"}, "show help", ""})
}

// options are the names of a place's flags as they are typed.
func (p place) options() (all []string) {
	for _, f := range p.flags {
		for _, name := range f.names {
			all = append(all, dashed(name))
		}
	}
	return all
}

// each calls do for every name of every flag that takes a value.
func (p place) valued(do func(option string, f flag)) {
	for _, f := range p.flags {
		for _, name := range f.names {
			if f.value != "" {
				do(dashed(name), f)
			}
		}
	}
}

// paths are those of all places but the first, quoted, for a pattern of a shell.
func paths(all []place, between string) string {
	list := []string{}
	for _, p := range all[1:] {
		list = append(list, `"`+p.path+`"`)
	}
	return strings.Join(list, between)
}

// single is a word in single quotes, for shells that end them with the same.
func single(s, escaped string) string { return "'" + strings.ReplaceAll(s, "'", escaped) + "'" }
