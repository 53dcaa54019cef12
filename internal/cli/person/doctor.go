package person

import (
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/client"
	"murmuration/client/api"
	"murmuration/client/cause"
	"murmuration/internal/cli/talk"
	"murmuration/internal/durable"
)

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "look at everything that posts need on their way, and say what to do",
		Description: "Home, disk, daemon, clock, connection, network document, loops, write " +
			"tokens " +
			"and whatever\nelse there is trouble with. Exit code 3 if something needs you.",
		Flags:  []cli.Flag{personFlag(), talk.JSONFlag()},
		Action: doctor,
	}
}

// finding is what the doctor says of one thing.
type finding struct {
	What string `json:"what"`
	OK   bool   `json:"ok"`
	Says string `json:"says"`
	Do   string `json:"do,omitempty"` // if it is not ok
}

// good and bad are findings.
func good(what, says string, args ...any) finding {
	return finding{what, true, fmt.Sprintf(says, args...), ""}
}

func bad(what, says, do string) finding { return finding{what, false, says, do} }

func doctor(c *cli.Context) error {
	all, err := examine(c)
	if err != nil {
		return err
	}
	rows, ill := [][]string{}, 0
	for _, f := range all {
		mark := "ok"
		if !f.OK {
			mark, ill = "BAD", ill+1
		}
		rows = append(rows, []string{mark, f.What, f.Says})
		if f.Do != "" {
			rows = append(rows, []string{"", "", "→ " + f.Do})
		}
	}
	if c.Bool("json") {
		err = talk.JSON(c, all...)
	} else {
		err = talk.Table(c, rows)
	}
	if err == nil && ill > 0 {
		err = talk.Fail(talk.ExitNetwork, errors.New(talk.Plural(ill, "thing needs", "things need")+
			" you"), "")
	}
	return err
}

// least is below which a disk is short, in bytes: twice what the daemon stops at.
const least = 96 << 20

// examine looks at what can be seen without a daemon, and asks it for the rest.
func examine(c *cli.Context) ([]finding, error) {
	cfg, err := personConfig(c)
	if err != nil {
		return nil, err
	}
	if err := client.CheckHome(cfg.Home); err != nil {
		return []finding{bad("home", err.Error(), cause.Of(err).Hint())}, nil
	}
	all := []finding{good("home", "%s", cfg.Home)}
	switch free, err := durable.Free(cfg.Home); {
	case err != nil:
		all = append(all, bad("disk", err.Error(), cause.Of(err).Hint()))
	case free < least:
		all = append(all, bad("disk", fmt.Sprintf("%d MB are free", free/1e6),
			"Make room: below 48 MB nothing is written any more."))
	default:
		all = append(all, good("disk", "%d MB are free", free/1e6))
	}
	d, err := daemon(c)
	if err != nil {
		return append(all, bad("daemon", err.Error(), cause.Of(err).Hint())), nil
	}
	defer d.Close()
	s, err := d.Status(c.Context)
	if err != nil {
		return append(all, bad("daemon", err.Error(), cause.Of(err).Hint())), nil
	}
	return append(append(all, good("daemon", "answers")), diagnose(s)...), nil
}

// diagnose is what a status tells.
func diagnose(s api.Status) []finding {
	all := []finding{clockOf(s), linkOf(s), documentOf(s), loopsOf(s)}
	switch {
	case s.Free || s.TokensOf == 0 || s.Tokens > 0:
		all = append(all, good("write tokens", "%s", tokensLeft(s)))
	default:
		all = append(all, bad("write tokens", tokensLeft(s),
			"What you post waits here until midnight (UTC), when there are others."))
	}
	for _, t := range s.Trouble {
		all = append(all, bad("trouble", t.What, t.Do))
	}
	return all
}

func clockOf(s api.Status) finding {
	says := talk.When(s.Now, time.RFC3339)
	switch {
	case s.Document == 0:
		return good("clock", "%s; there is nothing to compare it with yet", says)
	case !s.Connected && s.Epoch > s.Document: // as it is when nothing can be fetched
		return good("clock", "%s; the network cannot be asked now", says)
	case s.Epoch > s.Document+1 || s.Document > s.Epoch+2:
		return bad("clock", fmt.Sprintf("%s is epoch %d, and the network document is of epoch %d",
			says, s.Epoch, s.Document),
			"Set the clock, its date and time zone, if it is wrong; else wait for a newer "+
				"document.")
	}
	return good("clock", "%s, which goes with the network's", says)
}

func linkOf(s api.Status) finding {
	switch since := talk.When(s.Since, talk.Minute); {
	case s.Connected && s.Serves:
		return good("connection", "to %s, since %s", s.Provider, since)
	case s.Connected && s.Failing < 60:
		return good("connection", "to %s, since %s; last reply: %s", s.Provider, since,
			talk.When(s.LastReply, talk.Second))
	case s.Connected:
		return bad("connection", fmt.Sprintf("to %s, but nothing comes back for %s", s.Provider,
			(time.Duration(s.Failing)*time.Second).Truncate(time.Minute)),
			"Wait: another provider takes over if this goes on.")
	}
	if len(s.Trouble) > 0 { // which knows more of the cause
		return bad("connection", "none; last reply: "+talk.When(s.LastReply, talk.Minute),
			"See the trouble below.")
	}
	return bad("connection", "none; last reply: "+talk.When(s.LastReply, talk.Minute),
		"Check the connection of this computer; the daemon tries again by itself.")
}

func documentOf(s api.Status) finding {
	switch {
	case s.Until.IsZero(): // there is one of epoch 0
		return bad("network document", "none yet",
			"Wait: it is fetched as soon as a provider answers.")
	case s.Now.After(s.Until):
		return bad("network document", "ended at "+talk.When(s.Until, talk.Minute),
			"Wait, and check clock and connection: the network may stand still.")
	}
	return good("network document", "of epoch %d, valid until %s", s.Document,
		talk.When(s.Until, talk.Minute))
}

// enough is the share of loops that have to come back, as the daemon's alarm has it.
const enough = 0.8

func loopsOf(s api.Status) finding {
	switch {
	case s.LoopsOf == 0:
		return good("loops", "none is back or late yet")
	case s.Loops < enough:
		return bad("loops", fmt.Sprintf("%.0f %% of the last %d came back", 100*s.Loops, s.LoopsOf),
			"Wait: things are sent again until they arrive. If it lasts, tell the operators.")
	}
	return good("loops", "%.0f %% of the last %d came back", 100*s.Loops, s.LoopsOf)
}
