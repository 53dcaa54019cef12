package person

import (
	"fmt"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/talk"
)

func postCommand() *cli.Command {
	return &cli.Command{
		Name: "post", ArgsUsage: "[TEXT|-]",
		Usage: "queue a post to your followers; it is on disk when the command returns",
		Flags: []cli.Flag{
			personFlag(), talk.JSONFlag(),
			&cli.StringFlag{Name: "photo",
				Usage: "a picture `FILE`: it is rotated, stripped of everything, and encoded anew"},
			&cli.StringFlag{Name: "alt", Usage: "what the photo shows, in words"},
			talk.EditFlag(),
			&cli.DurationFlag{Name: "wait",
				Usage: "wait up to `DUR` until its holders keep it (exit code 8 when they do not)"},
			&cli.BoolFlag{Name: "quick", Usage: "let it travel fast: readers have it minutes " +
				"sooner, and watchers need fewer posts to find you"},
		},
		Action: post,
	}
}

func post(c *cli.Context) error {
	draft, err := readDraft(c)
	if err != nil {
		return err
	}
	d, err := daemon(c)
	if err != nil {
		return err
	}
	defer d.Close()
	if draft.Text == "" && (len(draft.Photo) == 0 || c.Bool("edit")) {
		if draft.Text, err = talk.Words(c, "", "your post"); err != nil {
			return err
		}
	}
	receipt, err := d.Post(c.Context, draft)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		err = talk.JSON(c, receipt)
	} else {
		fmt.Fprintln(c.App.Writer, receipt.Post)
		talk.Say(c, "queued in %s; expected to be stored %s", talk.Plural(receipt.Boxes, "box",
			"boxes"),
			receipt.Expected)
	}
	if err != nil || c.Duration("wait") == 0 {
		return err
	}
	return waitKept(c, d, receipt.Post)
}

func readDraft(c *cli.Context) (d api.Draft, err error) {
	if c.NArg() > 1 {
		return d, talk.Usagef("post takes one text; put it in quotes")
	}
	if c.Duration("wait") < 0 {
		return d, talk.Usagef("--wait %s is less than nothing; nothing was queued",
			c.Duration("wait"))
	}
	d.Alt, d.Quick = c.String("alt"), c.Bool("quick")
	if c.NArg() == 1 { // else it is asked for when there is somebody to give it to
		if d.Text, err = talk.Words(c, c.Args().First(), "your post"); err != nil {
			return d, err
		}
	}
	if !utf8.ValidString(d.Alt) {
		return d, talk.ErrNotUTF8
	}
	if d.Alt != "" && c.String("photo") == "" {
		return d, talk.Usagef("--alt describes a photo, and there is none; nothing was queued")
	}
	if path := c.String("photo"); path != "" {
		if d.Photo, err = talk.ReadPicture(path); err != nil {
			return d, err
		}
	}
	return d, nil
}
