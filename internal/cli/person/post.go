package person

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/client/content"
	"murmuration/internal/cli/talk"
)

func postCommand() *cli.Command {
	return &cli.Command{
		Name: "post", ArgsUsage: "[TEXT|-]",
		Usage: "queue a post to your followers; it is on disk when the command returns",
		Flags: []cli.Flag{
			personFlag(), talk.JSONFlag(),
			&cli.StringSliceFlag{Name: "photo",
				Usage: "a picture `FILE`: it is rotated, stripped of everything, and encoded " +
					"anew; up to four, in their order"},
			&cli.StringSliceFlag{Name: "alt",
				Usage: "what the photo shows, in words; of several, one for each in their order"},
			talk.EditFlag(),
			&cli.StringSliceFlag{Name: "circle", Usage: "post it to your circle `NAME`, and not " +
				"to your open feed; may be given several times"},
			&cli.StringFlag{Name: "reply", Usage: "answer the post `ID`, through its author"},
			&cli.StringFlag{Name: "expire",
				Usage: "readers' programs erase it after `DUR`: 36h, 30d"},
			&cli.StringFlag{Name: "warning",
				Usage: "what it is about, to be read before it, on one line"},
			&cli.StringSliceFlag{Name: "poll",
				Usage: "an `OPTION` of a poll in a circle; give it two to eight times"},
			&cli.StringFlag{Name: "closes", Usage: "the poll ends after `DUR`", Value: "7d"},
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
	if draft.Text == "" && (len(draft.Photos) == 0 || c.Bool("edit")) {
		if draft.Text, err = talk.Words(c, "", "your post"); err != nil {
			return err
		}
	}
	return postTo(c, d, draft)
}

// postTo posts a draft where it is to go: to each of some circles, to the author of a post, or to
// the open feed.
func postTo(c *cli.Context, d *api.Client, draft api.Draft) error {
	circles := c.StringSlice("circle")
	if len(circles) == 0 {
		circles = []string{""}
	}
	for _, name := range circles {
		var receipt api.Receipt
		var err error
		if draft.Circle = name; c.String("reply") != "" {
			receipt, err = d.Reply(c.Context, c.String("reply"), draft.Text)
		} else {
			receipt, err = d.Post(c.Context, draft)
		}
		if err == nil {
			err = printReceipt(c, receipt)
		}
		if err == nil && c.Duration("wait") != 0 {
			err = waitKept(c, d, receipt.Post)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkReply refuses what an answer cannot have: words alone go to the author of a post.
func checkReply(c *cli.Context) error {
	if !c.IsSet("reply") {
		return nil
	}
	for _, name := range []string{"circle", "photo", "expire", "warning", "poll"} {
		if c.IsSet(name) {
			return talk.Usagef("--reply and --%s contradict each other; nothing was queued", name)
		}
	}
	return nil
}

func readDraft(c *cli.Context) (d api.Draft, err error) {
	if c.NArg() > 1 {
		return d, talk.Usagef("post takes one text; put it in quotes")
	}
	if c.Duration("wait") < 0 {
		return d, talk.Usagef("--wait %s is less than nothing; nothing was queued",
			c.Duration("wait"))
	}
	if c.IsSet("closes") && len(c.StringSlice("poll")) == 0 {
		return d, talk.Usagef("--closes ends a poll, and there is none; nothing was queued")
	}
	if c.IsSet("poll") && !c.IsSet("reply") &&
		(!c.IsSet("circle") || slices.Contains(c.StringSlice("circle"), "")) {
		return d, talk.Usagef("nobody can vote in an open feed: post the poll to one of your " +
			"circles with --circle NAME (`murmur circle list` shows them); nothing was queued")
	}
	d.Quick = c.Bool("quick")
	d.Warning, d.Poll = c.String("warning"), c.StringSlice("poll")
	d.Expire, err = longDuration(c.String("expire"))
	if err == nil {
		d.Closes, err = longDuration(c.String("closes"))
	}
	if err == nil {
		err = checkReply(c)
	}
	if err != nil {
		return d, err
	}
	if c.NArg() == 1 { // else it is asked for when there is somebody to give it to
		if d.Text, err = talk.Words(c, c.Args().First(), "your post"); err != nil {
			return d, err
		}
	}
	d.Photos, err = readPhotos(c.StringSlice("photo"), c.StringSlice("alt"))
	return d, err
}

var errNoPhoto = talk.Usagef("--alt describes a photo, and there is none; nothing was queued")

// maxPhotos is what the pictures of a post may have together, in bytes.
const maxPhotos = 64 << 20

// readPhotos reads pictures with what each of them shows. Of several, each needs its words or none
// has them: whoever cannot see them would be told something wrong.
func readPhotos(paths, alts []string) (all []api.Attached, err error) {
	switch {
	case !utf8.ValidString(strings.Join(alts, "")):
		return nil, talk.ErrNotUTF8
	case len(paths) > content.MaxPhotos:
		return nil, talk.Usagef("a post has up to %d photos, and these are %d; nothing was queued",
			content.MaxPhotos, len(paths))
	case len(alts) > 0 && len(paths) == 0:
		return nil, errNoPhoto
	case len(alts) > 0 && len(alts) != len(paths):
		return nil, talk.Usagef("%s and %s: give each photo its --alt, in their order; nothing "+
			"was queued", talk.Plural(len(paths), "photo", "photos"),
			talk.Plural(len(alts), "description", "descriptions"))
	}
	size := 0
	for i, path := range paths {
		p := api.Attached{}
		if len(alts) > 0 {
			p.Alt = alts[i]
		}
		if p.File, err = talk.ReadPicture(path); err != nil {
			return nil, err
		}
		if size += len(p.File); size > maxPhotos {
			return nil, talk.Usagef("the photos have more than %d MiB together; nothing was queued",
				maxPhotos>>20)
		}
		all = append(all, p)
	}
	return all, nil
}
