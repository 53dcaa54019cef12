package person

import (
	"strings"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/talk"
)

func appCommand() *cli.Command {
	return &cli.Command{
		Name: "app", Usage: "small programs with one contact: a game, a payment request",
		Subcommands: []*cli.Command{
			{
				Name: "list", ArgsUsage: "[ALIAS]",
				Usage:  "what runs with your contacts, what changed last first",
				Flags:  []cli.Flag{personFlag(), talk.JSONFlag(), followFlag()},
				Action: asking(appList),
			},
			{
				Name: "show", ArgsUsage: "ID", Usage: "a game or a request, as it stands",
				Flags:  []cli.Flag{personFlag(), talk.JSONFlag(), qrFlag()},
				Action: appShow,
			},
			{
				Name: "run", Usage: "begin something, or go on with it",
				Subcommands: []*cli.Command{gameCommand(), payCommand()},
				Action:      talk.NeedSubcommand,
			},
		},
		Action: talk.NeedSubcommand,
	}
}

func gameCommand() *cli.Command {
	return &cli.Command{
		Name: "game", ArgsUsage: "ALIAS [MOVE]",
		Usage: "four in a row: let a stone fall into a column, 1 to 7; without one, look",
		Flags: append(doingFlags(), &cli.BoolFlag{Name: "new", Usage: "begin another game"}),
		Action: func(c *cli.Context) error {
			if c.NArg() < 1 || c.NArg() > 2 {
				return talk.Usagef("give whom you play with, and a column for a move")
			}
			return appRun(c, "game", c.Args().Tail())
		},
	}
}

func payCommand() *cli.Command {
	return &cli.Command{
		Name: "pay", ArgsUsage: "ALIAS [AMOUNT ADDRESS | paid | received | withdraw]",
		Usage: "ask for bitcoins, say that you paid, or that they came; it moves no money itself",
		Flags: append(doingFlags(), qrFlag(),
			&cli.StringFlag{Name: "for", Usage: "what it is for: `WORDS`, up to 100 bytes"}),
		Action: func(c *cli.Context) error {
			if c.NArg() < 1 || c.NArg() > 3 || c.IsSet("for") && c.NArg() != 3 {
				return talk.Usagef("give whom you ask, how much, and your address; or what you " +
					"say about a request: paid, received or withdraw")
			}
			words := c.Args().Tail()
			if c.String("for") != "" {
				words = append(words, c.String("for"))
			}
			return appRun(c, "pay", words)
		},
	}
}

func doingFlags() []cli.Flag {
	return []cli.Flag{
		personFlag(), talk.JSONFlag(),
		&cli.StringFlag{Name: "id", Usage: "which one, if there are several: its `ID`"},
	}
}

func qrFlag() cli.Flag {
	return &cli.BoolFlag{Name: "qr", Usage: "draw what a wallet takes for its camera"}
}

// appRun says words in an app; without words it shows what runs.
func appRun(c *cli.Context, app string, words []string) error {
	d, err := daemon(c)
	if err != nil {
		return err
	}
	defer d.Close()
	with := c.Args().First()
	if len(words) == 0 {
		return appLook(c, d, app, with)
	}
	done, err := d.RunApp(c.Context, api.Doing{
		App: app, With: with, ID: c.String("id"), New: c.Bool("new"), Words: words,
	})
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return talk.JSON(c, done)
	}
	if err := printApp(c, done.View); err != nil {
		return err
	}
	talk.Say(c, "queued; expected to be stored %s", done.Receipt.Expected)
	return nil
}

// appLook shows the open instances of an app with a contact, or the last one.
func appLook(c *cli.Context, d *api.Client, app, with string) error {
	all, err := d.Apps(c.Context, with)
	if err != nil {
		return err
	}
	shown := []api.AppView{}
	for _, v := range all {
		asked := c.String("id") == "" || strings.HasPrefix(v.ID, c.String("id"))
		if v.App == app && asked && (v.Open || len(shown) == 0) {
			shown = append(shown, v)
		}
	}
	if c.Bool("json") {
		return talk.JSON(c, shown...)
	}
	if len(shown) == 0 {
		talk.Say(c, "nothing yet; begin it: murmur app run %s --help", app)
	}
	for _, v := range shown {
		if err := printApp(c, v); err != nil {
			return err
		}
	}
	return nil
}

func appList(c *cli.Context, d *api.Client) error {
	if c.NArg() > 1 {
		return talk.Usagef("app list takes one alias")
	}
	return follow(c, d, func() error {
		all, err := d.Apps(c.Context, c.Args().First())
		if err != nil {
			return err
		}
		if c.Bool("json") {
			return talk.JSON(c, all...)
		}
		if len(all) == 0 {
			talk.Say(c, "nothing yet; there are a game and payment requests: murmur app run --help")
		}
		rows := [][]string{}
		for _, v := range all {
			rows = append(rows, []string{
				v.ID, v.App, v.With, talk.When(v.Changed, talk.Minute), v.Title,
			})
		}
		return talk.Table(c, rows)
	}, "app")
}

func appShow(c *cli.Context) error {
	id, err := talk.OneArgument(c, "ID")
	if err != nil {
		return err
	}
	return asking(func(c *cli.Context, d *api.Client) error {
		v, err := d.App(c.Context, id)
		if err != nil {
			return err
		}
		if c.Bool("json") {
			return talk.JSON(c, v)
		}
		return printApp(c, v)
	})(c)
}

// printApp prints what the app says, and behind a margin what its beginner does.
func printApp(c *cli.Context, v api.AppView) error {
	talk.Print(c, "%s  %s  %s", v.ID, v.With, v.Title)
	printText(c, v.Says, 0, "")
	for _, line := range v.Lines {
		talk.Print(c, indent+"%s", line)
	}
	if v.URI != "" {
		talk.Print(c, indent+"%s", v.URI)
	}
	for _, note := range v.Notes {
		talk.Say(c, "%s", note)
	}
	if v.URI != "" && c.Bool("qr") {
		return talk.QR(c, v.URI)
	}
	return nil
}
