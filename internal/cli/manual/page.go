package manual

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// Page is a page of the manual.
type Page struct {
	Name string // of the file: "murmur-feed-follow.1"
	Text []byte // in the language of man(7)
}

// Pages are the manual of a program: a page for the program, and one for each command.
func Pages(app *cli.App) []Page {
	top := &cli.Command{
		Name: app.Name, Usage: app.Usage, Description: app.Description, Subcommands: app.Commands,
	}
	return pages(top, app.Name, app.Version)
}

func pages(c *cli.Command, path, version string) []Page {
	all := []Page{page(c, path, version)}
	for _, sub := range c.Subcommands {
		if !sub.Hidden {
			all = append(all, pages(sub, path+" "+sub.Name, version)...)
		}
	}
	return all
}

func page(c *cli.Command, path, version string) Page {
	var b strings.Builder
	name := strings.ReplaceAll(path, " ", "-")
	program, _, _ := strings.Cut(path, " ")
	fmt.Fprintf(&b, ".TH %q 1 \"\" %q %q\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n.B %s\n",
		strings.ToUpper(name), program+" "+version, "User commands", escape(name), escape(c.Usage),
		escape(path))
	switch {
	case len(c.Subcommands) > 0:
		b.WriteString(".I COMMAND\n")
	default:
		b.WriteString("[\\fIoptions\\fR]\n")
	}
	if c.ArgsUsage != "" {
		fmt.Fprintf(&b, ".I %s\n", escape(c.ArgsUsage))
	}
	describe(&b, c.Description)
	if len(c.Subcommands) > 0 {
		b.WriteString(".SH COMMANDS\n")
	}
	for _, sub := range c.Subcommands {
		if !sub.Hidden {
			fmt.Fprintf(&b, ".TP\n.BR %s (1)\n%s\n", escape(name+"-"+sub.Name), escape(sub.Usage))
		}
	}
	b.WriteString(".SH OPTIONS\n")
	for _, f := range flagsOf(c) {
		names := []string{}
		for _, n := range f.names {
			names = append(names, `\fB`+escape(dashed(n))+`\fR`)
		}
		fmt.Fprintf(&b, ".TP\n%s", strings.Join(names, ", "))
		if f.value != "" {
			fmt.Fprintf(&b, ` \fI%s\fR`, escape(f.value))
		}
		fmt.Fprintf(&b, "\n%s\n", escape(f.usage))
	}
	return Page{name + ".1", []byte(b.String())}
}

// describe writes what a description says; what is indented stands as it is, and is an example.
func describe(b *strings.Builder, text string) {
	if text == "" {
		return
	}
	b.WriteString(".SH DESCRIPTION\n")
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "Examples:":
			b.WriteString(".SH EXAMPLES\n")
		case strings.HasPrefix(line, " "):
			fmt.Fprintf(b, ".nf\n.RS\n%s\n.RE\n.fi\n", escape(strings.TrimSpace(line)))
		case line == "":
			b.WriteString(".PP\n")
		default:
			fmt.Fprintf(b, "%s\n", escape(line))
		}
	}
}

// escape keeps text from being a request, and its dashes what they are.
func escape(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ", "'", `\(aq`, "`", `\(ga`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}
