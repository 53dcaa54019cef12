package operator

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/founding"
)

func networkFoundCommand() *cli.Command {
	return &cli.Command{
		Name: "found", ArgsUsage: "FILE [COPY...]",
		Usage: "found a network with others: FILE goes round, and each founder runs this where " +
			"their keys are",
		Description: "The first founder says --label, --preset and --founders, and makes FILE. " +
			"Each founder enters with --name and --address, and passes FILE on, or sends their " +
			"copy back to who puts all of them together. When all are in it, each signs, and " +
			"passes it on again; with the last signature the genesis is there, and everybody who " +
			"runs the command once more gets it. Keys are made in --home and stay there; FILE " +
			"holds no secret.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "home", Required: true,
				Usage: "the founder's own `DIR`, for the homes of their nodes"},
			&cli.StringFlag{Name: "name", Usage: "what the network shall call this founder"},
			&cli.StringFlag{Name: "address",
				Usage: "`HOST:PORT` under which the others reach this founder: a name, an IPv4 " +
					"address, or an IPv6 address in brackets"},
			&cli.StringFlag{Name: "listen",
				Usage: "`HOST:PORT` to listen on, if not everywhere at the port of --address"},
			&cli.StringSliceFlag{Name: "mix",
				Usage: "`HOST:PORT` of a mix that this founder brings; may be said again"},
			&cli.BoolFlag{Name: "alone", Usage: "an authority without a provider beside it"},
			&cli.StringFlag{Name: "label", Usage: "name of a new network"},
			&cli.StringFlag{Name: "preset", Value: "default",
				Usage: "values of a new network: default, x25519, or the `FILE` of your own"},
			&cli.IntFlag{Name: "founders", Value: 4,
				Usage: "how many found a new network (4 bear one that lies or is away, 7 two)"},
			&cli.BoolFlag{Name: "yes", Usage: "sign without being asked"},
		},
		Action: inTurn(networkFound),
	}
}

func networkFound(c *cli.Context) error {
	if c.NArg() < 1 {
		return talk.Usagef("%s needs an argument: FILE", c.Command.HelpName)
	}
	path := c.Args().First()
	f, err := openFounding(c, path)
	if err != nil {
		return err
	}
	for _, copy := range c.Args().Tail() {
		other, err := readFounding(copy)
		if err == nil {
			err = f.Merge(other)
		}
		if err != nil {
			return talk.Fail(talk.ExitTrust, fmt.Errorf("%s: %w", copy, err),
				"Nothing was changed.")
		}
	}
	if err := founding.Open(c.String("home"), f); err != nil {
		return talk.Fail(talk.ExitTrust, err, "Nothing was changed.")
	}
	if err := enter(c, f); err != nil {
		return err
	}
	if err := durable.WriteFile(path, f.Marshal(), 0o644); err != nil {
		return err
	}
	if err := consent(c, f, path); err != nil {
		return err
	}
	return nextStep(c, f, path)
}

// openFounding reads the document, or begins one.
func openFounding(c *cli.Context, path string) (*directory.Founding, error) {
	f, err := readFounding(path)
	switch {
	case err == nil && c.IsSet("label"):
		return nil, talk.Usagef("%s is there already: --label is for a new network", path)
	case err == nil:
		return f, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, talk.Fail(talk.ExitTrust, err, "Ask for the document again.")
	case c.String("label") == "":
		return nil, talk.Usagef("there is no %s: name the document that you were sent, or begin a "+
			"new network with --label NAME", path)
	}
	par, err := config.LoadPreset(c.String("preset"))
	if err != nil {
		return nil, talk.Fail(talk.ExitUser, err, "")
	}
	f = &directory.Founding{Label: c.String("label"), Parameters: par, Count: c.Int("founders"),
		Start: time.Now().UTC().Truncate(time.Second)}
	if err := f.Validate(); err != nil {
		return nil, talk.Fail(talk.ExitUser, err, "Nothing was made.")
	}
	return f, nil
}

