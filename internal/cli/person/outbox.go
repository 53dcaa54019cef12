package person

import (
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/talk"
)

func outboxCommand() *cli.Command {
	return &cli.Command{
		Name:   "outbox",
		Usage:  "what was queued, and how far it is: queued, handed over, stored, kept, expired",
		Flags:  []cli.Flag{personFlag(), talk.JSONFlag()},
		Action: asking(outbox),
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
		queued := l.Queued.Local().Format("2006-01-02 15:04:05")
		rows = append(rows, []string{l.Post, l.State, far, queued, more})
	}
	if len(rows) == 0 {
		talk.Say(c, "nothing was posted from here yet")
	}
	return talk.Table(c, rows)
}

// progress is how many boxes of an entry are as far as its state says, and what else there is to
// say about it.
func progress(l api.Entry) (far, more string) {
	n := l.Kept
	switch l.State {
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
