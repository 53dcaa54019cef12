package person

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/talk"
)

// NetworkCommands are the verbs of `murmur network` that ask a person's daemon.
func NetworkCommands() []*cli.Command {
	return []*cli.Command{networkShowCommand(), networkBudgetCommand(), networkFindingsCommand()}
}

func networkShowCommand() *cli.Command {
	return &cli.Command{
		Name: "show", Usage: "the network as the newest document has it",
		Flags: []cli.Flag{personFlag(), talk.JSONFlag()}, Action: asking(networkShow),
	}
}

func networkShow(c *cli.Context, d *api.Client) error {
	v, err := d.Network(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return talk.JSON(c, v)
	}
	if len(v.Nodes) == 0 { // its epochs count from 0
		talk.Print(c, "network %s %s, suite %s", v.Label, v.ID, v.Suite)
		talk.Say(c, "there is no network document yet: it is fetched as soon as a provider answers")
		return nil
	}
	talk.Print(c, "network %s %s, suite %s\nepoch %d, valid until %s, digest %s\n",
		v.Label, v.ID, v.Suite, v.Epoch, talk.When(v.Until, talk.Second), v.Digest)
	slices.SortFunc(v.Nodes, func(a, b api.Node) int {
		return cmp.Or(cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.Name, b.Name))
	})
	rows := [][]string{}
	for _, n := range v.Nodes {
		place, note := n.Role, ""
		if n.Layer > 0 {
			place = fmt.Sprintf("%s, layer %d", n.Role, n.Layer)
		}
		if n.New {
			note = "on probation: it carries no packets of people"
		}
		if n.Own {
			note = "your provider"
		}
		if n.Family != "" {
			place += ", family " + n.Family
		}
		rows = append(rows, []string{n.Name, place, n.Addr, fmt.Sprintf("%d packets", n.Packets),
			note})
	}
	return talk.Table(c, rows)
}

func networkBudgetCommand() *cli.Command {
	return &cli.Command{
		Name: "budget", Usage: "what taking part costs and gives, whether or not you do anything",
		Flags: []cli.Flag{personFlag(), talk.JSONFlag()}, Action: asking(networkBudget),
	}
}

func networkBudget(c *cli.Context, d *api.Client) error {
	v, err := d.Network(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return talk.JSON(c, v.Budget)
	}
	b := v.Budget
	return talk.Table(c, [][]string{
		{"traffic", fmt.Sprintf("%.0f MB a day each way, always", b.BytesPerDay/1e6)},
		{"frames", fmt.Sprintf("%.0f a day each way, %d bytes each", b.FramesPerDay, b.FrameBytes)},
		{"content", fmt.Sprintf("up to %.1f MB a day", b.ContentPerDay/1e6)},
		{"a round trip takes", about(b.RoundTrip) + " on average"},
		{"a post is stored", b.PostWindow.String()},
		{"a post is read", fmt.Sprintf("after %s on average, a slow one after %s, by who is online",
			about(b.PostRead), about(b.PostSlow))},
		{"what you read hides", among(b)},
		{"bulletins take", fmt.Sprintf("%.0f of %.0f free bytes a second, with %d people",
			b.Bulletins, b.Free, b.Clients)},
		{"writing takes", tokens(b)},
		{"a packet hides", crowd(b.Entropy)},
	})
}

func about(d time.Duration) string {
	if d > time.Minute {
		return d.Round(time.Second).String()
	}
	return d.Round(100 * time.Millisecond).String()
}

// among says what a crowd is worth.
func among(b api.Budget) string {
	if b.Clients <= b.Whole {
		return fmt.Sprintf("completely: up to %d people, everybody fetches everything", b.Whole)
	}
	return fmt.Sprintf("among at least %.0f others who fetch the same box, with %d people; "+
		"completely with up to %d", b.Crowd, b.Clients, b.Whole)
}

// crowd says what an entropy is worth.
func crowd(bits float64) string {
	if bits == 0 {
		return "among few or none: there is hardly any traffic, or it was not counted yet"
	}
	return fmt.Sprintf("among about %.0f (%.1f bits), for somebody who watches all links",
		math.Exp2(bits), bits)
}

// tokens says what paying for writes costs.
func tokens(b api.Budget) string {
	if b.Tokens == 0 {
		return "no tokens"
	}
	return fmt.Sprintf("a token a box, of %d a day from ten providers: %.1f kB a day of the free "+
		"bytes, and %d frames that nobody tells apart", b.Tokens, float64(b.TokenBytes)/1e3,
		b.TokenAsks)
}
