package person

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/client/relation"
	"murmuration/internal/cli/talk"
)

func deviceCommand() *cli.Command {
	return &cli.Command{
		Name: "device", Usage: "use several computers as one person",
		Subcommands: []*cli.Command{
			{
				Name: "link", Usage: "make the key by which another computer is known as yours",
				Flags: []cli.Flag{
					personFlag(), talk.JSONFlag(),
					&cli.BoolFlag{Name: "qr", Usage: "draw the key for a camera as well"},
				},
				Description: "Then make a backup, take it to the other computer, and restore it " +
					"there with --link.",
				Action: asking(deviceLink),
			},
			{Name: "list", Usage: "your devices, or those of a contact", ArgsUsage: "[ALIAS]",
				Flags: []cli.Flag{personFlag(), talk.JSONFlag()}, Action: asking(deviceList)},
			{Name: "revoke", ArgsUsage: "ID", Usage: "tell all contacts that a device is gone",
				Description: "Keys are new from then on, and old backups are void: make a new " +
					"one. The ID " + api.Restored + " is whoever restored a backup of yours " +
					"without being linked; " + api.Others + " are all but this one: say so on " +
					"a computer where you restored a backup, if the one before was stolen.",
				Flags: []cli.Flag{personFlag()}, Action: asking(deviceRevoke)},
			{Name: "object", Usage: "tell all contacts that this device is not gone",
				Description: "For when another device, or somebody with a backup, said so.",
				Flags:       []cli.Flag{personFlag()}, Action: asking(deviceObject)},
			{Name: "keep", ArgsUsage: "ALIAS ID",
				Usage: "of a contact's devices that contradict each other keep one",
				Description: "Compare words with them first: `murmur contact verify`. The others " +
					"are forgotten.",
				Flags: []cli.Flag{personFlag()}, Action: asking(deviceKeep)},
		},
		Action: talk.NeedSubcommand,
	}
}

func deviceLink(c *cli.Context, d *api.Client) error {
	l, err := d.LinkDevice(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return talk.JSON(c, l)
	}
	fmt.Fprintln(c.App.Writer, l.Key)
	if c.Bool("qr") {
		if err := talk.QR(c, l.Key); err != nil {
			return err
		}
	}
	talk.Say(c, "For one computer, until %s; show it to nobody. Next: murmur backup make FILE, "+
		"then on the other computer: murmur backup restore FILE --link", day(l.Until))
	return nil
}

func deviceList(c *cli.Context, d *api.Client) error {
	ask := func() ([]api.Device, error) { return d.Devices(c.Context) }
	if c.NArg() > 0 {
		alias, err := talk.OneArgument(c, "ALIAS")
		if err != nil {
			return err
		}
		ask = func() ([]api.Device, error) { return d.OtherDevices(c.Context, alias) }
	}
	all, err := ask()
	if err != nil {
		return err
	}
	for _, v := range all {
		if c.Bool("json") {
			if err := talk.JSON(c, v); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintln(c.App.Writer, deviceLine(v))
	}
	return nil
}

// shortID is how much of a device's id a line shows.
const shortID = 8

func deviceLine(v api.Device) string {
	line := "the only one"
	if v.ID != "" {
		line = v.ID[:shortID]
	}
	if v.This {
		line += "  this one"
	}
	if !v.Heard.IsZero() {
		line += "  heard of on " + talk.When(v.Heard, talk.Day)
	}
	if v.Standing != "" && v.Standing != "live" {
		line += "  " + v.Standing
	}
	return line
}

func deviceRevoke(c *cli.Context, d *api.Client) error {
	id, err := talk.OneArgument(c, "ID")
	if err != nil {
		return err
	}
	if err := d.RevokeDevice(c.Context, id); err != nil {
		return err
	}
	talk.Say(c, "your contacts are told; old backups are void: murmur backup make FILE")
	return nil
}

func deviceObject(c *cli.Context, d *api.Client) error {
	if err := d.Object(c.Context); err != nil {
		return err
	}
	talk.Say(c, "your contacts are told, and write to neither device until they have compared "+
		"words with you")
	return nil
}

func deviceKeep(c *cli.Context, d *api.Client) error {
	if c.NArg() != 2 {
		return talk.Usagef("give an ALIAS and an ID, which `murmur device list ALIAS` shows")
	}
	return d.KeepDevice(c.Context, c.Args().Get(0), c.Args().Get(1))
}

// linkKey is the key with which a backup is restored as a second device, if --link or --link-file
// ask for it.
func linkKey(c *cli.Context) (*relation.Key, error) {
	if !c.Bool("link") && c.String("link-file") == "" {
		return nil, nil
	}
	text, err := secret(c, "link-file", "Key that `murmur device link` printed: ")
	if errors.Is(err, errEmpty) {
		return nil, talk.Usagef("the key is empty; `murmur device link` on the first device " +
			"prints it. Nothing was made")
	}
	if err != nil {
		return nil, err
	}
	defer clear(text)
	key, err := relation.ParseKey(string(text))
	return &key, err
}
