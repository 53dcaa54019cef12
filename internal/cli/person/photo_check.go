package person

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"murmuration/client/content"
	"murmuration/client/decoder"
	"murmuration/client/picture"
	"murmuration/internal/cli/talk"
)

// photoCheck says what does not go with a picture; the daemon is not asked.
func photoCheck(c *cli.Context) error {
	path, err := talk.OneArgument(c, "FILE")
	if err != nil {
		return err
	}
	file, err := talk.ReadPicture(path)
	if err != nil {
		return err
	}
	found, err := decoder.Inspect(c.Context, file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fit, err := decoder.Prepare(c.Context, file, content.MaxPhoto, content.MaxThumb)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if c.Bool("json") {
		return talk.JSON(c, strippedOf(path, len(file), found, fit))
	}
	return printStripped(c, len(file), found, fit)
}

// stripped is what `photo check --json` prints.
type stripped struct {
	File   string      `json:"file"`
	Bytes  int         `json:"bytes"`
	Found  []foundJSON `json:"found"` // what does not go
	After  int         `json:"bytes_after"`
	Width  int         `json:"width"`
	Height int         `json:"height"`
	Notes  []string    `json:"notes,omitempty"` // what its author may miss
}

type foundJSON struct {
	What  string `json:"what"`
	Value string `json:"value,omitempty"`
	Bytes int    `json:"bytes,omitempty"`
}

func strippedOf(path string, size int, found []picture.Found, fit picture.Picture) stripped {
	v := stripped{
		File: path, Bytes: size, Found: []foundJSON{}, After: len(fit.JPEG), Width: fit.Width,
		Height: fit.Height,
	}
	for _, f := range found {
		v.Found = append(v.Found, foundJSON(f))
	}
	for _, n := range fit.Notes {
		v.Notes = append(v.Notes, n.String())
	}
	return v
}

func printStripped(c *cli.Context, size int, found []picture.Found, fit picture.Picture) error {
	rows := [][]string{}
	for _, f := range found {
		row := []string{f.What, f.Value}
		if f.Value == "" && f.Bytes > 0 {
			row[1] = talk.Plural(f.Bytes, "byte", "bytes")
		}
		rows = append(rows, row)
	}
	if err := talk.Table(c, rows); err != nil {
		return err
	}
	if len(found) == 0 {
		talk.Say(c, "there is nothing in the file but the picture")
	} else {
		talk.Say(c, "none of this goes with the picture")
	}
	for _, n := range fit.Notes {
		talk.Say(c, "%s", n)
	}
	talk.Say(c, "it goes as a JPEG of %d × %d pixels: %d KiB instead of %d", fit.Width, fit.Height,
		(len(fit.JPEG)+1023)>>10, (size+1023)>>10)
	return nil
}
