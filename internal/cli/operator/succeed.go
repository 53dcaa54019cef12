package operator

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/founding"
)

func authoritySucceedCommand() *cli.Command {
	return &cli.Command{
		Name: "succeed", ArgsUsage: "FILE",
		Usage: "change who the authorities are, by the signatures of the old ones: FILE goes " +
			"round among them",
		Description: "The first authority says who goes and who comes, and makes FILE; the " +
			"others look at it and sign. With enough signatures FILE is the new genesis of " +
			"the same network, which every node and every person takes by " +
			"`murmur network succeed`.",
		Flags: []cli.Flag{
			homeFlag("authority"),
			&cli.StringSliceFlag{Name: "without", Usage: "`NAME` of an authority that goes"},
			&cli.StringSliceFlag{Name: "with", Usage: "one that comes, as " +
				"`NAME=IDENTITY@HOST:PORT`, and +provider behind it for one beside a provider"},
			&cli.Uint64Flag{Name: "since", Usage: "the first `EPOCH` whose document the new ones " +
				"sign: let all who run a node take FILE before it"},
			&cli.BoolFlag{Name: "yes", Usage: "sign without being asked"},
		},
		Action: authoritySucceed,
	}
}

func authoritySucceed(c *cli.Context) error {
	path, err := talk.OneArgument(c, "FILE")
	if err != nil {
		return err
	}
	g, s, err := openDraft(c, path)
	if err != nil {
		return err
	}
	if err := describeChange(c, g, s); err != nil {
		return err
	}
	yes, err := talk.Confirm(c, fmt.Sprintf("An authority signs one change of number %d, ever, "+
		"and no other. Do you sign this one?", s.Number), "yes")
	if err != nil || !yes {
		return err
	}
	if err := founding.Agree(c.String("home"), s); err != nil {
		return talk.Fail(talk.ExitTrust, err, "Nothing was signed. Sign the one that it names; if "+
			"the authorities have signed different ones, docs/operators.md has the way out.")
	}
	if err := durable.WriteFile(path, g.Draft(s), 0o644); err != nil {
		return err
	}
	if _, err := g.Succeed(s); errors.Is(err, directory.ErrFewConsents) {
		talk.Say(c, "%d of the %d old authorities that it takes have signed. Send %s to the next "+
			"one, who runs: murmur authority succeed %s --home DIR", len(s.Signatures), g.Threshold,
			path, talk.ShellWord(filepath.Base(path)))
		return nil
	} else if err != nil {
		return talk.Fail(talk.ExitTrust, err, "")
	}
	talk.Say(c, "%s is the genesis now. Everybody takes it before epoch %d, and starts again: "+
		"murmur network succeed %s --home DIR", path, s.Since,
		talk.ShellWord(filepath.Base(path)))
	return nil
}

// describeChange shows who will be the authorities, who goes and comes, and what that does to how
// many may lie or be away.
func describeChange(c *cli.Context, g *directory.Genesis, s *directory.Succession) error {
	next, err := g.After(s)
	if err != nil {
		return talk.Fail(talk.ExitTrust, err, "")
	}
	fmt.Fprintf(c.App.Writer, "network %s %s: from epoch %d on its authorities are\n", g.Label,
		g.ID(), s.Since)
	for _, a := range next.Authorities {
		was := "comes"
		if _, ok := g.Authority(a.ID); ok {
			was = "stays"
		}
		fmt.Fprintf(c.App.Writer, "%s at %s; %s; %s\n", a.Name, a.Addr, a.ID, was)
	}
	for _, a := range g.Authorities {
		if _, ok := next.Authority(a.ID); !ok {
			fmt.Fprintf(c.App.Writer, "%s at %s; %s; goes\n", a.Name, a.Addr, a.ID)
		}
	}
	fmt.Fprintf(c.App.Writer, "%d of %d sign each document, and %d may lie or be away; now it is "+
		"%d of %d, and %d\n", next.Threshold, len(next.Authorities), next.Fault, g.Threshold,
		len(g.Authorities), g.Fault)
	return nil
}

// openDraft reads what was proposed, or proposes.
func openDraft(c *cli.Context, path string) (*directory.Genesis, *directory.Succession, error) {
	raw, err := durable.ReadFile(path, directory.MaxGenesis)
	proposes := c.IsSet("without") || c.IsSet("with") || c.IsSet("since")
	switch {
	case err == nil && proposes:
		return nil, nil, talk.Usagef("%s is there already; sign it without --with, --without and "+
			"--since, or name a new file", path)
	case err == nil:
		g, s, err := directory.ParseDraft(raw)
		if err != nil {
			return nil, nil, talk.Fail(talk.ExitTrust, fmt.Errorf("%s: %w", path, err),
				"Ask for the file again.")
		}
		return g, s, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, nil, err
	case !c.IsSet("since") || !c.IsSet("with") && !c.IsSet("without"):
		return nil, nil, talk.Usagef("there is no %s: name the file that you were sent, or "+
			"propose a change with --with, --without and --since", path)
	}
	g, s, err := founding.Propose(c.String("home"), founding.Change{
		Without: c.StringSlice("without"), With: c.StringSlice("with"),
		Since: directory.Epoch(c.Uint64("since"))})
	if err != nil {
		return nil, nil, talk.Fail(talk.ExitUser, err, "Nothing was made.")
	}
	return g, s, nil
}

func networkSucceedCommand() *cli.Command {
	return &cli.Command{
		Name: "succeed", ArgsUsage: "FILE",
		Usage: "take the genesis of the same network with other authorities, signed by enough of " +
			"the old ones, into the home of a node or a person",
		Flags: []cli.Flag{&cli.StringFlag{Name: "home", Required: true,
			Usage: "the home's `DIR`"}},
		Action: networkSucceed,
	}
}

func networkSucceed(c *cli.Context) error {
	path, err := talk.OneArgument(c, "FILE")
	if err != nil {
		return err
	}
	next, err := talk.ReadGenesis(path)
	if err != nil {
		return err
	}
	joined, err := founding.Adopt(c.String("home"), next)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return talk.Fail(talk.ExitUser, err, "--home is the home of a node or a person.")
	case err != nil:
		return talk.Fail(talk.ExitTrust, err, "Nothing was changed.")
	}
	if joined {
		talk.Say(c, "the home has its network now. If it is an authority's, copy the file "+
			"admissions of another authority into it")
	}
	talk.Say(c, "the home goes by it from its next start on")
	return nil
}
