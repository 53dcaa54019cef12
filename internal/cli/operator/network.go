package operator

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/testnet"
)

func Network(more []*cli.Command) *cli.Command {
	return &cli.Command{
		Name:  "network",
		Usage: "make and check private networks; show the one that this client uses",
		Subcommands: append([]*cli.Command{
			networkNewCommand(), networkFoundCommand(), networkSucceedCommand(),
			networkVerifyCommand(),
			networkAdmitCommand(), networkEvidenceCommand(),
		}, more...),
		Action: talk.NeedSubcommand,
	}
}

func networkNewCommand() *cli.Command {
	return &cli.Command{
		Name: "new", ArgsUsage: "DIR",
		Usage: "make a private network on this computer: genesis, and a home with configuration " +
			"for each node",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "preset", Value: "demo",
				Usage: "network values: demo, default, fast, x25519, or the `FILE` of your own"},
			&cli.IntFlag{Name: "providers", Value: 3, Usage: "how many providers"},
			&cli.IntFlag{Name: "authorities", Value: 1,
				Usage: "how many providers agree on who is in the network (4 bear one that " +
					"lies or is away)"},
			&cli.IntFlag{Name: "width", Value: 2, Usage: "mixes in each layer"},
			&cli.StringFlag{Name: "host", Value: "127.0.0.1",
				Usage: "`ADDRESS` that the nodes listen on"},
			&cli.StringFlag{Name: "label", Value: "private", Usage: "name of the network"},
		},
		Action: func(c *cli.Context) error { return networkNew(c) },
	}
}

func networkNew(c *cli.Context) error {
	dir, err := talk.OneArgument(c, "DIR")
	if err != nil {
		return err
	}
	par, err := config.LoadPreset(c.String("preset"))
	if err != nil {
		return talk.Fail(talk.ExitUser, err, "")
	}
	host := strings.Trim(c.String("host"), "[]")
	if err := onThisComputer(host); err != nil {
		return err
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]" // IPv6
	}
	made, err := testnet.New(c.Context, testnet.Plan{
		Dir: dir, Label: c.String("label"), Host: host, Providers: c.Int("providers"),
		Width: c.Int("width"), Authorities: c.Int("authorities"),
		Parameters: par, Start: time.Now(),
	})
	if err != nil {
		return err
	}
	made.Release()
	talk.Say(c, "network %s made in %s: %d providers, %d layers of %s", made.Genesis.ID(), dir,
		made.Plan.Providers, par.Layers, talk.Plural(made.Plan.Width, "mix", "mixes"))
	if preset := c.String("preset"); preset == "demo" || preset == "fast" {
		talk.Say(c, "the preset %s is for trying out: short delays, and some 14 GB a day for each "+
			"person; for a network that stays take --preset default", preset)
	}
	talk.Say(c, "start each node in a terminal of its own (or with & behind it):")
	for _, node := range made.Nodes {
		fmt.Fprintf(c.App.Writer, "murmur %s run --home %s\n", node.Role, talk.ShellWord(node.Dir))
	}
	talk.Say(c, "then a person: murmur init --network %s --name NAME",
		talk.ShellWord(made.GenesisFile()))
	return nil
}

// onThisComputer refuses a host that no node can listen on, or nobody dial.
func onThisComputer(host string) error {
	const elsewhere = "A network on several computers is founded with `murmur network found`."
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		return talk.Fail(talk.ExitUser, fmt.Errorf("--host %q is every address of this computer, "+
			"and others cannot dial it", host), "Give one address of this computer, or leave "+
			"--host out: then the network is here alone. "+elsewhere)
	}
	port, err := link.Reserve(net.JoinHostPort(host, "0"))
	if err != nil {
		return talk.Fail(talk.ExitUser, fmt.Errorf("--host %s: no node can listen there: %w", host,
			err), "It must be an address of this computer, on which all nodes of this network "+
			"run. "+elsewhere)
	}
	return port.Close()
}

