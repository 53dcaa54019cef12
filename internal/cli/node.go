package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/testnet"
	mixnode "murmuration/mix/node"
	providernode "murmuration/provider/node"
)

func homeFlag(what string) cli.Flag {
	return &cli.StringFlag{Name: "home", Usage: "the " + what + "'s `DIR`", Required: true}
}

var verboseFlag = &cli.BoolFlag{Name: "verbose", Usage: "say more while running"}

func mixCommand() *cli.Command {
	return &cli.Command{
		Name:  "mix",
		Usage: "run a mix: it peels packets, delays them, and passes them on",
		Subcommands: []*cli.Command{
			mixInitCommand(),
			{
				Name: "run", Usage: "run the mix in --home until Ctrl-C",
				Flags:  []cli.Flag{homeFlag("mix"), verboseFlag},
				Action: func(c *cli.Context) error { return runMix(c) },
			},
		},
		Action: needSubcommand,
	}
}

func providerCommand() *cli.Command {
	return &cli.Command{
		Name:  "provider",
		Usage: "run a provider: it admits clients and keeps boxes",
		Subcommands: []*cli.Command{
			{
				Name: "run", Usage: "run the provider in --home until Ctrl-C",
				Flags:  []cli.Flag{homeFlag("provider"), verboseFlag},
				Action: func(c *cli.Context) error { return runProvider(c) },
			},
			{
				Name: "invite", Usage: "print invitations to the provider in --home, one a line",
				Flags: []cli.Flag{homeFlag("provider"), &cli.IntFlag{Name: "count", Value: 1,
					Usage: "make `N` of them"}},
				Action: inviteToProvider,
			},
		},
		Action: needSubcommand,
	}
}

func needSubcommand(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("murmur %s has no command %q; see `murmur %s --help`", c.Command.Name,
			c.Args().First(), c.Command.Name)
	}
	return cli.ShowSubcommandHelp(c)
}

func runMix(c *cli.Context) error {
	cfg := mixnode.Config{}
	if err := loadConfig(c.String("home"), directory.RoleMix, &cfg); err != nil {
		return err
	}
	cfg.Home, cfg.Log = c.String("home"), logger(c.App.ErrWriter, c.Bool("verbose"))
	node, err := mixnode.New(cfg)
	if err != nil {
		return err
	}
	say(c, "mix %s runs on %s; Ctrl-C stops it", cfg.Name, cfg.Listen)
	return finish(node.Run(c.Context), node.Close)
}

func runProvider(c *cli.Context) error {
	cfg := providernode.Config{}
	if err := loadConfig(c.String("home"), directory.RoleProvider, &cfg); err != nil {
		return err
	}
	cfg.Home, cfg.Log = c.String("home"), logger(c.App.ErrWriter, c.Bool("verbose"))
	server, err := providernode.New(cfg)
	if err != nil {
		return err
	}
	say(c, "provider %s runs on %s; Ctrl-C stops it", cfg.Name, cfg.Listen)
	return finish(server.Run(c.Context), server.Close)
}

// mostInvitations is how many are made at a time.
const mostInvitations = 1000

// inviteToProvider makes invitations; the provider may be running, and takes them at once.
func inviteToProvider(c *cli.Context) error {
	cfg := providernode.Config{}
	if err := loadConfig(c.String("home"), directory.RoleProvider, &cfg); err != nil {
		return err
	}
	count := c.Int("count")
	if count < 1 || count > mostInvitations {
		return usagef("--count %d: make 1 to %d at a time", count, mostInvitations)
	}
	if cfg.Name == "" {
		return usagef("name: missing in %s; an invitation names its provider",
			testnet.ConfigFile(directory.RoleProvider))
	}
	texts, err := providernode.Invite(c.String("home"), cfg.Name, count)
	if err != nil {
		return err
	}
	for _, text := range texts {
		fmt.Fprintln(c.App.Writer, text)
	}
	if !cfg.InvitedOnly {
		say(c, "the provider takes everybody; set invited_only in its configuration to change that")
	}
	say(c, "each is for one person, who writes it into client.toml; only hashes are kept here")
	return nil
}

// finish closes what ran; Ctrl-C is the ordinary end of a node.
func finish(err error, close func() error) error {
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, close())
}

// loadConfig reads the configuration in a node's home.
func loadConfig[T any](home string, role directory.Role, cfg *T) error {
	path := filepath.Join(home, testnet.ConfigFile(role))
	err := config.Load(path, cfg)
	if errors.Is(err, fs.ErrNotExist) {
		return fail(exitUser, fmt.Errorf("there is no %s in %s: %w", role, home, err),
			"Name its home with --home; `murmur network new` makes a whole network, `murmur mix "+
				"init` a mix.")
	}
	if err != nil {
		return fail(exitUser, fmt.Errorf("reading the configuration: %w", err),
			"Mend the file; `murmur network new` shows a good one.")
	}
	return nil
}
