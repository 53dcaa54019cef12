package person

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"murmuration/client/api"
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
					DefaultText: "ID.jpg"}},
			Action: photoGet,
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
	path := c.String("o")
	if path == "" {
		path = id + ".jpg"
	}
	if _, err := os.Stat(path); err == nil && path != "-" {
		return talk.Fail(talk.ExitUser, fmt.Errorf("%s is there already", path),
			"Name another file with -o.")
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
	if !talk.IsTerminal(c.App.ErrWriter) {
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
