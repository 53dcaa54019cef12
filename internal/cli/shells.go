package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/manual"
	"murmuration/internal/cli/talk"
)

func completionCommand() *cli.Command {
	return &cli.Command{
		Name: "completion", ArgsUsage: "SHELL",
		Usage: "print what makes your shell complete commands and options with the Tab key",
		Description: "SHELL is one of " + strings.Join(manual.Shells, ", ") + ". What is printed " +
			"says where to put it.",
		Action: func(c *cli.Context) error {
			shell, err := talk.OneArgument(c, "SHELL, one of "+strings.Join(manual.Shells, ", "))
			if err != nil {
				return err
			}
			script, known := manual.Completion(shell, c.App.Name, c.App.Commands)
			if !known {
				return talk.Usagef("%q is no shell that is known here: one of %s", shell,
					strings.Join(manual.Shells, ", "))
			}
			_, err = fmt.Fprint(c.App.Writer, script)
			return err
		},
	}
}

func manCommand() *cli.Command {
	return &cli.Command{
		Name: "man", ArgsUsage: "DIR", Usage: "write the pages of the manual, one for each command",
		Action: func(c *cli.Context) error {
			dir, err := talk.OneArgument(c, "DIR")
			if err != nil {
				return err
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return talk.Fail(talk.ExitUser, fmt.Errorf("writing the manual: %w", err), "")
			}
			pages := manual.Pages(c.App)
			for _, p := range pages {
				if err := os.WriteFile(filepath.Join(dir, p.Name), p.Text, 0o644); err != nil {
					return talk.Fail(talk.ExitUser, fmt.Errorf("writing the manual: %w", err), "")
				}
			}
			talk.Say(c, "%d pages are in %s", len(pages), dir)
			return nil
		},
	}
}
