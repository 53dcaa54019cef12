package person

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/client/content"
	"murmuration/client/relation"
	"murmuration/internal/cli/plain"
	"murmuration/internal/cli/screen"
	"murmuration/internal/cli/talk"
)

func contactCommand() *cli.Command {
	return &cli.Command{
		Name: "contact", Usage: "the people whom you know",
		Subcommands: append([]*cli.Command{
			{Name: "list", Usage: "whom you know",
				Flags: []cli.Flag{personFlag(), talk.JSONFlag()}, Action: asking(contactList)},
			aboutOne("show", "one of them, and what happened", contactShow, talk.JSONFlag(),
				pictureFlag(), &cli.BoolFlag{Name: "photos",
					Usage: "draw their picture where the terminal can"}),
			{Name: "alias", ArgsUsage: "ALIAS NEW",
				Usage: "call somebody otherwise; what they said stands under the new name",
				Flags: []cli.Flag{personFlag()}, Action: contactAlias},
			aboutOne("verify", "compare four words with somebody, by voice or face to face",
				contactVerify, talk.JSONFlag(), yesFlag("the words were the same")),
			{Name: "introduce", ArgsUsage: "ALIAS ALIAS",
				Usage: "ask two contacts whether they want to know each other",
				Flags: []cli.Flag{personFlag()}, Action: contactIntroduce},
			{Name: "requests", Usage: "who waits for your yes or no",
				Flags: []cli.Flag{personFlag(), talk.JSONFlag()}, Action: asking(contactRequests)},
			{Name: "accept", ArgsUsage: "ID", Usage: "say yes to a request",
				Flags: []cli.Flag{personFlag(),
					&cli.StringFlag{Name: "as", Usage: "what you call them: an `ALIAS`"}},
				Action: settling(true)},
			{Name: "decline", ArgsUsage: "ID", Usage: "say no to a request",
				Flags: []cli.Flag{personFlag()}, Action: settling(false)},
		}, contactSwitches()...),
		Action: talk.NeedSubcommand,
	}
}

// aboutOne is a command about one contact.
func aboutOne(
	name, usage string, do func(*cli.Context, *api.Client, string) error, flags ...cli.Flag,
) *cli.Command {
	return &cli.Command{
		Name: name, ArgsUsage: "ALIAS", Usage: usage, Flags: append(flags, personFlag()),
		Action: func(c *cli.Context) error {
			alias, err := talk.OneArgument(c, "ALIAS")
			if err != nil {
				return err
			}
			return asking(func(c *cli.Context, d *api.Client) error {
				return do(c, d, alias)
			})(c)
		},
	}
}

// contactSwitches are commands about one contact that ask for nothing else.
func contactSwitches() []*cli.Command {
	off := func(what string) cli.Flag { return &cli.BoolFlag{Name: "off", Usage: what} }
	return []*cli.Command{
		aboutOne("mute", "announce nothing of somebody", func(c *cli.Context, d *api.Client,
			alias string) error {
			on := !c.Bool("off")
			_, err := d.ChangeContact(c.Context, alias, api.Changing{Muted: &on})
			return err
		}, off("announce it again")),
		aboutOne("block", "show nothing of somebody; they are not told", func(c *cli.Context,
			d *api.Client, alias string) error {
			on := !c.Bool("off")
			_, err := d.ChangeContact(c.Context, alias, api.Changing{Blocked: &on})
			return err
		}, off("show it again")),
		aboutOne("reset", "begin the conversation anew, if nothing arrives any more",
			func(c *cli.Context, d *api.Client, alias string) error {
				return d.ResetContact(c.Context, alias)
			}),
		aboutOne("rm", "end a contact: they are told, keys are erased, what was said stays",
			contactRemove, yesFlag("end it without being asked")),
	}
}

// claim is what somebody says of themselves, on one line.
func claim(text string) string { return plain.Line(content.Quote(text)) }

