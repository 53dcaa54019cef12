package person

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/client/fault"
	"murmuration/internal/cli/talk"
)

func circleCommand() *cli.Command {
	flags := func() []cli.Flag { return []cli.Flag{personFlag()} }
	return &cli.Command{
		Name: "circle", Usage: "circles: posts for some of your contacts",
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "your circles, and those that you are in",
				Flags: []cli.Flag{personFlag(), talk.JSONFlag()}, Action: asking(circleList)},
			{Name: "new", ArgsUsage: "NAME", Usage: "make a circle; its members see the name",
				Flags: flags(), Action: circleNew},
			{Name: "add", ArgsUsage: "CIRCLE ALIAS", Usage: "let a contact read what you post " +
				"there from now on, and the last ten posts", Flags: flags(),
				Action: membership("added", (*api.Client).Add)},
			{Name: "remove", ArgsUsage: "CIRCLE ALIAS", Usage: "keys are changed, so that they " +
				"read nothing new; what they have read stays read", Flags: flags(),
				Action: membership("removed", (*api.Client).Remove)},
			{Name: "show", ArgsUsage: "CIRCLE", Usage: "who is in a circle",
				Flags: []cli.Flag{personFlag(), talk.JSONFlag()}, Action: circleShow},
		},
		Action: talk.NeedSubcommand,
	}
}

func circleList(c *cli.Context, d *api.Client) error {
	all, err := d.Circles(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return talk.JSON(c, all...)
	}
	if len(all) == 0 {
		talk.Say(c, "none yet; make one: murmur circle new NAME")
	}
	rows := [][]string{}
	for _, v := range all {
		who := "of " + v.Of
		switch {
		case v.Own:
			who = talk.Plural(len(v.Members), "member", "members")
		case v.Out:
			who += " (you are not in it any more)"
		}
		rows = append(rows, []string{v.Name, who})
	}
	return talk.Table(c, rows)
}

func circleNew(c *cli.Context) error {
	name, err := talk.OneArgument(c, "NAME")
	if err != nil {
		return err
	}
	return asking(func(c *cli.Context, d *api.Client) error {
		if err := d.NewCircle(c.Context, name); err != nil {
			return err
		}
		talk.Say(c, "made; let somebody in: murmur circle add %s ALIAS", name)
		return nil
	})(c)
}

// membership is a command about a circle and a contact.
func membership(
	done string, do func(d *api.Client, ctx context.Context, circle, alias string) error,
) cli.ActionFunc {
	return func(c *cli.Context) error {
		if c.NArg() != 2 {
			return talk.Usagef("%s needs two arguments: CIRCLE ALIAS", c.Command.HelpName)
		}
		return asking(func(c *cli.Context, d *api.Client) error {
			err := do(d, c.Context, c.Args().Get(0), c.Args().Get(1))
			if err == nil {
				talk.Say(c, "%s", done)
			}
			return err
		})(c)
	}
}

func circleShow(c *cli.Context) error {
	name, err := talk.OneArgument(c, "CIRCLE")
	if err != nil {
		return err
	}
	return asking(func(c *cli.Context, d *api.Client) error {
		all, err := d.Circles(c.Context)
		if err != nil {
			return err
		}
		for _, v := range all {
			if v.Own && v.Name == name {
				return printCircle(c, v)
			}
		}
		return talk.Fail(talk.ExitNotFound, fmt.Errorf("you have no circle %q", name),
			"`murmur circle list` shows yours.")
	})(c)
}

func printCircle(c *cli.Context, v api.Circle) error {
	if c.Bool("json") {
		return talk.JSON(c, v)
	}
	if len(v.Members) == 0 {
		talk.Say(c, "nobody yet; let somebody in: murmur circle add %s ALIAS", v.Name)
	}
	for _, m := range v.Members {
		talk.Print(c, "%s", m)
	}
	return nil
}

