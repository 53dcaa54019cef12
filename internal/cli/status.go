package cli

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
)

func outboxCommand() *cli.Command {
	return &cli.Command{
		Name:   "outbox",
		Usage:  "what was queued, and how far it is: queued, handed over, stored, kept, expired",
		Flags:  []cli.Flag{personFlag(), jsonFlag()},
		Action: asking(outbox),
	}
}

func outbox(c *cli.Context, d *api.Client) error {
	lines, err := d.Outbox(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON[api.Entry](c, lines...)
	}
	rows := [][]string{}
	for _, l := range lines {
		far, more := progress(l)
		queued := l.Queued.Local().Format("2006-01-02 15:04:05")
		rows = append(rows, []string{l.Post, l.State, far, queued, more})
	}
	if len(rows) == 0 {
		say(c, "nothing was posted from here yet")
	}
	return printTable(c, rows)
}

// progress is how many boxes of an entry are as far as its state says, and what else there is to
// say about it.
func progress(l api.Entry) (far, more string) {
	n := l.Kept
	switch l.State {
	case "handed over":
		n = l.Handed
	case "stored":
		n, more = l.Stored, "not all of its holders have listed it yet"
	}
	if l.Soon != "" {
		more = "to be stored " + l.Soon
	}
	return fmt.Sprintf("%d of %s", n, plural(l.Boxes, "box", "boxes")), more + l.Reason
}

func statusCommand() *cli.Command {
	return &cli.Command{
		Name:   "status",
		Usage:  "connection, clock, network document, streams and loops of this home",
		Flags:  []cli.Flag{personFlag(), jsonFlag()},
		Action: asking(status),
	}
}

func status(c *cli.Context, d *api.Client) error {
	s, err := d.Status(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c, s)
	}
	link := "not connected"
	if s.Connected {
		link = "connected to " + s.Provider
	}
	guard := "nothing has come back yet"
	if !s.LastReply.IsZero() {
		guard = "last reply at " + s.LastReply.Local().Format("2006-01-02 15:04:05")
	}
	if failing := time.Duration(s.Failing) * time.Second; !s.Serves && failing >= time.Minute {
		guard += fmt.Sprintf("; in vain for %s so far", failing.Truncate(time.Minute))
	}
	sent := []string{}
	for _, stream := range slices.Sorted(maps.Keys(s.Sent)) {
		sent = append(sent, fmt.Sprintf("%s %d", stream, s.Sent[stream]))
	}
	document := "no network document yet"
	if !s.Until.IsZero() {
		document = fmt.Sprintf("document of %d valid until %s", s.Document,
			s.Until.Local().Format("15:04:05"))
	}
	loops := "none is back or late yet"
	if s.LoopsOf > 0 {
		loops = fmt.Sprintf("%.0f %% of the last %d came back", 100*s.Loops, s.LoopsOf)
	}
	err = printTable(c, [][]string{
		{"person", s.Name}, {"network", s.Label + " " + s.Network}, {"link", link},
		{"guard", guard},
		{"clock", s.Now.Format(time.RFC3339)}, {"epoch", fmt.Sprintf("%d, %s", s.Epoch, document)},
		{"loops", loops},
		{"sent", strings.Join(sent, ", ")},
		{"outbox", plural(s.Waiting, "box waits", "boxes wait")},
		{"follows", fmt.Sprint(s.Follows)},
		{"write tokens", tokensLeft(s)},
	})
	for _, t := range s.Trouble {
		say(c, "trouble: %s\n  %s", t.What, t.Do)
	}
	return err
}

func networkShowCommand() *cli.Command {
	return &cli.Command{
		Name: "show", Usage: "the network as the newest document has it",
		Flags: []cli.Flag{personFlag(), jsonFlag()}, Action: asking(networkShow),
	}
}

func networkShow(c *cli.Context, d *api.Client) error {
	v, err := d.Network(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c, v)
	}
	fmt.Fprintf(c.App.Writer, "network %s %s, suite %s\nepoch %d, valid until %s, digest %s\n\n",
		v.Label, v.ID, v.Suite, v.Epoch, v.Until.Local().Format("2006-01-02 15:04:05"), v.Digest)
	slices.SortFunc(v.Nodes, func(a, b api.Node) int {
		return cmp.Or(cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.Name, b.Name))
	})
	rows := [][]string{}
	for _, n := range v.Nodes {
		place, note := n.Role, ""
		if n.Layer > 0 {
			place = fmt.Sprintf("%s, layer %d", n.Role, n.Layer)
		}
		if n.Own {
			note = "your provider"
		}
		rows = append(rows, []string{n.Name, place, n.Addr, fmt.Sprintf("%d packets", n.Packets),
			note})
	}
	return printTable(c, rows)
}

func networkBudgetCommand() *cli.Command {
	return &cli.Command{
		Name: "budget", Usage: "what taking part costs and gives, whether or not you do anything",
		Flags: []cli.Flag{personFlag(), jsonFlag()}, Action: asking(networkBudget),
	}
}

func networkBudget(c *cli.Context, d *api.Client) error {
	v, err := d.Network(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c, v.Budget)
	}
	b := v.Budget
	return printTable(c, [][]string{
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

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
