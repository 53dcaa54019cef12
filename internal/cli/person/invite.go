package person

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/talk"
)

func inviteCommand() *cli.Command {
	return &cli.Command{
		Name: "invite", Usage: "meet somebody: make an invitation, or accept one",
		Subcommands: []*cli.Command{
			{
				Name: "new", Usage: "make an invitation, and print its ticket for one person",
				Flags: []cli.Flag{
					personFlag(), talk.JSONFlag(),
					&cli.StringFlag{Name: "for",
						Usage: "what you call whoever uses it: an `ALIAS`"},
					&cli.StringFlag{Name: "ttl", Value: "12d",
						Usage: "how long it can be used, up to 12d: a `TIME`"},
					&cli.BoolFlag{Name: "ask",
						Usage: "ask you before the two of you know each other"},
					&cli.StringFlag{Name: "circle",
						Usage: "a circle of yours to which they are added: its `NAME`"},
					&cli.BoolFlag{Name: "qr", Usage: "draw the ticket for a camera as well"},
				},
				Action: asking(inviteNew),
			},
			{
				Name: "accept", ArgsUsage: "[TICKET|-]",
				Usage: "look who made a ticket, and know each other",
				Flags: []cli.Flag{
					personFlag(), talk.JSONFlag(), yesFlag("accept without being asked"),
					&cli.StringFlag{Name: "as", Usage: "what you call them: an `ALIAS`"},
					&cli.DurationFlag{Name: "wait", Usage: "wait up to `DUR` for the card of who " +
						"made it, and then for their answer (exit code 8 when it does not come)"},
				},
				Action: inviteAccept,
			},
			{Name: "list", Usage: "invitations that you made or accepted",
				Flags: []cli.Flag{personFlag(), talk.JSONFlag()}, Action: asking(inviteList)},
			{Name: "revoke", ArgsUsage: "ID", Usage: "take one back; `invite list` has the ids",
				Flags: []cli.Flag{personFlag()}, Action: inviteRevoke},
		},
		Action: talk.NeedSubcommand,
	}
}

// yesFlag is --yes of a command that asks.
func yesFlag(what string) cli.Flag {
	return &cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: what}
}

// days reads "12d", "36h" or "12": whole days, rounded up.
func days(text string) (int, error) {
	if n, err := strconv.Atoi(strings.TrimSuffix(text, "d")); err == nil {
		return n, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, talk.Usagef("--ttl %s: give a time like 12d or 36h", text)
	}
	return int((d + 24*time.Hour - 1) / (24 * time.Hour)), nil
}

func inviteNew(c *cli.Context, d *api.Client) error {
	n, err := days(c.String("ttl"))
	if err != nil {
		return err
	}
	i, err := d.Invite(c.Context, api.Inviting{
		For: c.String("for"), Days: n, Ask: c.Bool("ask"), Circle: c.String("circle"),
	})
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return talk.JSON(c, i)
	}
	fmt.Fprintln(c.App.Writer, i.Ticket)
	if c.Bool("qr") {
		if err := talk.QR(c, strings.ToUpper(i.Ticket)); err != nil {
			return err
		}
	}
	talk.Say(c, "For one person, until %s; it works as soon as your card is stored, %s. Whoever "+
		"sees it first can use it: give it to them where nobody else reads.", day(i.Until),
		i.Expected)
	talk.Say(c, "They run `murmur invite accept` and paste it; how far it is: murmur invite list")
	return nil
}

func day(t time.Time) string { return talk.When(t.Add(-time.Second), "2 January") }

func inviteAccept(c *cli.Context) error {
	// Chat programs break lines, and others on the computer see arguments.
	text, err := talk.Words(c, strings.Join(c.Args().Slice(), " "), "the invitation")
	if err != nil {
		return err
	}
	d, err := daemon(c)
	if err != nil {
		return err
	}
	defer d.Close()
	i, err := d.LookAt(c.Context, text)
	if err != nil {
		return err
	}
	if i.Agreed {
		return showAccepted(c, i)
	}
	late := time.Now().Add(c.Duration("wait"))
	if i, err = await(c, d, i, late, func(i api.Invitation) bool { return i.Known }); err != nil {
		return err
	}
	if err := askAccept(c, i); err != nil {
		return err
	}
	agreed, err := d.Accept(c.Context, i.ID, c.String("as"))
	if err != nil {
		return err
	}
	if c.Duration("wait") > 0 {
		expected := agreed.Expected
		agreed, err = await(c, d, agreed, late, func(i api.Invitation) bool {
			return i.State != "looking" && i.State != "claimed"
		})
		agreed.Expected = expected
		if err == nil && agreed.State == "claimed" {
			err = talk.Fail(talk.ExitWait, errors.New("no answer has come yet"),
				"It comes by itself; murmur invite list says how far it is.")
		}
	}
	return errors.Join(showAccepted(c, agreed), err)
}