func reactCommand() *cli.Command {
	return &cli.Command{
		Name: "react", ArgsUsage: "ID [EMOJI]",
		Usage: "say with one emoji what you feel about a post; it goes to its author, who counts",
		Flags: []cli.Flag{personFlag(),
			&cli.BoolFlag{Name: "none", Usage: "take it back"},
			&cli.IntFlag{Name: "vote", Usage: "choose option `N` of its poll instead, from 1"}},
		Action: react,
	}
}

func react(c *cli.Context) error {
	marks := 0
	for _, is := range []bool{c.NArg() == 2, c.Bool("none"), c.IsSet("vote")} {
		if is {
			marks++
		}
	}
	if c.NArg() < 1 || c.NArg() > 2 || marks != 1 {
		return talk.Usagef("react needs the id of a post, and an emoji, --none or --vote N")
	}
	id := c.Args().First()
	return asking(func(c *cli.Context, d *api.Client) error {
		if c.IsSet("vote") {
			return d.Vote(c.Context, id, c.Int("vote"))
		}
		return d.React(c.Context, id, c.Args().Get(1))
	})(c)
}

func deleteCommand() *cli.Command {
	return &cli.Command{
		Name: "delete", ArgsUsage: "ID",
		Usage: "take a message or a post back: readers' programs are asked to erase it, and " +
			"nobody can make sure that they do",
		Flags:  []cli.Flag{personFlag()},
		Action: deleteThing,
	}
}

func deleteThing(c *cli.Context) error {
	id, err := talk.OneArgument(c, "ID")
	if err != nil {
		return err
	}
	return asking(func(c *cli.Context, d *api.Client) error {
		what := "the message is erased here; of an own one, the other side is asked as well"
		err := d.Unsend(c.Context, id)
		if fault.Of(err).ExitCode() == talk.ExitNotFound {
			what = "readers are asked to erase it; what they have read stays read, and " +
				"whoever was removed from its circle since is not asked"
			err = d.Unpost(c.Context, id)
		}
		if err == nil {
			talk.Say(c, "%s", what)
		}
		return err
	})(c)
}

func showCommand() *cli.Command {
	return &cli.Command{
		Name: "show", ArgsUsage: "ID", Usage: "a post, how it was taken, and the answers to it",
		Flags: []cli.Flag{personFlag(), talk.JSONFlag(),
			&cli.BoolFlag{Name: "thread", Usage: "the answers as well"},
			&cli.BoolFlag{Name: "photos", Usage: "draw small pictures where the terminal can"}},
		Action: show,
	}
}

func show(c *cli.Context) error {
	id, err := talk.OneArgument(c, "ID")
	if err != nil {
		return err
	}
	return asking(func(c *cli.Context, d *api.Client) error {
		t, err := d.Thread(c.Context, id)
		if err != nil {
			return err
		}
		if !c.Bool("thread") {
			t.Replies = nil
		}
		if c.Bool("json") {
			return talk.JSON(c, t)
		}
		err = printPost(c, t.Post, 0)
		printTally(c, t.Post, t.Tally)
		for _, reply := range t.Replies {
			err = errors.Join(err, printPost(c, reply, 0))
		}
		return err
	})(c)
}

func printTally(c *cli.Context, p api.Post, t api.Tally) {
	var felt []string
	for _, r := range t.Reactions {
		felt = append(felt, fmt.Sprintf("%s %d", r.Emoji, r.Count))
	}
	if len(felt) > 0 {
		talk.Print(c, indent+"%s", strings.Join(felt, "  "))
	}
	if p.Poll == nil {
		return
	}
	for i, option := range p.Poll.Options {
		votes, mine := 0, ""
		if i < len(t.Votes) {
			votes = t.Votes[i]
		}
		if t.Chosen == i+1 {
			mine = " (yours)"
		}
		talk.Print(c, indent+"%d. %s: %s%s", i+1, option,
			talk.Plural(votes, "vote", "votes"), mine)
	}
	says := "closes %s"
	switch {
	case t.Final:
		says = "closed %s; all votes are counted"
	case !time.Now().Before(p.Poll.Closes):
		says = "closed %s; the last count has not come yet"
	}
	talk.Print(c, indent+says, talk.When(p.Poll.Closes, talk.Minute))
}
