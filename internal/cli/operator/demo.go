package operator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
	"murmuration/internal/config"
	"murmuration/internal/demo"
)

// started is about when the process began.
var started = time.Now()

func Demo() *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "a whole network on this computer: two people, a post and a photo",
		Description: "Three providers and three layers of two mixes run in this process over TLS " +
			"sockets on 127.0.0.1.\n" +
			"Everything is as in a real network but for the short delays. Nothing is left behind " +
			"without --keep.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "photo",
				Usage: "send this picture `FILE` instead of a drawn one"},
			&cli.BoolFlag{Name: "keep",
				Usage: "keep the network and the people's homes, and say where"},
			&cli.IntFlag{Name: "stop-layer",
				Usage: "stop the mixes of layer `N`, to see that nothing gets through"},
			&cli.DurationFlag{Name: "patience", Value: time.Minute,
				Usage: "how long to wait for each step"},
			talk.VerboseFlag(),
		},
		Action: runDemo,
	}
}

func runDemo(c *cli.Context) error {
	o, err := demoOptions(c)
	if err != nil {
		return err
	}
	if o.Dir, err = os.MkdirTemp("", "murmur-demo-"); err != nil {
		return talk.Fail(talk.ExitUser, fmt.Errorf("making a place for the demo: %w", err),
			"Set TMPDIR to a directory with 100 MB free.")
	}
	if !c.Bool("keep") {
		defer os.RemoveAll(o.Dir)
	}
	report, err := demo.Run(c.Context, o)
	if errors.Is(err, context.Canceled) {
		return err
	}
	if len(report.Steps) > 0 {
		printDemo(c, report)
	}
	if c.Bool("keep") {
		talk.Say(c, "kept in %s; the photo as bob got it: %s", o.Dir, filepath.Join(o.Dir,
			"photo.jpg"))
	}
	if errors.Is(err, demo.ErrLayer) {
		hint := "That is what shall happen when a layer is down: run the demo without --stop-layer."
		if o.StopLayer == 0 {
			hint = "This computer may be busy: try again, with a longer --patience."
		}
		return talk.Fail(talk.ExitNetwork, err, hint)
	}
	return err
}

// demoOptions refuses what cannot be shown before a network is made.
func demoOptions(c *cli.Context) (o demo.Options, err error) {
	par, err := config.LoadPreset("demo")
	if err != nil {
		return o, err
	}
	o = demo.Options{
		Parameters: par, StopLayer: c.Int("stop-layer"), Patience: c.Duration("patience"),
		Started: started,
		Say:     func(format string, args ...any) { talk.Say(c, format, args...) },
	}
	if o.StopLayer < 0 || o.StopLayer > par.Layers {
		return o, talk.Usagef("--stop-layer %d: the demo has layers 1 to %d", o.StopLayer,
			par.Layers)
	}
	if o.Patience <= 0 {
		return o, talk.Usagef("--patience %s: give a time in which something can happen, like 30s",
			o.Patience)
	}
	if c.Bool("verbose") {
		o.Log = talk.Logger(c.App.ErrWriter, true)
	}
	if path := c.String("photo"); path != "" {
		o.Photo, err = talk.ReadPicture(path)
	}
	return o, err
}

func printDemo(c *cli.Context, r demo.Report) {
	out := c.App.Writer
	fmt.Fprintln(out, "\nhow long each step took")
	before := time.Duration(0)
	for _, s := range r.Steps {
		fmt.Fprintf(out, "  %6.1f s  %s\n", (s.At - before).Seconds(), s.What)
		before = s.At
	}
	if r.Packets > 0 {
		fmt.Fprintf(out, "\nwhat the two people sent: %d packets, of which %d carried something "+
			"of theirs; %.0f %% was cover\n",
			r.Packets, r.Own, 100*float64(r.Packets-min(r.Own, r.Packets))/float64(r.Packets))
	}
	w := r.Watcher
	if w.Frames == 0 {
		return
	}
	fmt.Fprintf(out, "\nwhat a watcher of all links saw: %d frames (%.1f MB) on %d directed "+
		"links, of %d sizes: %s\n",
		w.Frames, float64(w.Bytes)/1e6, w.Links, len(w.Sizes), joinInts(w.Sizes))
	for _, p := range w.People {
		fmt.Fprintf(out, "  %-6s %d frames up, %d down, %.1f a second, all of %s bytes\n", p.Name,
			p.Up, p.Down, p.Rate, joinInts(p.Sizes))
	}
	fmt.Fprintln(out, "  who wrote and who read does not show: both send all the time, whether or "+
		"not they have anything to say")
}

func joinInts(list []int) string {
	words := make([]string, len(list))
	for i, n := range slices.Sorted(slices.Values(list)) {
		words[i] = fmt.Sprint(n)
	}
	return strings.Join(words, ", ")
}
