package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"murmuration/client/api"
	"murmuration/internal/durable"
)

func timelineCommand() *cli.Command {
	return &cli.Command{
		Name:  "timeline",
		Usage: "the last posts, the newest last; from this computer, without the network",
		Flags: []cli.Flag{
			personFlag(), jsonFlag(), &cli.IntFlag{Name: "n", Value: 20, Usage: "how many"},
			&cli.DurationFlag{Name: "wait",
				Usage: "wait up to `DUR` until there is a post (exit code 8 when there is none)"},
		},
		Action: timeline,
	}
}

func timeline(c *cli.Context) error {
	if c.Int("n") < 1 || c.Int("n") > api.MaxTimeline {
		return usagef("-n %d: give a number of posts, 1 to %d", c.Int("n"), api.MaxTimeline)
	}
	return asking(printTimeline)(c)
}

func printTimeline(c *cli.Context, d *api.Client) error {
	posts, err := awaitPosts(c, d)
	if err != nil {
		return err
	}
	slices.Reverse(posts)
	if c.Bool("json") {
		return printJSON[api.Post](c, posts...)
	}
	if len(posts) == 0 {
		say(c, "nothing yet; whom you follow: murmur feed list")
	}
	for _, p := range posts {
		fmt.Fprintf(c.App.Writer, "%s  %s  %s\n", p.ID, p.Time.Local().Format("2006-01-02 15:04"),
			p.Author)
		for line := range strings.Lines(p.Text) {
			fmt.Fprintf(c.App.Writer, "    %s\n", strings.TrimRight(line, "\n"))
		}
		if p.Photo != nil {
			fmt.Fprintf(c.App.Writer, "    [%s]\n", pictureLine(p))
		}
	}
	return nil
}

// awaitPosts is the timeline, and with --wait as soon as there is anything in it.
func awaitPosts(c *cli.Context, d *api.Client) ([]api.Post, error) {
	late := time.NewTimer(c.Duration("wait"))
	defer late.Stop()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		posts, err := d.Timeline(c.Context, c.Int("n"))
		if err != nil || len(posts) > 0 || c.Duration("wait") == 0 {
			return posts, err
		}
		select {
		case <-c.Context.Done():
			return nil, c.Context.Err()
		case <-late.C:
			return nil, fail(exitWait, errors.New("no post has come yet"),
				"It will come by itself; `murmur status` says how things are.")
		case <-tick.C:
		}
	}
}

func pictureLine(p api.Post) string {
	what := fmt.Sprintf("photo, %d × %d, %d KiB", p.Photo.Width, p.Photo.Height,
		(p.Photo.Bytes+1023)/1024)
	if p.Photo.Alt != "" {
		what += ": " + p.Photo.Alt
	}
	switch p.Photo.State {
	case "coming":
		return fmt.Sprintf("%s; %d of %d boxes are here", what, p.Photo.Got, p.Photo.Of)
	case "expired":
		return what + "; expired"
	case "bad":
		return what + "; what its boxes hold is something else"
	}
	return what
}

func photoCommand() *cli.Command {
	return &cli.Command{
		Name: "photo", Usage: "full pictures of posts",
		Subcommands: []*cli.Command{{
			Name: "get", ArgsUsage: "ID",
			Usage: "wait for the photo of a post; its boxes come with those of its feed",
			Flags: []cli.Flag{personFlag(),
				&cli.StringFlag{Name: "o", Usage: "`FILE` to write (- is standard output)",
					DefaultText: "ID.jpg"}},
			Action: photoGet,
		}},
		Action: needSubcommand,
	}
}

func photoGet(c *cli.Context) error {
	id, err := oneArgument(c, "ID")
	if err != nil {
		return err
	}
	path := c.String("o")
	if path == "" {
		path = id + ".jpg"
	}
	if _, err := os.Stat(path); err == nil && path != "-" {
		return fail(exitUser, fmt.Errorf("%s is there already", path), "Name another file with -o.")
	}
	d, err := daemon(c)
	if err != nil {
		return err
	}
	defer d.Close()
	picture, err := fetchPhoto(c, d, id)
	if err != nil {
		return err
	}
	if path == "-" {
		_, err := c.App.Writer.Write(picture)
		return err
	}
	if err := durable.WriteFile(path, picture, 0o600); err != nil {
		return err
	}
	fmt.Fprintln(c.App.Writer, path)
	return nil
}

// fetchPhoto waits for a photo, with a bar on a terminal.
func fetchPhoto(c *cli.Context, d *api.Client, id string) ([]byte, error) {
	if !isTerminal(c.App.ErrWriter) {
		return d.Photo(c.Context, id, nil)
	}
	progress := mpb.New(mpb.WithOutput(c.App.ErrWriter), mpb.WithWidth(40))
	bar := progress.AddBar(0,
		mpb.PrependDecorators(decor.Name("photo "), decor.CountersNoUnit("%d of %d boxes")),
		mpb.AppendDecorators(decor.Elapsed(decor.ET_STYLE_GO)))
	picture, err := d.Photo(c.Context, id, func(p api.Photo) {
		bar.SetTotal(int64(max(p.Of, 1)), false)
		bar.SetCurrent(int64(p.Got))
	})
	if err != nil {
		bar.Abort(false)
	} else {
		bar.SetTotal(-1, true)
	}
	progress.Wait()
	return picture, err
}
