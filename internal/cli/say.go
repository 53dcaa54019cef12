package cli

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/client/picture"
)

func postCommand() *cli.Command {
	return &cli.Command{
		Name: "post", ArgsUsage: "[TEXT|-]",
		Usage: "queue a post to your followers; it is on disk when the command returns",
		Flags: []cli.Flag{
			personFlag(), jsonFlag(),
			&cli.StringFlag{Name: "photo",
				Usage: "a picture `FILE`: it is rotated, stripped of everything, and encoded anew"},
			&cli.StringFlag{Name: "alt", Usage: "what the photo shows, in words"},
			&cli.DurationFlag{Name: "wait",
				Usage: "wait up to `DUR` until its holders keep it (exit code 8 when they do not)"},
			&cli.BoolFlag{Name: "quick", Usage: "let it travel fast: readers have it minutes " +
				"sooner, and watchers need fewer posts to find you"},
		},
		Action: post,
	}
}

// maxText bounds what is read of standard input; the feed's own limit is lower and says so.
const maxText = 64 << 10

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
	receipt, err := d.Post(c.Context, draft)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		err = printJSON(c, receipt)
	} else {
		fmt.Fprintln(c.App.Writer, receipt.Post)
		say(c, "queued in %s; expected to be stored %s", plural(receipt.Boxes, "box", "boxes"),
			receipt.Expected)
	}
	if err != nil || c.Duration("wait") == 0 {
		return err
	}
	return waitKept(c, d, receipt.Post)
}

func readDraft(c *cli.Context) (d api.Draft, err error) {
	if c.NArg() > 1 {
		return d, usagef("post takes one text; put it in quotes")
	}
	if c.Duration("wait") < 0 {
		return d, usagef("--wait %s is less than nothing; nothing was queued", c.Duration("wait"))
	}
	d.Text, d.Alt, d.Quick = c.Args().First(), c.String("alt"), c.Bool("quick")
	if d.Text == "-" {
		if d.Text, err = readText(c); err != nil {
			return d, err
		}
	}
	// JSON would put U+FFFD in its place, in silence
	if !utf8.ValidString(d.Text) || !utf8.ValidString(d.Alt) {
		return d, fail(exitUser, errors.New("the text is not valid UTF-8"),
			"Convert it to UTF-8 first; nothing was queued.")
	}
	if d.Alt != "" && c.String("photo") == "" {
		return d, usagef("--alt describes a photo, and there is none; nothing was queued")
	}
	if path := c.String("photo"); path != "" {
		if d.Photo, err = readPhoto(path); err != nil {
			return d, err
		}
	}
	return d, nil
}

// readText is standard input, with the line ends of other systems made our own.
func readText(c *cli.Context) (string, error) {
	text, err := untilDone(c.Context, func() ([]byte, error) {
		return io.ReadAll(io.LimitReader(c.App.Reader, maxText+1))
	})
	if err != nil {
		return "", fmt.Errorf("reading the text: %w", err)
	}
	if len(text) > maxText {
		return "", usagef("the text has more than %d KiB; nothing was queued", maxText>>10)
	}
	return strings.TrimRight(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"), nil
}

// maxPhoto is what a picture file may have; the client says the same.
const maxPhoto = 32 << 20

func readPhoto(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fail(exitUser, fmt.Errorf("reading the photo: %w", err), "")
	}
	if !info.Mode().IsRegular() { // a device would fill the memory, a pipe would wait for ever
		return nil, fail(exitUser, fmt.Errorf("%s is not a file", path),
			"Name a picture; nothing was queued.")
	}
	if info.Size() > maxPhoto {
		return nil, fail(exitUser, fmt.Errorf("%s has %d MiB, a photo may have %d", path,
			info.Size()>>20, maxPhoto>>20), "Make it smaller first; nothing was queued.")
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fail(exitUser, fmt.Errorf("reading the photo: %w", err), "")
	}
	if _, _, err := image.DecodeConfig(bytes.NewReader(file)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, picture.ErrNotPicture)
	}
	return file, nil
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
				say(c, "kept")
				return nil
			}
			if l.Post == id && l.State == "expired" {
				return fail(exitNetwork, fmt.Errorf("the post is not kept: %s", l.Reason),
					"Post it again.")
			}
		}
		select {
		case <-tick.C:
		case <-timeout.C:
			return fail(exitWait, errors.New("not kept yet"),
				"It stays in the outbox and goes on by itself: murmur outbox")
		case <-c.Context.Done():
			return c.Context.Err()
		}
	}
}

func feedCommand() *cli.Command {
	return &cli.Command{
		Name: "feed", Usage: "open feeds: publish your own, follow others by their link",
		Subcommands: []*cli.Command{
			{Name: "publish", Usage: "make your feed if there is none, and print the link for " +
				"readers who begin now", Flags: []cli.Flag{personFlag()},
				Action: asking(feedPublish)},
			{
				Name: "follow", ArgsUsage: "LINK|-", Usage: "read a feed from its link",
				Flags: []cli.Flag{personFlag(),
					&cli.StringFlag{Name: "name",
						Usage: "your own name for it"}}, Action: feedFollow,
			},
			{Name: "unfollow", ArgsUsage: "NUMBER",
				Usage: "forget a feed; `feed list` has the numbers",
				Flags: []cli.Flag{personFlag()}, Action: feedUnfollow},
			{Name: "list", Usage: "the feeds that you follow",
				Flags: []cli.Flag{personFlag(), jsonFlag()}, Action: asking(feedList)},
		},
		Action: needSubcommand,
	}
}

func feedPublish(c *cli.Context, d *api.Client) error {
	link, err := d.Publish(c.Context)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.App.Writer, link)
	say(c, "whoever has this link can read what you post from now on, and cannot find out who you "+
		"are from it")
	return nil
}

func feedFollow(c *cli.Context) error {
	link, err := oneArgument(c, "LINK")
	if err != nil {
		return err
	}
	if link == "-" {
		if link, err = readText(c); err != nil {
			return err
		}
	}
	d, err := daemon(c)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Follow(c.Context, link, c.String("name")); err != nil {
		return err
	}
	say(c, "following; new posts come by themselves, older ones more slowly: murmur timeline")
	return nil
}

func feedUnfollow(c *cli.Context) error {
	word, err := oneArgument(c, "NUMBER")
	if err != nil {
		return err
	}
	token, err := strconv.ParseUint(word, 10, 64)
	if err != nil {
		return usagef("%q is not a number; `murmur feed list` has them", word)
	}
	d, err := daemon(c)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Unfollow(c.Context, token)
}

func feedList(c *cli.Context, d *api.Client) error {
	feeds, err := d.Follows(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON[api.Followed](c, feeds...)
	}
	rows := [][]string{}
	for _, f := range feeds {
		rows = append(rows, []string{fmt.Sprint(f.Token), f.Name, plural(f.Posts, "post", "posts")})
	}
	if len(rows) == 0 {
		say(c, "nobody yet; follow somebody: murmur feed follow LINK")
	}
	return printTable(c, rows)
}
