package person

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/talk"
)

func quotaCommand() *cli.Command {
	return &cli.Command{
		Name: "quota",
		Usage: "how much posts and photos take, and how much they may; the oldest go first, a " +
			"week after you were told",
		Flags: []cli.Flag{
			personFlag(), talk.JSONFlag(),
			&cli.StringFlag{Name: "size", Usage: "let them take `SIZE`, as in 500MiB or 2GiB"},
			&cli.IntFlag{Name: "days",
				Usage: "keep them for so many days; 0 is as long as there is room"},
		},
		Action: asking(showQuota),
	}
}

func showQuota(c *cli.Context, d *api.Client) error {
	q, err := d.Quota(c.Context)
	if err != nil {
		return err
	}
	if c.IsSet("size") || c.IsSet("days") {
		limits := api.Limits{Bytes: q.Bytes, Days: q.Days}
		if c.IsSet("size") {
			if limits.Bytes, err = parseSize(c.String("size")); err != nil {
				return err
			}
		}
		if c.IsSet("days") {
			limits.Days = c.Int("days")
		}
		if err := d.SetQuota(c.Context, limits); err != nil {
			return err
		}
		if q, err = d.Quota(c.Context); err != nil {
			return err
		}
	}
	if c.Bool("json") {
		return talk.JSON(c, q)
	}
	kept := "as long as there is room"
	if q.Days > 0 {
		kept = "for " + talk.Plural(q.Days, "day", "days")
	}
	fmt.Fprintf(c.App.Writer, "%s of %s, %s (%d pinned), kept %s\n", size(q.Used), size(q.Bytes),
		talk.Plural(q.Posts, "post", "posts"), q.Pinned, kept)
	if q.Going != nil {
		talk.Say(c, "the oldest posts go from %s on; murmur pin ID keeps one",
			talk.When(*q.Going, talk.Minute))
	}
	return nil
}

var units = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

func size(bytes int64) string {
	for _, u := range units {
		if bytes >= u.bytes {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(bytes)/float64(u.bytes)), ".0") +
				" " + u.name
		}
	}
	return fmt.Sprintf("%d bytes", bytes)
}

func parseSize(text string) (int64, error) {
	for _, u := range units {
		n, is := strings.CutSuffix(strings.ToLower(text), strings.ToLower(u.name))
		if f, err := strconv.ParseFloat(strings.TrimSpace(n), 64); is && err == nil &&
			f > 0 && f*float64(u.bytes) < math.MaxInt64/2 {
			return int64(f * float64(u.bytes)), nil
		}
	}
	return 0, talk.Usagef("%q is no size; give one as in 500MiB or 2GiB", text)
}

func pinCommand(name, usage string, pinned bool) *cli.Command {
	return &cli.Command{
		Name: name, ArgsUsage: "ID", Usage: usage, Flags: []cli.Flag{personFlag()},
		Action: func(c *cli.Context) error {
			id, err := talk.OneArgument(c, "ID")
			if err != nil {
				return err
			}
			return asking(func(c *cli.Context, d *api.Client) error {
				return d.Pin(c.Context, api.Pin{Post: id, Pinned: pinned})
			})(c)
		},
	}
}
