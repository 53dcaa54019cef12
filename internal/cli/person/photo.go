package person

import (
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"murmuration/client/api"
	"murmuration/client/content"
	"murmuration/client/photo"
	"murmuration/internal/cli/talk"
	"murmuration/internal/durable"
)

func photoCommand() *cli.Command {
	return &cli.Command{
		Name: "photo", Usage: "full pictures of posts",
		Subcommands: []*cli.Command{{
			Name: "get", ArgsUsage: "ID",
			Usage: "wait for the photo of a post; its boxes come with those of its feed",
			Flags: []cli.Flag{personFlag(),
				&cli.StringFlag{Name: "o", Usage: "`FILE` to write (- is standard output)",
					DefaultText: "ID.jpg"},
				&cli.IntFlag{Name: "n", Value: 1, Usage: "which photo of the post, from 1 on"}},
			Action: photoGet,
		}, {
			Name: "show", ArgsUsage: "ID",
			Usage: "draw the photo of a post on the terminal: kitty, iTerm2, sixel, or blocks",
			Flags: []cli.Flag{personFlag(),
				&cli.IntFlag{Name: "n", Value: 1, Usage: "which photo of the post, from 1 on"}},
			Action: photoShow,
		}, {
			Name: "ask", ArgsUsage: "ID",
			Usage: "have a photo sent again that has expired, by the program of its author, in " +
				"a circle",
			Flags: []cli.Flag{personFlag(),
				&cli.IntFlag{Name: "n", Value: 1, Usage: "which photo of the post, from 1 on"}},
			Action: photoAsk,
		}, {
			Name: "check", ArgsUsage: "FILE",
			Usage: "what a picture's file has beside the picture, which would not go with it: " +
				"place, time, camera",
			Flags: []cli.Flag{talk.JSONFlag()}, Action: photoCheck,
		}},
		Action: talk.NeedSubcommand,
	}
}

func photoGet(c *cli.Context) error {
	id, err := talk.OneArgument(c, "ID")
	if err != nil {
		return err
	}
	n, path := c.Int("n"), c.String("o")
	if err := checkNth(n); err != nil {
		return err
	}
	switch {
	case path == "" && n == 1:
		path = id + ".jpg"
	case path == "":
		path = fmt.Sprintf("%s-%d.jpg", id, n)
	}
	if err := free(path); err != nil {
		return err
	}
	d, err := daemon(c)
	if err != nil {
		return err
	}
	defer d.Close()
	picture, err := fetchPhoto(c, d, id, n)
	if err != nil {
		return err
	}
	return writePicture(c, path, picture)
}

func photoAsk(c *cli.Context) error {
	id, err := talk.OneArgument(c, "ID")
	if err != nil {
		return err
	}
	if err := checkNth(c.Int("n")); err != nil {
		return err
	}
	return asking(func(c *cli.Context, d *api.Client) error {
		if err := d.AskPhoto(c.Context, id, c.Int("n")); err != nil {
			return err
		}
		talk.Say(c, "its author is asked; murmur photo get %s waits for it", id)
		return nil
	})(c)
}

// checkNth refuses a photo that no post has.
func checkNth(n int) error {
	if n < 1 || n > content.MaxPhotos {
		return talk.Usagef("-n %d: a post has up to %d photos", n, content.MaxPhotos)
	}
	return nil
}

// free refuses to write over a file.
func free(path string) error {
	if _, err := os.Stat(path); err == nil && path != "-" {
		return talk.Fail(talk.ExitUser, fmt.Errorf("%s is there already", path),
			"Name another file with -o.")
	}
	return nil
}

// writePicture writes one into a new file, or to stdout.
func writePicture(c *cli.Context, path string, picture []byte) error {
	if path == "-" {
		_, err := c.App.Writer.Write(picture)
		return err
	}
	if err := free(path); err != nil {
		return err
	}
	if err := durable.WriteFile(path, picture, 0o600); err != nil {
		return err
	}
	if !c.Bool("json") { // then lines of JSON are what is data
		fmt.Fprintln(c.App.Writer, path)
	}
	return nil
}

// fetchPhoto waits for a photo, with a bar on a terminal.
func fetchPhoto(c *cli.Context, d *api.Client, id string, n int) ([]byte, error) {
	if !talk.IsTerminal(c.App.ErrWriter) {
		return d.Photo(c.Context, id, n, nil)
	}
	progress := mpb.New(mpb.WithOutput(c.App.ErrWriter), mpb.WithWidth(40))
	bar := progress.AddBar(0,
		mpb.PrependDecorators(decor.Name("photo "), decor.CountersNoUnit("%d of %d boxes")),
		mpb.AppendDecorators(decor.Elapsed(decor.ET_STYLE_GO)))
	picture, err := d.Photo(c.Context, id, n, func(p api.Photo) {
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

// pictureLine says what a photo is, and how far.
func pictureLine(p api.Picture) string {
	what := fmt.Sprintf("photo, %d × %d, %d KiB", p.Width, p.Height, (p.Bytes+1023)/1024)
	if p.Alt != "" {
		what += ": " + strings.Join(strings.Fields(p.Alt), " ") // it is one line
	}
	switch p.State {
	case photo.Coming:
		return fmt.Sprintf("%s; %d of %d boxes are here", what, p.Got, p.Of)
	case photo.Checking:
		return what + "; it is here, and is looked at before it is shown"
	case photo.Expired:
		return what + "; expired"
	case photo.Bad:
		return what + "; what came is something else, or no picture, and was thrown away"
	}
	return what
}