func networkVerifyCommand() *cli.Command {
	return &cli.Command{
		Name: "verify", ArgsUsage: "DIR",
		Usage: "check a private network: genesis, homes, configurations, documents and their " +
			"chain",
		Action: func(c *cli.Context) error { return networkVerify(c) },
	}
}

func networkVerify(c *cli.Context) error {
	dir, err := talk.OneArgument(c, "DIR")
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "genesis")); err != nil {
		return talk.Fail(talk.ExitUser, fmt.Errorf("there is no network in %s: %w", dir, err),
			"Name the directory that `murmur network new` made.")
	}
	report, err := testnet.Verify(dir)
	for _, line := range report {
		fmt.Fprintln(c.App.Writer, line)
	}
	if err != nil {
		return talk.Fail(talk.ExitTrust, err,
			"Nothing was changed. Mend or remove what is named above.")
	}
	return nil
}

// initCommand is how a volunteer begins with a node of a role.
func initCommand(role directory.Role) *cli.Command {
	return &cli.Command{
		Name: "init",
		Usage: "make a " + role.String() +
			"'s home: keys, configuration, and an application for the network",
		Flags: []cli.Flag{
			homeFlag(role.String()),
			&cli.StringFlag{Name: "network", Usage: "the network's genesis `FILE`", Required: true},
			&cli.StringFlag{Name: "name", Usage: "what the network shall call it", Required: true},
			&cli.StringFlag{Name: "listen", Usage: "`HOST:PORT` where it takes links",
				Required: true},
			&cli.StringFlag{Name: "address",
				Usage: "`HOST:PORT` that others dial, if that is not --listen (behind a router, " +
					"or with 0.0.0.0)"},
			&cli.StringFlag{Name: "contact",
				Usage: "how operators reach you (goes into the application)"},
		},
		Action: func(c *cli.Context) error { return apply(c, role) },
	}
}

func apply(c *cli.Context, role directory.Role) error {
	genesis, err := talk.ReadGenesis(c.String("network"))
	if err != nil {
		return err
	}
	file, err := testnet.Apply(testnet.Volunteer{
		Role: role, Home: c.String("home"), Genesis: genesis, Name: c.String("name"),
		Listen: c.String("listen"), Address: c.String("address"), Contact: c.String("contact"),
	})
	_, none := os.Stat(filepath.Join(c.String("home"), "identity.key"))
	if err != nil && none == nil {
		return talk.Fail(talk.ExitUser, err, fmt.Sprintf("`murmur %s application --home DIR` "+
			"writes the application of a home that is there already anew.", role))
	}
	if err != nil {
		return err
	}
	talk.Say(c, "%s made in %s; hand this application to each authority, who runs `murmur "+
		"authority admit --home DIR FILE`:", role, c.String("home"))
	fmt.Fprintln(c.App.Writer, file)
	talk.Say(c, "then: murmur %s run --home %s", role, talk.ShellWord(c.String("home")))
	return nil
}

// applicationCommand writes the application of a node that is there.
func applicationCommand(role directory.Role) *cli.Command {
	return &cli.Command{
		Name: "application",
		Usage: "write the application of the " + role.String() + " in --home anew, a founder's, " +
			"too; it may be running",
		Flags: []cli.Flag{homeFlag(role.String()),
			&cli.StringFlag{Name: "contact", Usage: "how operators reach you, if not as before"}},
		Action: func(c *cli.Context) error { return applyAgain(c, role) },
	}
}

func applyAgain(c *cli.Context, role directory.Role) error {
	home := c.String("home")
	s := subject(home, role)
	if s.Broken != nil {
		return talk.Fail(talk.ExitUser, fmt.Errorf("reading the configuration of the %s in %s: %w",
			role, home, s.Broken), "--home is the directory with "+testnet.ConfigFile(role)+".")
	}
	file, err := testnet.Reapply(role, home, s.Config, c.String("contact"))
	if err != nil {
		return err
	}
	talk.Say(c, "the application says what the configuration says; each authority admits it by "+
		"`murmur authority admit --home DIR FILE`:")
	fmt.Fprintln(c.App.Writer, file)
	return nil
}
