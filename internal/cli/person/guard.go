package person

import (
	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/talk"
)

func guardCommand() *cli.Command {
	return &cli.Command{
		Name:  "guard",
		Usage: "the provider through which this person takes part",
		Subcommands: []*cli.Command{
			{
				Name: "show", Usage: "the provider in use, and the others of the network",
				Flags:  []cli.Flag{personFlag(), talk.JSONFlag()},
				Action: asking(guardShow),
			},
			{
				Name: "use", ArgsUsage: "NAME",
				Usage: "use another provider from now on; what waits to be sent goes through it",
				Description: "Whoever runs a provider sees when its people are online, and at " +
					"which address. Changing often\nshows that to many: change when the " +
					"provider is down or full, or cannot be trusted any more.",
				Flags:  []cli.Flag{personFlag()},
				Action: asking(guardUse),
			},
		},
		Action: talk.NeedSubcommand,
	}
}

func guardShow(c *cli.Context, d *api.Client) error {
	v, err := d.Network(c.Context)
	if err != nil {
		return err
	}
	s, err := d.Status(c.Context)
	if err != nil {
		return err
	}
	rows, shown := [][]string{}, []api.Node{}
	for _, n := range v.Nodes {
		if n.Role != "provider" {
			continue
		}
		note := ""
		if n.Own {
			note = ownNote(s)
		}
		rows, shown = append(rows, []string{n.Name, n.Addr, note}), append(shown, n)
	}
	if c.Bool("json") {
		return talk.JSON(c, shown...)
	}
	if len(rows) == 0 {
		talk.Say(c, "there is no network document yet: `murmur status` says why")
	}
	return talk.Table(c, rows)
}

// ownNote says how the provider in use is, and what stands in the way.
func ownNote(s api.Status) string {
	note := "your provider"
	if !s.Connected {
		note += ", not connected"
	}
	for _, t := range s.Trouble {
		note += "; " + t.What
	}
	return note
}

func guardUse(c *cli.Context, d *api.Client) error {
	name, err := talk.OneArgument(c, "NAME")
	if err != nil {
		return err
	}
	if err := d.UseGuard(c.Context, name); err != nil {
		return err
	}
	talk.Say(c, "%s is asked from now on; `murmur status` says when it is connected, and whether "+
		"another one had to be drawn because it takes nobody new", name)
	return nil
}