func contactList(c *cli.Context, d *api.Client) error {
	all, err := d.Contacts(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return talk.JSON[api.Contact](c, all...)
	}
	rows := [][]string{}
	for _, k := range all {
		rows = append(rows, []string{k.Alias, "claims to be " + claim(k.Claimed),
			strings.Join(marks(k), ", ")})
	}
	if len(rows) == 0 {
		talk.Say(c, "nobody yet; meet somebody: murmur invite new, or murmur invite accept TICKET")
	}
	return talk.Table(c, rows)
}

// marks are what a person should know of a contact at a glance.
func marks(k api.Contact) (all []string) {
	if k.Verified.IsZero() {
		all = append(all, "words not compared")
	} else {
		all = append(all, "verified")
	}
	if k.Disputed {
		all = append(all, "devices in dispute: nothing goes to them")
	}
	if k.Heard.IsZero() {
		all = append(all, "not heard of yet")
	}
	if k.Muted {
		all = append(all, "muted")
	}
	if k.Blocked {
		all = append(all, "blocked")
	}
	return all
}

func pictureFlag() cli.Flag {
	return &cli.StringFlag{Name: "o", Usage: "write their picture into a `FILE`, - for stdout"}
}

// contactPicture writes or draws a contact's picture, where a flag asks for it.
func contactPicture(c *cli.Context, d *api.Client, k api.Contact) error {
	drawn := c.Bool("photos") && screenOf(c.App.Writer) != screen.None && k.Picture
	path := c.String("o")
	if !drawn && path == "" {
		return nil
	}
	file, err := d.ContactPicture(c.Context, k.Alias)
	if err == nil && drawn {
		err = screen.Draw(c.App.Writer, screenOf(c.App.Writer), file, thumbColumns, thumbRows)
	}
	if err == nil && path != "" {
		err = writePicture(c, path, file)
	}
	return err
}

func contactShow(c *cli.Context, d *api.Client, alias string) error {
	k, err := d.Contact(c.Context, alias)
	if err != nil {
		return err
	}
	if c.String("o") == "-" {
		return contactPicture(c, d, k)
	}
	if c.Bool("json") {
		return errors.Join(talk.JSON(c, k), contactPicture(c, d, k))
	}
	if err := contactPicture(c, d, k); err != nil {
		return err
	}
	how := map[string]string{
		"invited": "they used your invitation", "accepted": "you accepted their invitation",
		"introduced": "introduced by " + k.Via,
	}[k.How]
	rows := [][]string{
		{"alias", k.Alias}, {"claims to be", claim(k.Claimed)},
		{"known since", talk.When(k.Since, talk.Day) + ", " + how},
		{"is", strings.Join(marks(k), ", ")},
	}
	if k.Disputed {
		rows = append(rows, []string{"choose one", "murmur contact verify " + k.Alias})
	}
	if k.Picture {
		rows = append(rows, []string{"picture", "murmur contact show " + k.Alias + " -o FILE"})
	}
	if err := talk.Table(c, rows); err != nil {
		return err
	}
	for _, l := range k.Lines {
		talk.Print(c, "%s  %s", talk.When(l.At, talk.Minute), plain.Line(l.What))
	}
	return nil
}

func contactAlias(c *cli.Context) error {
	if c.NArg() != 2 {
		return talk.Usagef("%s needs two arguments: ALIAS NEW", c.Command.HelpName)
	}
	return asking(func(c *cli.Context, d *api.Client) error {
		_, err := d.ChangeContact(c.Context, c.Args().Get(0), api.Changing{Alias: c.Args().Get(1)})
		return err
	})(c)
}

