package person

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/talk"
)

func outboxCommand() *cli.Command {
	states := "queued, handed over, stored, kept, expired, cancelled"
	flags := func() []cli.Flag { return []cli.Flag{personFlag(), talk.JSONFlag()} }
	return &cli.Command{
		Name:  "outbox",
		Usage: "what was queued, and how far it is: " + states,
		Flags: flags(),
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "all of it, the newest first", Flags: flags(),
				Action: asking(outbox)},
			{Name: "show", ArgsUsage: "ID", Usage: "one thing, by its name or its number",
				Flags: flags(), Action: outboxShow},
			{Name: "cancel", ArgsUsage: "ID",
				Usage: "take it back, as long as nothing of it was handed over",
				Flags: flags(), Action: outboxCancel},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return talk.NeedSubcommand(c)
			}
			return asking(outbox)(c)
		},
	}
}

func outbox(c *cli.Context, d *api.Client) error {
	lines, err := d.Outbox(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return talk.JSON[api.Entry](c, lines...)
	}
	rows := [][]string{}
	for _, l := range lines {
		far, more := progress(l)
		queued := talk.When(l.Queued, talk.Minute)
		rows = append(rows, []string{
			fmt.Sprint(l.Number), l.Post, l.What, l.State, far, queued, says(l), more,
		})
	}
	if len(rows) == 0 {
		talk.Say(c, "nothing was posted from here yet")
	}
	return talk.Table(c, rows)
}

// says is the first words of an entry, where it has some.
func says(l api.Entry) string {
	if l.Says == "" {
		return "-"
	}
	return "“" + l.Says + "”"
}

// progress is how many boxes of an entry are as far as its state says, and what else there is to
// say about it.
func progress(l api.Entry) (far, more string) {
	n := l.Kept
	switch l.State {
	case "cancelled":
		return "nothing goes", ""
	case "handed over":
		n = l.Handed
	case "stored":
		n, more = l.Stored, "not all of its holders have listed it yet"
	}
	if l.Soon != "" {
		more = "to be stored " + l.Soon
	}
	return fmt.Sprintf("%d of %s", n, talk.Plural(l.Boxes, "box", "boxes")), more + l.Reason
}

func outboxShow(c *cli.Context) error {
	return withEntry(c, (*api.Client).Waiting, printEntry)
}

func outboxCancel(c *cli.Context) error {
	return withEntry(c, (*api.Client).Cancel, func(c *cli.Context, e api.Entry) error {
		talk.Say(c, "taken back: nobody gets it")
		return printEntry(c, e)
	})
}

// withEntry asks the daemon about the entry that a command names, and shows the answer.
func withEntry(
	c *cli.Context, ask func(*api.Client, context.Context, string) (api.Entry, error),
	show func(*cli.Context, api.Entry) error,
) error {
	name, err := talk.OneArgument(c, "ID")
	if err != nil {
		return err
	}
	return asking(func(c *cli.Context, d *api.Client) error {
		e, err := ask(d, c.Context, name)
		if err != nil {
			return err
		}
		if c.Bool("json") {
			return talk.JSON(c, e)
		}
		return show(c, e)
	})(c)
}

// printEntry says all that is known of an entry.
func printEntry(c *cli.Context, e api.Entry) error { return talk.Table(c, entryRows(e)) }

// entryRows are the lines of an entry. Of one that was taken back there are no counts: what is in
// the places of its boxes says nothing, however far it is.
func entryRows(e api.Entry) [][]string {
	far, more := progress(e)
	rows := [][]string{
		{"number", fmt.Sprint(e.Number)}, {"name", e.Post}, {"what", e.What}, {"says", says(e)},
		{"state", e.State + ", " + far},
	}
	if e.State != "cancelled" {
		rows = append(rows, []string{"handed over", fmt.Sprintf("%d of %d", e.Handed, e.Boxes)},
			[]string{"stored", fmt.Sprintf("%d of %d, by the word of one holder each",
				e.Stored, e.Boxes)},
			[]string{"kept", fmt.Sprintf("%d of %d, by the signatures of all holders",
				e.Kept, e.Boxes)})
	}
	rows = append(rows, []string{"queued", talk.When(e.Queued, talk.Second)})
	if !e.Done.IsZero() {
		rows = append(rows, []string{"done", talk.When(e.Done, talk.Second)})
	}
	if more != "" {
		rows = append(rows, []string{"then", more})
	}
	return rows
}

// waitKept looks at the outbox until all holders of the post keep it.
func waitKept(c *cli.Context, d *api.Client, id string) error {
	timeout := time.NewTimer(c.Duration("wait"))
	defer timeout.Stop()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		lines, err := d.Outbox(c.Context)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if l.Post == id && l.State == "kept" {
				talk.Say(c, "kept")
				return nil
			}
			if l.Post == id && l.State == "cancelled" {
				return talk.Fail(talk.ExitNotFound, errors.New("the post was taken back"), "")
			}
			if l.Post == id && l.State == "expired" {
				return talk.Fail(talk.ExitNetwork, fmt.Errorf("the post is not kept: %s", l.Reason),
					"Post it again.")
			}
		}
		select {
		case <-tick.C:
		case <-timeout.C:
			return talk.Fail(talk.ExitWait, errors.New("not kept yet"),
				"It stays in the outbox and goes on by itself: murmur outbox")
		case <-c.Context.Done():
			return c.Context.Err()
		}
	}
}
