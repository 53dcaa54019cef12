package person

import (
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"murmuration/client/api"
	"murmuration/internal/cli/screen"
	"murmuration/internal/cli/talk"
)

// Sizes of pictures on a terminal, in cells.
const (
	thumbColumns, thumbRows = 32, 10
	mostColumns, mostRows   = 120, 40
)

// screenOf is what can be shown where a command writes: nothing on what is no terminal.
func screenOf(w io.Writer) screen.Kind {
	if !talk.IsTerminal(w) {
		return screen.None
	}
	return screen.Detect(os.Getenv)
}

// drawThumb draws a small picture under its line, where --photos asks for it.
func drawThumb(c *cli.Context, p api.Picture) error {
	kind := screenOf(c.App.Writer)
	if kind == screen.None || !c.Bool("photos") || len(p.Thumb) == 0 {
		return nil
	}
	return screen.Draw(c.App.Writer, kind, p.Thumb, thumbColumns, thumbRows)
}

// drawPhoto draws a photo as large as the terminal has room for it.
func drawPhoto(c *cli.Context, file []byte) error {
	columns, rows := mostColumns, mostRows
	if out, ok := c.App.Writer.(*os.File); ok {
		if w, h, err := term.GetSize(int(out.Fd())); err == nil {
			columns, rows = min(w, columns), min(max(h-4, 4), rows)
		}
	}
	return screen.Draw(c.App.Writer, screenOf(c.App.Writer), file, columns, rows)
}

// photoShow draws the photo of a post.
func photoShow(c *cli.Context) error {
	id, err := talk.OneArgument(c, "ID")
	if err != nil {
		return err
	}
	if err := checkNth(c.Int("n")); err != nil {
		return err
	}
	if screenOf(c.App.Writer) == screen.None {
		return talk.Fail(talk.ExitUser, fmt.Errorf("nothing can be drawn here"),
			"It takes a terminal with colours; MURMUR_PICTURES=kitty, iterm2, sixel, blocks or "+
				"blocks256 says what yours has. Else: murmur photo get "+id)
	}
	return asking(func(c *cli.Context, d *api.Client) error {
		file, err := fetchPhoto(c, d, id, c.Int("n"))
		if err != nil {
			return err
		}
		return drawPhoto(c, file)
	})(c)
}
