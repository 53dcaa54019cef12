package person

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/talk"
)

func profileCommand() *cli.Command {
	return &cli.Command{
		Name: "profile", Usage: "how you show yourself to those whom you know",
		Subcommands: []*cli.Command{
			{Name: "show", Usage: "your name and picture",
				Flags: []cli.Flag{personFlag(), talk.JSONFlag()}, Action: asking(profileShow)},
			{Name: "set", Usage: "change them; your contacts are told",
				Flags: []cli.Flag{personFlag(),
					&cli.StringFlag{Name: "name", Usage: "what you are called: a `NAME`"},
					&cli.StringFlag{Name: "picture", Usage: "a small picture of a `FILE`: it is " +
						"scaled, stripped of everything and encoded anew"},
					&cli.BoolFlag{Name: "no-picture", Usage: "show none"}},
				Action: profileSet},
		},
		Action: talk.NeedSubcommand,
	}
}

func profileShow(c *cli.Context, d *api.Client) error {
	p, err := d.Profile(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return talk.JSON(c, p)
	}
	rows := [][]string{{"name", p.Name}, {"picture", "none"}}
	if p.Picture != nil {
		rows[1][1] = fmt.Sprintf("%d bytes", len(p.Picture))
	}
	return talk.Table(c, rows)
}

func profileSet(c *cli.Context) error {
	if !c.IsSet("name") && !c.IsSet("picture") && !c.Bool("no-picture") {
		return talk.Usagef("%s needs --name, --picture or --no-picture", c.Command.HelpName)
	}
	return asking(func(c *cli.Context, d *api.Client) error {
		p, err := d.Profile(c.Context)
		if err != nil {
			return err
		}
		if c.IsSet("name") {
			p.Name = c.String("name")
		}
		if c.Bool("no-picture") {
			p.Picture = nil
		}
		if path := c.String("picture"); path != "" {
			if p.Picture, err = talk.ReadPicture(path); err != nil {
				return err
			}
		}
		if err := d.SetProfile(c.Context, p); err != nil {
			return err
		}
		talk.Say(c, "your contacts are told")
		return nil
	})(c)
}