func contactVerify(c *cli.Context, d *api.Client, alias string) error {
	w, err := d.Words(c.Context, alias)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		err = talk.JSON(c, w)
	} else if len(w.Disputed) == 0 {
		fmt.Fprintln(c.App.Writer, strings.Join(w.Words[:], " "))
		talk.Say(c, "of this device alone, should %s have to choose among yours: %s", w.Name,
			strings.Join(w.Device[:], " "))
	}
	if err != nil {
		return err
	}
	if len(w.Disputed) > 0 {
		return wordsOfEach(c, w, alias)
	}
	if !c.Bool("yes") && !talk.IsTerminalReader(c.App.Reader) {
		talk.Say(c, "if %s reads you the same words, where you know their voice or face: murmur "+
			"contact verify --yes %s", w.Name, alias)
		return nil
	}
	same, err := talk.Confirm(c, fmt.Sprintf("Does %s read the same words, in a voice or from a "+
		"face that you know?", w.Name), "yes")
	if err != nil {
		return err
	}
	if err := d.Verify(c.Context, alias, same); err != nil {
		return err
	}
	if same {
		talk.Say(c, "verified")
		return nil
	}
	return talk.Fail(talk.ExitTrust, fmt.Errorf("the words of %s are not the same", w.Name),
		"Somebody may be between you, or one of you has not heard of a new device yet: do not "+
			"trust what comes under this name, and meet anew.")
}

// wordsOfEach shows words of each device of a contact's that contradict each other.
func wordsOfEach(c *cli.Context, w api.Words, alias string) error {
	rows := [][]string{}
	for _, d := range w.Disputed {
		rows = append(rows, []string{d.ID[:min(shortID, len(d.ID))],
			"since " + talk.When(d.Since, talk.Minute), strings.Join(d.Words[:], " ")})
	}
	if !c.Bool("json") {
		if err := talk.Table(c, rows); err != nil {
			return err
		}
	}
	if c.Bool("yes") {
		return relation.ErrDisputed
	}
	talk.Say(c, "devices of %s contradict each other: nothing goes to them. Where you know their "+
		"voice or face, ask for the words that `murmur contact verify` shows of their device "+
		"alone, and keep the one that has them: murmur device keep %s ID", w.Name, alias)
	return nil
}

func contactIntroduce(c *cli.Context) error {
	if c.NArg() != 2 {
		return talk.Usagef("%s needs two arguments: ALIAS ALIAS", c.Command.HelpName)
	}
	return asking(func(c *cli.Context, d *api.Client) error {
		err := d.Introduce(c.Context, c.Args().Get(0), c.Args().Get(1))
		if err == nil {
			talk.Say(c, "both are asked; they know each other when both say yes within twelve "+
				"days. You are not told, and cannot read what they say then.")
		}
		return err
	})(c)
}

func contactRequests(c *cli.Context, d *api.Client) error {
	all, err := d.Requests(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return talk.JSON[api.Request](c, all...)
	}
	rows := [][]string{}
	for _, r := range all {
		how := "used your invitation"
		if r.For != "" {
			how += " for " + r.For
		}
		if r.By != "" {
			how = "introduced by " + r.By
		}
		rows = append(rows, []string{r.ID, "claims to be " + claim(r.Claimed), how,
			"until " + day(r.Until)})
	}
	if len(rows) == 0 {
		talk.Say(c, "nobody waits")
	} else {
		talk.Say(c, "murmur contact accept ID, or murmur contact decline ID")
	}
	return talk.Table(c, rows)
}

// settling says yes or no to a request.
func settling(yes bool) cli.ActionFunc {
	return func(c *cli.Context) error {
		id, err := talk.OneArgument(c, "ID")
		if err != nil {
			return err
		}
		return asking(func(c *cli.Context, d *api.Client) error {
			return d.Settle(c.Context, id, api.Settling{Accept: yes, Alias: c.String("as")})
		})(c)
	}
}

func contactRemove(c *cli.Context, d *api.Client, alias string) error {
	k, err := d.Contact(c.Context, alias)
	if err != nil {
		return err
	}
	yes, err := talk.Confirm(c, fmt.Sprintf("End the contact with %s? Only a new invitation "+
		"begins it again.", k.Name), "yes")
	if err != nil || !yes {
		return err
	}
	return d.RemoveContact(c.Context, alias)
}