// askAccept shows who made a ticket, by their own word, and asks.
func askAccept(c *cli.Context, i api.Invitation) error {
	who := "Who made this invitation is not known yet: their card is not here."
	if i.Known {
		who = fmt.Sprintf("This invitation was made by somebody who claims to be %s.",
			claim(i.Claimed))
	}
	if !c.Bool("yes") {
		talk.Say(c, "%s", who)
	}
	yes, err := talk.Confirm(c, "Do you want to know each other?", "yes")
	if err != nil {
		return err
	}
	if !yes {
		return talk.Fail(talk.ExitUser, errors.New("not accepted; nothing was sent"),
			"The same command asks again.")
	}
	return nil
}

// await looks at an invitation until something is so, or it is late.
func await(
	c *cli.Context, d *api.Client, i api.Invitation, late time.Time,
	done func(api.Invitation) bool,
) (api.Invitation, error) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !done(i) && time.Now().Before(late) {
		select {
		case <-tick.C:
		case <-c.Context.Done():
			return i, c.Context.Err()
		}
		var err error
		if i, err = d.Invitation(c.Context, i.ID); err != nil {
			return i, err
		}
	}
	return i, nil
}

func showAccepted(c *cli.Context, i api.Invitation) error {
	if c.Bool("json") {
		return talk.JSON(c, i)
	}
	fmt.Fprintln(c.App.Writer, i.ID)
	switch {
	case i.State == "met":
		talk.Say(c, "you know each other now: %s", i.Contact)
	case i.State == "looking":
		talk.Say(c, "accepted; it goes on by itself as soon as the card of who made it is here: "+
			"murmur invite list")
	case i.State == "claimed":
		talk.Say(c, "accepted; your card is stored %s, and their answer comes by itself: murmur "+
			"invite list", i.Expected)
	default:
		talk.Say(c, "%s", stateWords(i))
	}
	return nil
}

// stateWords says how far an invitation is.
func stateWords(i api.Invitation) string {
	switch i.State {
	case "open":
		switch {
		case i.Kept:
			return "can be used"
		case i.Stored:
			return "can be used; one holder has its card"
		}
		return "cannot be used yet: its card is not stored"
	case "asked":
		return "somebody used it, and waits for you: murmur contact requests"
	case "looking":
		if i.Agreed {
			return "accepted; the card of who made it is not here yet"
		}
		return "the card of who made it is not here yet"
	case "shown":
		return "waits for your yes: murmur invite accept"
	case "claimed":
		if i.Contested {
			return "somebody else has used it, too; who made it decides"
		}
		return "accepted; no answer yet"
	case "met":
		return "you know each other: " + i.Contact
	case "declined":
		return "they said no"
	case "too late":
		return "somebody else used this ticket first"
	case "revoked":
		return "taken back"
	case "expired":
		return "run out"
	case "not stored":
		return "its card was not stored on its day: make another one"
	}
	return i.State
}

func inviteList(c *cli.Context, d *api.Client) error {
	all, err := d.Invitations(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return talk.JSON[api.Invitation](c, all...)
	}
	rows := [][]string{}
	for _, i := range all {
		rows = append(rows, []string{i.ID, invitationName(i), "until " + day(i.Until),
			stateWords(i)})
	}
	if len(rows) == 0 {
		talk.Say(c, "none; make one: murmur invite new")
	}
	return talk.Table(c, rows)
}

// invitationName is what is known of the other side.
func invitationName(i api.Invitation) string {
	switch {
	case i.Via != "":
		return "introduced by " + i.Via
	case i.Own && i.For != "":
		return "yours, for " + i.For
	case i.Own:
		return "yours"
	case i.Known:
		return "of " + claim(i.Claimed)
	}
	return "of somebody"
}

func inviteRevoke(c *cli.Context) error {
	id, err := talk.OneArgument(c, "ID")
	if err != nil {
		return err
	}
	return asking(func(c *cli.Context, d *api.Client) error {
		return d.Revoke(c.Context, id)
	})(c)
}
