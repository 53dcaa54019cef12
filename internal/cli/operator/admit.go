package operator

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
	"murmuration/internal/directory"
	"murmuration/internal/founding"
	"murmuration/internal/node"
)

func networkAdmitCommand() *cli.Command {
	return &cli.Command{
		Name: "admit", ArgsUsage: "FILE",
		Usage: "accept a volunteer's application, on the home of the authority (a provider); it " +
			"may be running",
		Flags: []cli.Flag{homeFlag("authority"),
			&cli.IntFlag{Name: "probation", Usage: "for `EPOCHS` the node carries loops of mixes " +
				"alone, which show whether it works; all authorities must say the same"},
			&cli.BoolFlag{Name: "anyway", Usage: "although its name looks like another node's, " +
				"or it has the same address"}},
		Action: func(c *cli.Context) error { return networkAdmit(c) },
	}
}

// mostProbation is the longest probation, in epochs.
const mostProbation = 1000

func networkAdmit(c *cli.Context) error {
	path, err := talk.OneArgument(c, "FILE")
	if err != nil {
		return err
	}
	probation := c.Int("probation")
	if probation < 0 || probation > mostProbation {
		return talk.Usagef("--probation %d: want 0 to %d epochs", probation, mostProbation)
	}
	a, err := founding.Admit(c.String("home"), path, epochOf(c.String("home"), time.Now()),
		founding.Terms{Probation: directory.Epoch(probation), Anyway: c.Bool("anyway")})
	const nothing = "Nothing was changed."
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return talk.Fail(talk.ExitUser, err, nothing+" --home is the authority's own directory, "+
			"FILE the application that `murmur mix init` made.")
	case errors.Is(err, founding.ErrNameTaken):
		return talk.Fail(talk.ExitUser, err, nothing+" Ask for an application with another name; "+
			"if the other node is gone for good, evict it first.")
	case errors.Is(err, founding.ErrAlike):
		return talk.Fail(talk.ExitUser, err, nothing+" Ask who it is; --anyway admits it.")
	case err != nil:
		return talk.Fail(talk.ExitTrust, err, nothing)
	}
	talk.Say(c, "%s %q at %s is admitted: it carries traffic within two epochs of handing in its "+
		"first descriptor", a.Role, a.Name, a.Addr)
	if probation > 0 {
		talk.Say(c, "for %s it carries loops of mixes alone", talk.Plural(probation, "epoch",
			"epochs"))
	}
	fmt.Fprintln(c.App.Writer, a.ID)
	return nil
}

// epochOf is the epoch that runs in the network of a home, 0 before the first.
func epochOf(home string, now time.Time) directory.Epoch {
	h, err := node.OpenHome(home)
	if err != nil {
		return 0 // whoever opens it next says why
	}
	e, err := h.Genesis.Schedule().Epoch(now)
	if err != nil {
		return 0
	}
	return e
}
