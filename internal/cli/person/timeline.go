package person

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/client/fault"
	"murmuration/client/person"
	"murmuration/internal/cli/plain"
	"murmuration/internal/cli/talk"
)

func timelineCommand() *cli.Command {
	return &cli.Command{
		Name:  "timeline",
		Usage: "the last posts, the newest last; from this computer, without the network",
		Flags: []cli.Flag{
			personFlag(), talk.JSONFlag(), &cli.IntFlag{Name: "n", Value: 20, Usage: "how many"},
			followFlag(),
			&cli.DurationFlag{Name: "wait",
				Usage: "wait up to `DUR` until there is a post that was not shown yet (exit code " +
					"8 when none comes)"},
			&cli.StringFlag{Name: "from", Usage: "of the person whom you call `NAME` alone"},
			&cli.StringFlag{Name: "circle", Usage: "of the circle `NAME` alone"},
			&cli.BoolFlag{Name: "unread", Usage: "what was not shown before"},
			&cli.StringFlag{Name: "before", Usage: "what comes before the post of this `ID`"},
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
	if c.Bool("follow") || c.IsSet("wait") {
		return watchTimeline(c, d)
	}
	posts, err := d.Posts(c.Context, query(c, c.Int("n")))
	if err != nil {
		return err
	}
	switch {
	case len(posts) > 0 || c.Bool("json"):
	case c.Bool("unread"):
		talk.Say(c, "nothing that was not shown before")
	default:
		talk.Say(c, "nothing yet; whom you follow: murmur feed list")
	}
	return showPosts(c, d, posts)
}

// showPosts prints posts, and notes that they were shown.
func showPosts(c *cli.Context, d *api.Client, posts []api.Post) error {
	ids := make([]string, len(posts))
	for i, p := range posts {
		ids[i] = p.ID
	}
	return errors.Join(printPosts(c, posts), noted(c, d.Shown(c.Context, ids...)))
}

// noted is an error of noting that something was read; a full disk is none, and only said: reading
// needs no room.
func noted(c *cli.Context, err error) error {
	if fault.Of(err).ExitCode() == talk.ExitQuota {
		talk.Say(c, "that this was shown is not noted, and it stays unread: %s", err)
		return nil
	}
	return err
}

// query is what is asked for.
func query(c *cli.Context, n int) api.Query {
	return api.Query{
		N: n, From: c.String("from"), Circle: c.String("circle"), Unread: c.Bool("unread"),
		Before: c.String("before"),
	}
}

// printPosts shows posts, the newest last.
func printPosts(c *cli.Context, posts []api.Post) error {
	slices.Reverse(posts)
	if c.Bool("json") {
		return talk.JSON[api.Post](c, posts...)
	}
	for _, p := range posts {
		if err := printPost(c, p, shownLines); err != nil {
			return err
		}
	}
	return nil
}

// shownLines is how many lines of a post a list shows.
const shownLines = 12

// indent stands before what belongs to a post or a message.
const indent = "    "

// printPost shows a post with at most so many lines of text; zero: all of them.
func printPost(c *cli.Context, p api.Post, lines int) error {
	head := "%s  %s  %s"
	rest := []any{p.ID, plain.Time(p.Time, p.Received), p.Author}
	if p.Circle != "" {
		head, rest = head+"  in “%s”", append(rest, p.Circle)
	}
	if p.ReplyTo != "" {
		head, rest = head+"  answers %s", append(rest, p.ReplyTo)
	}
	talk.Print(c, head, rest...)
	if p.Warning != "" {
		talk.Print(c, indent+"[about: %s]", p.Warning)
	}
	printText(c, p.Text, lines, ": murmur show "+p.ID)
	if p.Poll != nil && lines > 0 { // with all lines, votes follow
		talk.Print(c, indent+"[poll: %s; closes %s]", strings.Join(p.Poll.Options, " / "),
			talk.When(p.Poll.Closes, talk.Minute))
	}
	for i, photo := range p.Photos {
		talk.Print(c, indent+"[%s]", pictureLine(photo))
		if err := drawThumb(c, photo); err != nil {
			return fmt.Errorf("drawing photo %d of %s: %w", i+1, p.ID, err)
		}
	}
	return nil
}

// printText shows a stranger's text with at most so many lines, and where the others are.
func printText(c *cli.Context, text string, lines int, more string) {
	shown := plain.Text{Indent: indent, Columns: talk.Columns(c), Lines: lines, More: more}
	fmt.Fprint(c.App.Writer, shown.Show(text))
}

// watchTimeline shows what was not shown yet, the first of it with --wait; with --follow what is
// there, and all that comes.
func watchTimeline(c *cli.Context, d *api.Client) error {
	ctx, cancel := context.WithCancel(c.Context)
	defer cancel()
	if c.IsSet("wait") {
		ctx, cancel = context.WithTimeout(ctx, c.Duration("wait"))
		defer cancel()
	}
	shown := unseen{} // here: what could not be noted as shown would come again
	look := func(unread bool) error {
		q := query(c, c.Int("n"))
		q.Unread = unread
		posts, err := d.Posts(ctx, q)
		posts = slices.DeleteFunc(posts, func(p api.Post) bool { return !shown.first(p.ID) })
		if err == nil && len(posts) > 0 {
			err = showPosts(c, d, posts)
		}
		if err != nil || len(posts) == 0 || c.Bool("follow") {
			return err
		}
		return errShown
	}
	err := d.Events(ctx, func(e api.Event) error {
		if e.Kind != person.EventPost && e.Missed == 0 {
			return nil
		}
		return look(true)
	}, func() error { return look(c.Bool("unread") || !c.Bool("follow")) })
	switch {
	case errors.Is(err, errShown):
		return nil
	case c.Context.Err() == nil && errors.Is(err, context.DeadlineExceeded):
		return talk.Fail(talk.ExitWait, errors.New("no new post has come yet"),
			"It will come by itself; `murmur status` says how things are.")
	}
	return err
}

// errShown ends a look that has seen what it waited for.
var errShown = errors.New("there is a new post")
