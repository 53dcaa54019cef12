package person

import (
	"slices"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/talk"
)

// followFlag is -f of commands that show what comes.
func followFlag() cli.Flag {
	return &cli.BoolFlag{Name: "follow", Aliases: []string{"f"},
		Usage: "go on, and show what comes, until Ctrl-C"}
}

// follow shows what is there, and with -f again when something of these kinds has happened, until
// Ctrl-C. Nothing is missed between the two.
func follow(c *cli.Context, d *api.Client, show func() error, kinds ...string) error {
	if !c.Bool("follow") {
		return show()
	}
	return d.Events(c.Context, func(e api.Event) error {
		if slices.Contains(kinds, string(e.Kind)) || e.Missed > 0 {
			return show()
		}
		return nil
	}, show)
}

// eventsCommand shows everything that happens.
func eventsCommand() *cli.Command {
	return &cli.Command{
		Name: "events", Usage: "what happens, as it happens, until Ctrl-C",
		Description: "Posts, messages, requests, lines about contacts, what became of what you " +
			"queued, and notices.",
		Flags:  []cli.Flag{personFlag(), talk.JSONFlag()},
		Action: asking(events),
	}
}

func events(c *cli.Context, d *api.Client) error {
	return d.Events(c.Context, func(e api.Event) error {
		if c.Bool("json") {
			return talk.JSON(c, e)
		}
		line, words := "%s  %s", []any{talk.When(e.At, talk.Second), string(e.Kind)}
		for _, more := range []string{e.ID, e.From, e.Text} {
			if more != "" {
				line, words = line+"  %s", append(words, more)
			}
		}
		talk.Print(c, line, words...)
		if e.Missed > 0 {
			talk.Say(c, "%s before it are forgotten", talk.Plural(int(e.Missed), "event", "events"))
		}
		return nil
	}, nil)
}

// unseen are those of a list whose id was not given to it before; it remembers them.
type unseen map[string]bool

func (u unseen) first(id string) bool {
	if u[id] {
		return false
	}
	u[id] = true
	return true
}
