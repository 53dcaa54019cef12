package person

import (
	"fmt"
	"strconv"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/talk"
)

func feedCommand() *cli.Command {
	return &cli.Command{
		Name: "feed", Usage: "open feeds: publish your own, follow others by their link",
		Subcommands: []*cli.Command{
			{Name: "publish", Usage: "make your feed if there is none, and print the link for " +
				"readers who begin now", Flags: []cli.Flag{personFlag()},
				Action: asking(feedPublish)},
			{Name: "end", Usage: "say that nothing more comes of your feed; its readers are told",
				Flags: []cli.Flag{personFlag()}, Action: asking(feedEnd)},
			{
				Name: "follow", ArgsUsage: "LINK|-", Usage: "read a feed from its link",
				Flags: []cli.Flag{personFlag(),
					&cli.StringFlag{Name: "name",
						Usage: "your own name for it"}}, Action: feedFollow,
			},
			{Name: "unfollow", ArgsUsage: "NUMBER",
				Usage: "forget a feed; `feed list` has the numbers",
				Flags: []cli.Flag{personFlag()}, Action: feedUnfollow},
			{Name: "list", Usage: "the feeds that you follow",
				Flags: []cli.Flag{personFlag(), talk.JSONFlag()}, Action: asking(feedList)},
		},
		Action: talk.NeedSubcommand,
	}
}

func feedPublish(c *cli.Context, d *api.Client) error {
	link, err := d.Publish(c.Context)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.App.Writer, link)
	talk.Say(c, "whoever has this link can read what you post from now on, and cannot find out "+
		"who you "+
		"are from it")
	return nil
}

func feedEnd(c *cli.Context, d *api.Client) error {
	if err := d.EndFeed(c.Context); err != nil {
		return err
	}
	talk.Say(c, "your readers will be told; what they have they keep. `murmur feed publish` "+
		"begins it again")
	return nil
}

func feedFollow(c *cli.Context) error {
	link, err := talk.OneArgument(c, "LINK")
	if err != nil {
		return err
	}
	if link == "-" {
		if link, err = talk.Text(c); err != nil {
			return err
		}
	}
	d, err := daemon(c)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Follow(c.Context, link, c.String("name")); err != nil {
		return err
	}
	talk.Say(c, "following; new posts come by themselves, older ones more slowly: murmur timeline")
	return nil
}

func feedUnfollow(c *cli.Context) error {
	word, err := talk.OneArgument(c, "NUMBER")
	if err != nil {
		return err
	}
	token, err := strconv.ParseUint(word, 10, 64)
	if err != nil {
		return talk.Usagef("%q is not a number; `murmur feed list` has them", word)
	}
	d, err := daemon(c)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Unfollow(c.Context, token)
}

func feedList(c *cli.Context, d *api.Client) error {
	feeds, err := d.Follows(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return talk.JSON[api.Followed](c, feeds...)
	}
	rows := [][]string{}
	for _, f := range feeds {
		rows = append(rows, []string{fmt.Sprint(f.Token), f.Name, talk.Plural(f.Posts, "post",
			"posts"), stateOf(f)})
	}
	if len(rows) == 0 {
		talk.Say(c, "nobody yet; follow somebody: murmur feed follow LINK")
	}
	return talk.Table(c, rows)
}

// stateOf says what a reader has to know of a feed from which nothing comes.
func stateOf(f api.Followed) string {
	switch {
	case f.Ended:
		return "has ended"
	case f.Silent:
		return "silent since " + talk.When(f.Since, talk.Day)
	}
	return ""
}