func readFounding(path string) (*directory.Founding, error) {
	raw, err := durable.ReadFile(path, directory.MaxFounding)
	if err != nil {
		return nil, err
	}
	f, err := directory.ParseFounding(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// enter enters this founder, if that is asked for or has not been done.
func enter(c *cli.Context, f *directory.Founding) error {
	home := c.String("home")
	identity, err := founding.Identity(home)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return talk.Fail(talk.ExitUser, err, "")
	}
	entered := false
	if err == nil {
		_, entered = f.Founder(identity.ID())
	}
	if entered && !c.IsSet("name") && !c.IsSet("address") {
		return nil
	}
	if c.String("name") == "" || c.String("address") == "" {
		return talk.Usagef("say who you are, with --name, and where the others reach you, with " +
			"--address HOST:PORT")
	}
	err = founding.Enter(home, f, founding.Member{Name: c.String("name"),
		Address: c.String("address"), Listen: c.String("listen"), Alone: c.Bool("alone"),
		Mixes: c.StringSlice("mix")})
	if err != nil {
		return talk.Fail(talk.ExitUser, err, "The document was not changed.")
	}
	if host, _, _ := net.SplitHostPort(c.String("address")); isLoopback(host) {
		talk.Say(c, "%s is this computer alone: founders elsewhere cannot reach it",
			c.String("address"))
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// consent signs the genesis when all founders are there, after a look at it.
func consent(c *cli.Context, f *directory.Founding, path string) error {
	identity, err := founding.Identity(c.String("home"))
	if err != nil {
		return err
	}
	for _, r := range f.Founders {
		fmt.Fprintln(c.App.Writer, describe(f, r))
	}
	if !f.Full() {
		return nil
	}
	g, err := f.Genesis()
	if err != nil {
		return talk.Fail(talk.ExitUser, err, "Nobody can sign this: founders must change what "+
			"they brought, or begin anew with another preset.")
	}
	fmt.Fprintf(c.App.Writer,
		"network %s %s: %d of %d sign each document, suite %s, epochs of %s\n", g.Label, g.ID(),
		g.Threshold, len(g.Authorities), g.Parameters.Suite, g.Parameters.EpochLength)
	mixes := 0
	for _, r := range f.Founders {
		mixes += len(r.Nodes)
	}
	if mixes < g.Parameters.Layers {
		talk.Say(c, "founders bring %s, and there are %d layers: the network carries nothing "+
			"until volunteers run more (`murmur mix init`), and the authorities admit them",
			talk.Plural(mixes, "mix", "mixes"), g.Parameters.Layers)
	}
	if signed(f, identity.ID()) {
		return nil
	}
	if !c.Bool("yes") && !talk.IsTerminalReader(c.App.Reader) {
		return talk.Fail(talk.ExitUser, errors.New("nobody can be asked whether to sign"),
			"All founders are in "+path+", and this one has not signed it: look at the list, and "+
				"give --yes if these are the founders.")
	}
	yes, err := talk.Confirm(c, "Are these the founders, and do you sign this network?", "yes")
	if err != nil || !yes {
		return err
	}
	if err := f.Consent(identity); err != nil {
		return err
	}
	return durable.WriteFile(path, f.Marshal(), 0o644)
}

func signed(f *directory.Founding, id directory.NodeID) bool {
	for _, s := range f.Consents {
		if s.By == id {
			return true
		}
	}
	return false
}

func describe(f *directory.Founding, r directory.Founder) string {
	brings := []string{"authority"}
	if r.Provider {
		brings = append(brings, "provider")
	}
	if len(r.Nodes) > 0 {
		brings = append(brings, talk.Plural(len(r.Nodes), "mix", "mixes"))
	}
	state := "has entered"
	if signed(f, r.ID) {
		state = "has signed"
	}
	return fmt.Sprintf("%s at %s: %s; %s; %s", r.Name, r.Addr, strings.Join(brings, ", "), r.ID,
		state)
}

// nextStep says what is to be done now, and by whom.
func nextStep(c *cli.Context, f *directory.Founding, path string) error {
	switch missing := f.Count - len(f.Founders); {
	case missing > 0:
		talk.Say(c, "%d of %d founders are in %s. Send it to the next one, who runs:",
			len(f.Founders), f.Count, path)
		talk.Say(c, "murmur network found %s --home DIR --name NAME --address HOST:PORT",
			talk.ShellWord(filepath.Base(path)))
		return nil
	case !f.Complete():
		talk.Say(c, "all founders are in %s, and %d of %d have signed it. Send it to those who "+
			"have not, who look at it and run:", path, len(f.Consents), f.Count)
		talk.Say(c, "murmur network found %s --home DIR", talk.ShellWord(filepath.Base(path)))
		return nil
	}
	genesis, run, err := founding.Complete(c.String("home"), f)
	if err != nil {
		return err
	}
	g, err := f.Genesis()
	if err != nil {
		return err
	}
	talk.Say(c, "the network is founded. Send %s back to the others, who run the same command "+
		"once more; and compare with them, by voice, the first digits of its id: %.8s %.8s", path,
		g.ID().String(), g.ID().String()[8:])
	talk.Say(c, "%s is for everybody who joins. Run, now and after each start of this computer:",
		genesis)
	for _, line := range run {
		fmt.Fprintln(c.App.Writer, line)
	}
	talk.Say(c, "the first network document is made when %d of you run, in the epoch after (%s "+
		"each)", g.Threshold, g.Parameters.EpochLength)
	return nil
}
