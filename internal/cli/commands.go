package cli

import (
	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/operator"
	"murmuration/internal/cli/person"
	"murmuration/internal/cli/research"
)

// commands is the tree of commands, with their examples.
func commands() []*cli.Command { return shown(tree(), nil) }

func tree() []*cli.Command {
	all := append([]*cli.Command{operator.Demo()}, person.Commands()...)
	return append(all, operator.Network(person.NetworkCommands()), operator.Mix(),
		operator.Authority(), operator.Provider(), research.Sim(), completionCommand(),
		manCommand())
}
