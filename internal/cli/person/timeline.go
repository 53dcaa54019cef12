package person

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/talk"
)

func timelineCommand() *cli.Command {
	return &cli.Command{
		Name:  "timeline",
		Usage: "the last posts, the newest last; from this computer, without the network",
		Flags: []cli.Flag{
			personFlag(), talk.JSONFlag(), &cli.IntFlag{Name: "n", Value: 20, Usage: "how many"},
			&cli.DurationFlag{Name: "wait",
				Usage: "wait up to `DUR` until there is a post (exit code 8 when there is none)"},
			&cli.BoolFlag{Name: "photos", Usage: "draw small pictures where the terminal can"},
		},
		Action: timeline,
	}
}

func timeline(c *cli.Context) error {
	if c.Int("n") < 1 || c.Int("n") > api.MaxTimeline {
		return talk.Usagef("-n %d: give a number of posts, 1 to %d", c.Int("n"), api.MaxTimeline)
	}
	return asking(printTimeline)(c)
}

func printTimeline(c *cli.Context, d *api.Client) error {
	posts, err := awaitPosts(c, d)
	if err != nil {
		return err
	}
	slices.Reverse(posts)
	if c.Bool("json") {
		return talk.JSON[api.Post](c, posts...)
	}
	if len(posts) == 0 {
		talk.Say(c, "nothing yet; whom you follow: murmur feed list")
	}
	for _, p := range posts {
		if err := printPost(c, p); err != nil {
			return err
		}
	}
	return nil
}

func printPost(c *cli.Context, p api.Post) error {
	head := fmt.Sprintf("%s  %s  %s", p.ID, p.Time.Local().Format("2006-01-02 15:04"), p.Author)
	if p.Circle != "" {
		head += "  in “" + p.Circle + "”"
	}
	if p.ReplyTo != "" {
		head += "  answers " + p.ReplyTo
	}
	fmt.Fprintln(c.App.Writer, head)
	if p.Warning != "" {
		fmt.Fprintf(c.App.Writer, "    [about: %s]\n", p.Warning)
	}
	printText(c, p.Text)
	for i, photo := range p.Photos {
		fmt.Fprintf(c.App.Writer, "    [%s]\n", pictureLine(photo))
		if err := drawThumb(c, photo); err != nil {
			return fmt.Errorf("drawing photo %d of %s: %w", i+1, p.ID, err)
		}
	}
	return nil
}

// awaitPosts is the timeline, and with --wait as soon as there is anything in it.
func awaitPosts(c *cli.Context, d *api.Client) ([]api.Post, error) {
	late := time.NewTimer(c.Duration("wait"))
	defer late.Stop()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		posts, err := d.Timeline(c.Context, c.Int("n"))
		if err != nil || len(posts) > 0 || c.Duration("wait") == 0 {
			return posts, err
		}
		select {
		case <-c.Context.Done():
			return nil, c.Context.Err()
		case <-late.C:
			return nil, talk.Fail(talk.ExitWait, errors.New("no post has come yet"),
				"It will come by itself; `murmur status` says how things are.")
		case <-tick.C:
		}
	}
}
