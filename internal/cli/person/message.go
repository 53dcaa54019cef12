package person

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/plain"
	"murmuration/internal/cli/talk"
)

func dmCommand() *cli.Command {
	return &cli.Command{
		Name: "dm", ArgsUsage: "ALIAS [TEXT|-]",
		Usage: "queue a message to one contact; it is on disk when the command returns",
		Flags: []cli.Flag{
			personFlag(), talk.JSONFlag(),
			&cli.StringFlag{Name: "expire",
				Usage: "both sides erase it after `DUR`, from 1h to 365d"},
			&cli.StringFlag{Name: "photo",
				Usage: "a picture `FILE`: it is rotated, stripped of everything, and encoded anew"},
			&cli.StringFlag{Name: "alt", Usage: "what the photo shows, in words"},
			talk.EditFlag(),
		},
		Action: dm,
	}
}

func dm(c *cli.Context) (err error) {
	if c.NArg() < 1 || c.NArg() > 2 {
		return talk.Usagef("dm needs whom it is for, and takes one text; put it in quotes")
	}
	l := api.Letter{To: c.Args().First(), Alt: c.String("alt")}
	if l.Expire, err = longDuration(c.String("expire")); err != nil {
		return err
	}
	switch path := c.String("photo"); {
	case path == "" && l.Alt != "":
		return errNoPhoto
	case path != "":
		if l.Photo, err = talk.ReadPicture(path); err != nil {
			return err
		}
	}
	d, err := daemon(c)
	if err != nil {
		return err
	}
	defer d.Close()
	if c.NArg() == 2 || l.Photo == nil || c.Bool("edit") {
		if l.Text, err = talk.Words(c, c.Args().Get(1), "your message"); err != nil {
			return err
		}
	}
	receipt, err := d.Send(c.Context, l)
	if err != nil {
		return err
	}
	return printReceipt(c, receipt)
}

func readCommand() *cli.Command {
	return &cli.Command{
		Name: "read", ArgsUsage: "ALIAS",
		Usage: "the last messages with a contact, the newest last, and all that are unread",
		Flags: []cli.Flag{
			personFlag(), talk.JSONFlag(), &cli.IntFlag{Name: "n", Value: 20, Usage: "how many"},
			followFlag(),
		},
		Action: readMessages,
	}
}

func readMessages(c *cli.Context) error {
	alias, err := talk.OneArgument(c, "ALIAS")
	if err != nil {
		return err
	}
	if c.Int("n") < 1 || c.Int("n") > api.MaxTimeline {
		return talk.Usagef("-n %d: give a number, 1 to %d", c.Int("n"), api.MaxTimeline)
	}
	d, err := daemon(c)
	if err != nil {
		return err
	}
	defer d.Close()
	shown := unseen{}
	return follow(c, d, func() error {
		all, err := d.Messages(c.Context, alias, c.Int("n"))
		if err != nil {
			return err
		}
		first := len(shown) == 0
		all = slices.DeleteFunc(all, func(m api.Message) bool { return !shown.first(m.ID) })
		if c.Bool("json") {
			err = talk.JSON(c, all...)
		} else if first || len(all) > 0 {
			printMessages(c, alias, all)
		}
		if err != nil {
			return err
		}
		return markSeen(c, d, alias, all)
	}, "message")
}

// markSeen says that what was printed has been read.
func markSeen(c *cli.Context, d *api.Client, alias string, all []api.Message) error {
	var unread []string
	for _, m := range all {
		if m.Unread {
			unread = append(unread, m.ID)
		}
	}
	if len(unread) == 0 {
		return nil
	}
	return noted(c, d.Seen(c.Context, alias, unread))
}

func printMessages(c *cli.Context, alias string, all []api.Message) {
	if len(all) == 0 {
		talk.Say(c, "nothing yet; say something: murmur dm %s", alias)
	}
	for _, m := range all {
		from := m.With
		if m.Own {
			from = "you"
		}
		head := []string{m.ID, plain.Time(m.Time, m.Received), from}
		if m.Unread {
			head = append(head, "(new)")
		}
		if m.Late {
			head = append(head, "(came late)")
		}
		if m.Expires != nil {
			head = append(head, "(until "+talk.When(*m.Expires, talk.Minute)+")")
		}
		talk.Print(c, "%s", strings.Join(head, "  "))
		if m.Deleted {
			talk.Print(c, indent+"[deleted]")
		}
		printText(c, m.Text, 0, "")
		if m.Photo != nil {
			talk.Print(c, indent+"[%s]", pictureLine(*m.Photo))
		}
	}
}

func inboxCommand() *cli.Command {
	return &cli.Command{
		Name: "inbox", Usage: "conversations, the one that changed last first",
		Flags: []cli.Flag{personFlag(), talk.JSONFlag(), followFlag()},
		Action: asking(func(c *cli.Context, d *api.Client) error {
			return follow(c, d, func() error { return inbox(c, d) }, "message", "contact")
		}),
	}
}

func inbox(c *cli.Context, d *api.Client) error {
	all, err := d.Inbox(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return talk.JSON(c, all...)
	}
	if len(all) == 0 {
		talk.Say(c, "nothing yet; say something: murmur dm ALIAS")
	}
	rows := [][]string{}
	for _, v := range all {
		unread, last := "", ""
		if v.Unread > 0 {
			unread = fmt.Sprintf("%d new", v.Unread)
		}
		if v.Last != nil {
			last = plain.Short(v.Last.Text, 50)
		}
		rows = append(rows, []string{
			v.Alias, v.With, unread, talk.When(v.Changed, talk.Minute), last,
		})
	}
	return talk.Table(c, rows)
}

// longDuration is a time as people say it: 90m, 36h, or 30d; empty is none.
func longDuration(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	if days, is := strings.CutSuffix(text, "d"); is {
		n, err := strconv.Atoi(days)
		if err == nil && n > 0 && n < 10000 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, talk.Usagef("%q is no time; write 90m, 36h or 30d", text)
	}
	return d, nil
}

// printReceipt says what was queued, and when it is expected.
func printReceipt(c *cli.Context, r api.Receipt) error {
	if c.Bool("json") {
		return talk.JSON(c, r)
	}
	fmt.Fprintln(c.App.Writer, r.Post)
	talk.Say(c, "queued in %s; expected to be stored %s", talk.Plural(r.Boxes, "box", "boxes"),
		r.Expected)
	for _, note := range r.Notes {
		talk.Say(c, "%s", note)
	}
	return nil
}
