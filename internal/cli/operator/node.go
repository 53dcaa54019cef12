package operator

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
	"murmuration/internal/directory"
	"murmuration/internal/testnet"
	mixnode "murmuration/mix/node"
	providernode "murmuration/provider/node"
)

func Mix() *cli.Command {
	return &cli.Command{
		Name:  "mix",
		Usage: "run a mix: it peels packets, delays them, and passes them on",
		Subcommands: append([]*cli.Command{
			initCommand(directory.RoleMix), applicationCommand(directory.RoleMix),
			{
				Name: "run", Usage: "run the mix in --home until Ctrl-C",
				Flags:  []cli.Flag{homeFlag("mix"), talk.VerboseFlag()},
				Action: func(c *cli.Context) error { return runMix(c) },
			},
		}, careCommands(directory.RoleMix)...),
		Action: talk.NeedSubcommand,
	}
}

func Provider() *cli.Command {
	return &cli.Command{
		Name:  "provider",
		Usage: "run a provider: it admits clients and keeps boxes",
		Subcommands: append([]*cli.Command{
			initCommand(directory.RoleProvider), applicationCommand(directory.RoleProvider),
			{
				Name: "run", Usage: "run the provider in --home until Ctrl-C",
				Flags:  []cli.Flag{homeFlag("provider"), talk.VerboseFlag()},
				Action: func(c *cli.Context) error { return runProvider(c) },
			},
			{
				Name: "invite", Usage: "print invitations to the provider in --home, one a line",
				Flags: []cli.Flag{homeFlag("provider"), &cli.IntFlag{Name: "count", Value: 1,
					Usage: "make `N` of them"}},
				Action: inviteToProvider,
			},
			{
				Name:  "databases",
				Usage: "make the box store in the databases that its configuration names",
				Flags: []cli.Flag{homeFlag("provider")}, Action: makeDatabases,
			},
		}, careCommands(directory.RoleProvider)...),
		Action: talk.NeedSubcommand,
	}
}

func runMix(c *cli.Context) error {
	cfg := mixnode.Config{}
	if err := loadConfig(c.String("home"), directory.RoleMix, &cfg); err != nil {
		return err
	}
	cfg.Home, cfg.Log = c.String("home"), talk.Logger(c.App.ErrWriter, c.Bool("verbose"))
	return keepRunning(c.Context, func() (*mixnode.Node, error) { return mixnode.New(cfg) },
		func() { talk.Say(c, "mix %s runs on %s; Ctrl-C stops it", cfg.Name, cfg.Listen) })
}

func runProvider(c *cli.Context) error {
	cfg := providernode.Config{}
	if err := loadConfig(c.String("home"), directory.RoleProvider, &cfg); err != nil {
		return err
	}
	cfg.Home, cfg.Log = c.String("home"), talk.Logger(c.App.ErrWriter, c.Bool("verbose"))
	return keepRunning(c.Context,
		func() (*providernode.Node, error) { return providernode.New(cfg) },
		func() { talk.Say(c, "provider %s runs on %s; Ctrl-C stops it", cfg.Name, cfg.Listen) })
}

// makeDatabases makes the box store of a provider where [store] says, and nothing where it is.
func makeDatabases(c *cli.Context) error {
	cfg := providernode.Config{}
	if err := loadConfig(c.String("home"), directory.RoleProvider, &cfg); err != nil {
		return err
	}
	all := len(cfg.Databases.Postgres)
	if all == 0 {
		return talk.Usagef("store.postgres: missing in %s; it names the databases",
			testnet.ConfigFile(directory.RoleProvider))
	}
	cfg.Home, cfg.Log = c.String("home"), talk.Logger(c.App.ErrWriter, false)
	made, err := providernode.CreateDatabases(c.Context, cfg)
	if err != nil {
		return err
	}
	talk.Say(c, "made the box store in %d of %d databases; the others have it", made, all)
	talk.Say(c, "keep a copy of databases.key in the home: without it nobody can read them")
	return nil
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
		return talk.Usagef("--count %d: make 1 to %d at a time", count, mostInvitations)
	}
	if cfg.Name == "" {
		return talk.Usagef("name: missing in %s; an invitation names its provider",
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
		talk.Say(c, "the provider takes everybody; set invited_only in its configuration to "+
			"change that")
	}
	talk.Say(c, "each is for one person, who writes it into client.toml; only hashes are kept here")
	return nil
}
