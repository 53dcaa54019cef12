package person

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/talk"
)

func searchCommand() *cli.Command {
	return &cli.Command{
		Name: "search", ArgsUsage: "QUERY", Usage: "what has all of some words, the newest last; " +
			"the last word may be a beginning",
		Flags: []cli.Flag{
			personFlag(), talk.JSONFlag(), &cli.IntFlag{Name: "n", Value: 20, Usage: "how many"},
			&cli.Uint64Flag{Name: "before", Usage: "go on before `NUMBER`, as the last page says"},
		},
		Action: func(c *cli.Context) error {
			if c.Int("n") < 1 || c.Int("n") > api.MaxTimeline {
				return talk.Usagef("-n %d: give a number, 1 to %d", c.Int("n"), api.MaxTimeline)
			}
			if strings.TrimSpace(strings.Join(c.Args().Slice(), "")) == "" {
				return talk.Usagef("what is to be looked for? murmur search WORD…")
			}
			if c.Uint64("before") > math.MaxInt64 {
				return talk.Usagef("--before %d is no number of a page", c.Uint64("before"))
			}
			return asking(printHits)(c)
		},
	}
}

func printHits(c *cli.Context, d *api.Client) error {
	query := strings.Join(c.Args().Slice(), " ")
	hits, err := d.Search(c.Context, query, c.Uint64("before"), c.Int("n"))
	if err != nil {
		return err
	}
	if len(hits) == c.Int("n") {
		defer talk.Say(c, "earlier ones: --before %d", hits[len(hits)-1].Number)
	}
	slices.Reverse(hits)
	if c.Bool("json") {
		return talk.JSON[api.Hit](c, hits...)
	}
	if len(hits) == 0 {
		talk.Say(c, "nothing has all of these words")
	}
	for _, h := range hits {
		switch {
		case h.Message != nil:
			printMessages(c, "", []api.Message{*h.Message})
		case h.Post == nil:
			fmt.Fprintln(c.App.Writer, h.Ref)
		default:
			if err := printPost(c, *h.Post, shownLines); err != nil {
				return err
			}
		}
	}
	return nil
}
