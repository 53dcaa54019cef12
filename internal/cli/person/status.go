package person

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/talk"
)

func statusCommand() *cli.Command {
	return &cli.Command{
		Name:  "status",
		Usage: "connection, clock, network document, streams and loops of this home",
		Flags: []cli.Flag{personFlag(), talk.JSONFlag(), &cli.BoolFlag{Name: "watch",
			Usage: "show it again every two seconds, until Ctrl-C"}},
		Action: asking(status),
	}
}

// watchEvery is how often a status is shown.
const watchEvery = 2 * time.Second

func status(c *cli.Context, d *api.Client) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		if c.Bool("watch") && talk.IsTerminal(c.App.Writer) {
			fmt.Fprint(c.App.Writer, "\x1b[H\x1b[2J")
		}
		if err := printStatus(c, d); err != nil || !c.Bool("watch") {
			return err
		}
		select {
		case <-tick.C:
		case <-c.Context.Done():
			return c.Context.Err()
		}
	}
}

func printStatus(c *cli.Context, d *api.Client) error {
	s, err := d.Status(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return talk.JSON(c, s)
	}
	q, err := d.Quota(c.Context)
	if err != nil {
		return err
	}
	link := "not connected"
	if s.Connected {
		link = "connected to " + s.Provider
	}
	guard := "nothing has come back yet"
	if !s.LastReply.IsZero() {
		guard = "last reply at " + talk.When(s.LastReply, talk.Second)
	}
	if failing := time.Duration(s.Failing) * time.Second; !s.Serves && failing >= time.Minute {
		guard += fmt.Sprintf("; in vain for %s so far", failing.Truncate(time.Minute))
	}
	sent := []string{}
	for _, stream := range slices.Sorted(maps.Keys(s.Sent)) {
		sent = append(sent, fmt.Sprintf("%s %d", stream, s.Sent[stream]))
	}
	document := documentLine(s)
	loops := "none is back or late yet"
	if s.LoopsOf > 0 {
		loops = fmt.Sprintf("%.0f %% of the last %d came back", 100*s.Loops, s.LoopsOf)
	}
	err = talk.Table(c, [][]string{
		{"person", s.Name}, {"network", s.Label + " " + s.Network}, {"link", link},
		{"guard", guard},
		{"clock", s.Now.Format(time.RFC3339)}, {"epoch", fmt.Sprintf("%d, %s", s.Epoch, document)},
		{"loops", loops},
		{"sent", strings.Join(sent, ", ")},
		{"outbox", talk.Plural(s.Waiting, "box waits", "boxes wait")},
		{"follows", fmt.Sprint(s.Follows)},
		{"kept", keptLine(q)},
		{"write tokens", tokensLeft(s)},
	})
	for _, t := range s.Trouble {
		talk.Say(c, "trouble: %s\n  %s", t.What, t.Do)
	}
	return err
}

// keptLine says how much of the room for posts and photos is used.
func keptLine(q api.Quota) string {
	line := fmt.Sprintf("%s of %s, %s", size(q.Used), size(q.Bytes),
		talk.Plural(q.Posts, "post", "posts"))
	if q.Going != nil {
		line += "; the oldest go from " + talk.When(*q.Going, talk.Day) + " on"
	}
	return line
}

// tokensLeft says what there is to write with.
func tokensLeft(s api.Status) string {
	switch {
	case s.Free:
		return "none are needed in this network"
	case s.TokensOf == 0:
		return "none have come yet for today"
	}
	return fmt.Sprintf("%d of %d left for today, one a box", s.Tokens, s.TokensOf)
}

// documentLine says how long the document serves, or since when it does not.
func documentLine(s api.Status) string {
	until := talk.When(s.Until, talk.Second)
	switch {
	case s.Until.IsZero():
		return "no network document yet"
	case s.Now.After(s.Until):
		return fmt.Sprintf("document of %d ENDED at %s, and nothing is carried", s.Document, until)
	}
	return fmt.Sprintf("document of %d valid until %s", s.Document, until)
}
