package person

import (
	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/talk"
)

func whoamiCommand() *cli.Command {
	return &cli.Command{
		Name: "whoami", Usage: "who you are to others, where you live, and on which network",
		Flags: []cli.Flag{personFlag(), talk.JSONFlag()}, Action: asking(whoami),
	}
}

// identity is all that exists of an account.
type identity struct {
	Name    string `json:"name"` // that others are shown, as a claim
	Home    string `json:"home"`
	Network string `json:"network"` // id
	Label   string `json:"label"`   // what the network calls itself
}

func whoami(c *cli.Context, d *api.Client) error {
	home, err := personHome(c)
	if err != nil {
		return err
	}
	s, err := d.Status(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return talk.JSON(c, identity{s.Name, home, s.Network, s.Label})
	}
	return talk.Table(c, [][]string{
		{"name", s.Name}, {"home", home}, {"network", s.Label + " " + s.Network},
	})
}
