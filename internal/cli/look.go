package cli

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
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
