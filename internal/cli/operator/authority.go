package operator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"murmuration/internal/authority"
	"murmuration/internal/checkup"
	"murmuration/internal/cli/talk"
	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/founding"
	"murmuration/internal/node"
	"murmuration/internal/testnet"
)

// Authority is the commands of who says, with others, who is in a network.
func Authority() *cli.Command {
	return &cli.Command{
		Name:  "authority",
		Usage: "be one of those who agree on who is in the network",
		Subcommands: []*cli.Command{
			authorityInitCommand(),
			{
				Name: "run", Usage: "run the authority in --home, alone, until Ctrl-C (beside a " +
					"provider, `murmur provider run` does it)",
				Flags:  []cli.Flag{homeFlag("authority"), talk.VerboseFlag()},
				Action: runAuthority,
			},
			authorityStatusCommand(), authorityDoctorCommand(),
			authorityAdmitCommand(), authorityListCommand(),
			authorityEvictCommand(), authoritySucceedCommand(),
		},
		Action: talk.NeedSubcommand,
	}
}

func authorityInitCommand() *cli.Command {
	return &cli.Command{
		Name: "init",
		Usage: "make the keys and the configuration of an authority that will stand alone, " +
			"before a network names it",
		Flags: []cli.Flag{
			homeFlag("authority"),
			&cli.StringFlag{Name: "address", Required: true,
				Usage: "`HOST:PORT` under which the others reach it"},
			&cli.StringFlag{Name: "listen",
				Usage: "`HOST:PORT` to listen on, if not everywhere at the port of --address"},
		},
		Action: authorityInit,
	}
}

func authorityInit(c *cli.Context) error {
	identity, err := founding.Prepare(c.String("home"), c.String("address"), c.String("listen"))
	if err != nil {
		return talk.Fail(talk.ExitUser, err, "Nothing was made.")
	}
	talk.Say(c, "an authority is made in %s; a network names it by this identity:",
		c.String("home"))
	fmt.Fprintln(c.App.Writer, identity.ID())
	return nil
}

func runAuthority(c *cli.Context) error {
	home := c.String("home")
	if _, err := os.Stat(filepath.Join(home,
		testnet.ConfigFile(directory.RoleProvider))); err == nil {
		return talk.Fail(talk.ExitUser,
			fmt.Errorf("the authority in %s stands beside a provider", home),
			"`murmur provider run --home DIR` runs both.")
	}
	cfg := authority.Config{}
	err := config.Load(filepath.Join(home, testnet.AuthorityFile), &cfg)
	if errors.Is(err, fs.ErrNotExist) {
		return talk.Fail(talk.ExitUser, fmt.Errorf("there is no authority in %s: %w", home, err),
			"`murmur network found --alone` makes one with a network.")
	}
	if err != nil {
		return talk.Fail(talk.ExitUser, fmt.Errorf("reading the configuration: %w", err),
			"Mend the file.")
	}
	cfg.Home, cfg.Log = home, talk.Logger(c.App.ErrWriter, c.Bool("verbose"))
	return keepRunning(c.Context, func() (*authority.Node, error) { return authority.Open(cfg) },
		func() { talk.Say(c, "authority runs on %s; Ctrl-C stops it", cfg.Listen) })
}

func authorityDoctorCommand() *cli.Command {
	return &cli.Command{
		Name: "doctor",
		Usage: "look at everything that an authority alone needs, and say what to do (beside a " +
			"provider, `murmur provider doctor` does it)",
		Description: "Home, configuration, admissions, disk, ports, connection, clock, and " +
			"whether it signs.\nExit code 3 if something needs you.",
		Flags: []cli.Flag{homeFlag("authority"), talk.JSONFlag()},
		Action: func(c *cli.Context) error {
			home, cfg := c.String("home"), authority.Config{}
			s := checkup.Subject{Home: home, Alone: true,
				Broken: config.Load(filepath.Join(home, testnet.AuthorityFile), &cfg)}
			s.Config = node.Config{Home: home, Listen: cfg.Listen, Address: cfg.Address,
				Metrics: cfg.Metrics}
			return showFindings(c, checkup.Examine(c.Context, s))
		},
	}
}

func authorityAdmitCommand() *cli.Command {
	admit := networkAdmitCommand()
	admit.Usage = "accept a volunteer's application; the authority may be running, and most of " +
		"them must do it"
	return admit
}

func authorityListCommand() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "who is admitted by this authority, and who is in the document",
		Flags:  []cli.Flag{homeFlag("authority"), talk.JSONFlag()},
		Action: authorityList,
	}
}

func authorityList(c *cli.Context) error {
	list, err := founding.List(c.String("home"))
	if err != nil {
		return notAuthority(err)
	}
	if c.Bool("json") {
		return talk.JSON(c, list...)
	}
	rows := [][]string{{"identity", "role", "name", "address", "in the document"}}
	for _, a := range list {
		in := "no"
		if a.Listed {
			in = "yes"
		}
		if a.Probation > 0 {
			in += fmt.Sprintf(", on probation until epoch %d", a.Probation)
		}
		rows = append(rows, []string{a.ID.String()[:16], a.Role, a.Name, a.Addr, in})
	}
	return talk.Table(c, rows)
}

func notAuthority(err error) error {
	return talk.Fail(talk.ExitUser, err, "--home is the authority's own directory, or its "+
		"provider's.")
}

func authorityEvictCommand() *cli.Command {
	return &cli.Command{
		Name: "evict", ArgsUsage: "NODE",
		Usage: "admit a node no longer: its name in the document, or the first digits of its " +
			"identity; most authorities must do it",
		Description: "What the network cannot go on without (the only mix of a layer, as many " +
			"providers as a box needs,\nthe authority's own provider) is not evicted. " + wayBack,
		Flags: []cli.Flag{homeFlag("authority"),
			&cli.BoolFlag{Name: "anyway", Usage: "although the network needs it"}},
		Action: authorityEvict,
	}
}

// wayBack is how a node that was evicted is admitted again.
const wayBack = "The way back is `murmur authority admit`, with the\napplication that `murmur " +
	"mix application --home DIR` (or `provider application`) writes anew, of any home."

func authorityEvict(c *cli.Context) error {
	which, err := talk.OneArgument(c, "NODE")
	if err != nil {
		return err
	}
	gone, err := founding.Evict(c.String("home"), which, c.Bool("anyway"))
	switch {
	case errors.Is(err, founding.ErrNobody):
		return talk.Fail(talk.ExitNotFound, err,
			"`murmur authority list` shows who is admitted. Nothing was changed.")
	case errors.Is(err, founding.ErrNeeded):
		return talk.Fail(talk.ExitUser, err, "Nothing was changed. Admit another one first; "+
			"--anyway evicts it all the same. "+strings.ReplaceAll(wayBack, "\n", " "))
	case err != nil:
		return notAuthority(err)
	}
	talk.Say(c, "%s is not in the votes of this authority from the next one on", gone.ID)
	return nil
}
