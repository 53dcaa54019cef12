package cli

import "github.com/urfave/cli/v2"

// commands is the tree of commands.
func commands() []*cli.Command {
	all := []*cli.Command{demoCommand()}
	all = append(all, clientCommands()...)
	return append(all, networkCommand(), mixCommand(), providerCommand(), simCommand())
}
