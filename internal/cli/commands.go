package cli

import "github.com/urfave/cli/v2"

// commands is the tree of social.md, as far as it exists.
func commands() []*cli.Command {
	all := []*cli.Command{demoCommand()}
	all = append(all, clientCommands()...)
	return append(all, networkCommand(), mixCommand(), providerCommand(), SimCommand())
}
