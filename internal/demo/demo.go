// Package demo shows Murmuration on one computer: a whole network over real TLS sockets on
// loopback, two people, a post and a photo, and what somebody saw who watched every link meanwhile.
//
// It is made of the same parts that a real network runs on and stands in for none of them; only the
// delays are short.
package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/client"
	"murmuration/client/parts"
	"murmuration/client/photo"
	"murmuration/client/picture"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/testnet"
)

// Options are what a person decides about a demo.
type Options struct {
	Dir        string // of the network and the people; must be new
	Parameters directory.Parameters
	Photo      []byte // a picture file; nil draws one
	StopLayer  int    // stops a layer of mixes, to see that nothing gets through; 0 stops none
	Patience   time.Duration
	Started    time.Time // of the process
	Say        func(format string, args ...any)
	Log        *slog.Logger
	// Network is what all its nodes share; links, log and who stops are the demo's own.
	Network testnet.Options
}

// Report is what a demo did and saw.
type Report struct {
	Steps   []Step
	Photo   int // bytes
	Boxes   int // that the post, the photo's post and the photo took
	Streams map[string]uint64
	Own     uint64 // packets that carried something of the two people's
	Packets uint64 // packets that the two people sent
	Watcher Watcher
}

// Step is one thing that happened, and when, counted from the start of the process.
type Step struct {
	What string
	At   time.Duration
}

// ErrLayer says that nothing came through; the text names the layer of mixes that is to blame.
var ErrLayer = errors.New("nothing came through")

const (
	text    = "Hello, flock. Nobody but my followers knows that I said this."
	caption = "and this is what we look like from below"
)

// show is a demo under way.
type show struct {
	o          Options
	net        *testnet.Network
	tap        *testnet.Tap // nil watches nothing
	stop       chan string  // names of nodes
	alice, bob *client.Client
	report     Report
}

// Run makes the network and the people, plays the scene, and stops everything. The report is what
// there is of it, also after an error.
func Run(ctx context.Context, o Options) (Report, error) {
	s := &show{o: o, stop: make(chan string)}
	err := s.build(ctx)
	if err != nil {
		return s.report, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.runNetwork(ctx) })
	group.Go(func() error { return s.alice.Run(ctx) })
	group.Go(func() error { return s.bob.Run(ctx) })
	var played error
	group.Go(func() error {
		defer cancel()
		played = s.play(ctx)
		s.look()
		return nil
	})
	err = group.Wait()
	if played != nil {
		err = played
	} else if errors.Is(err, context.Canceled) {
		err = nil
	}
	return s.report, errors.Join(err, s.alice.Close(), s.bob.Close())
}

func (s *show) build(ctx context.Context) error {
	if err := s.found(ctx); err != nil {
		return err
	}
	s.tap = testnet.NewTap(s.net)
	return s.settle()
}

// found makes the network.
func (s *show) found(ctx context.Context) (err error) {
	s.net, err = testnet.New(ctx, testnet.Plan{
		Dir: filepath.Join(s.o.Dir, "network"), Label: "demo", Host: "127.0.0.1",
		Providers: 3, Width: 2, Parameters: s.o.Parameters, Start: time.Now(),
	})
	return err
}

// settle makes the people.
func (s *show) settle() (err error) {
	if s.alice, err = s.person("alice"); err != nil {
		s.net.Release()
		return err
	}
	if s.bob, err = s.person("bob"); err != nil {
		s.net.Release()
		return errors.Join(err, s.alice.Close())
	}
	s.step("a network is made: 3 providers, %d layers of 2 mixes, suite %s", s.o.Parameters.Layers,
		s.o.Parameters.Suite)
	return nil
}

func (s *show) person(name string) (*client.Client, error) {
	home := filepath.Join(s.o.Dir, name)
	if err := client.Create(home, client.Init{Name: name, Genesis: s.net.Genesis}); err != nil {
		return nil, err
	}
	return client.New(client.Config{Home: home, Log: s.o.Log, Transport: s.tap.Wrap(name, openTLS)})
}

func openTLS(cfg link.Config) (link.Transport, error) { return link.NewTLS(cfg) }

func (s *show) runNetwork(ctx context.Context) error {
	o := s.o.Network
	o.Log, o.Stop = s.o.Log, s.stop
	o.Transport = func(n *testnet.Node, cfg link.Config) (link.Transport, error) {
		return s.tap.Wrap(n.Name, n.OpenTLS)(cfg)
	}
	return s.net.Run(ctx, o, func(map[string]testnet.Runner) {})
}

func (s *show) step(format string, args ...any) {
	done := Step{fmt.Sprintf(format, args...), time.Since(s.o.Started)}
	s.report.Steps = append(s.report.Steps, done)
	s.o.Say("%6.1f s  %s", done.At.Seconds(), done.What)
}

// play is the scene. Each wait has an end, so that a network that carries nothing is reported.
func (s *show) play(ctx context.Context) error {
	if err := s.meet(ctx); err != nil {
		return err
	}
	if _, err := s.alice.Post(client.Draft{Text: text}); err != nil {
		return err
	}
	s.step("alice posts %d characters", len(text))
	if _, err := s.arrives(ctx, text); err != nil {
		return err
	}
	s.step("bob reads them")
	return s.playPhoto(ctx)
}

// meet has both connected, and bob follow alice.
func (s *show) meet(ctx context.Context) error {
	if err := s.wait(ctx, "a connection", func() (bool, error) {
		return s.alice.Status().Connected && s.bob.Status().Connected, nil
	}); err != nil {
		return err
	}
	s.step("alice and bob are connected, each to a provider of their own, and send cover")
	if err := s.stopLayer(ctx); err != nil {
		return err
	}
	feed, err := s.alice.Publish()
	if err != nil {
		return err
	}
	if err := s.bob.Follow(feed.String(), "alice"); err != nil {
		return err
	}
	s.step("bob follows alice by her link (%d characters, no address in it)", len(feed.String()))
	return nil
}

// stopLayer takes a whole layer of mixes down, if that is what the demo is about.
func (s *show) stopLayer(ctx context.Context) error {
	if s.o.StopLayer == 0 {
		return nil
	}
	for _, name := range s.layer(s.o.StopLayer) {
		select {
		case s.stop <- name:
		case <-ctx.Done():
			return ctx.Err()
		}
		s.step("%s of layer %d is stopped", name, s.o.StopLayer)
	}
	return nil
}

// layer names the mixes of a layer, as the network document has it.
func (s *show) layer(number int) (names []string) {
	for _, n := range s.alice.Network().Nodes {
		if n.Layer == number {
			names = append(names, n.Name)
		}
	}
	return names
}

func (s *show) playPhoto(ctx context.Context) error {
	file := s.o.Photo
	if file == nil {
		file = draw(640, 400)
	}
	receipt, err := s.alice.Post(client.Draft{Text: caption, Photos: []client.Photo{
		{File: file, Alt: "a flock of starlings"},
	}})
	if err != nil {
		return err
	}
	sent, err := s.alice.Photo(receipt.Post, 0)
	if err != nil {
		return err
	}
	s.report.Photo = len(sent)
	s.step("alice posts a photo of %d KiB in %d boxes", (len(sent)+1023)/1024, receipt.Boxes)
	post, err := s.arrives(ctx, caption)
	if err != nil {
		return err
	}
	s.step("bob reads the post with its thumbnail")
	if err := s.fetched(ctx, post.ID); err != nil {
		return err
	}
	got, err := s.bob.Photo(post.ID, 0)
	if err != nil {
		return err
	}
	if err := alike(got, sent); err != nil {
		return fmt.Errorf("comparing the photos: %w", err)
	}
	s.step("bob has the photo: its hash was right, and his computer has encoded it anew")
	return os.WriteFile(filepath.Join(s.o.Dir, "photo.jpg"), got, 0o600)
}

// alike says whether two files are pictures of one size.
func alike(a, b []byte) error {
	w1, h1, err1 := picture.Plain(a)
	w2, h2, err2 := picture.Plain(b)
	if w1 != w2 || h1 != h2 {
		return fmt.Errorf("one has %d × %d pixels, and one %d × %d", w1, h1, w2, h2)
	}
	return errors.Join(err1, err2)
}

// fetched waits until bob has the photo of a post.
func (s *show) fetched(ctx context.Context, id string) error {
	return s.wait(ctx, "the photo", func() (bool, error) {
		state, err := s.bob.PhotoState(id, 0)
		return state.Where == photo.Here, err
	})
}

// arrives waits until bob's timeline has the text.
func (s *show) arrives(ctx context.Context, text string) (found parts.Post, err error) {
	err = s.wait(ctx, "the post", func() (bool, error) {
		posts, err := s.bob.Timeline(10)
		for _, p := range posts {
			if p.Text == text {
				found = p
				return true, nil
			}
		}
		return false, err
	})
	return found, err
}

const lookEvery = 50 * time.Millisecond

func (s *show) wait(ctx context.Context, what string, done func() (bool, error)) error {
	late := time.NewTimer(s.o.Patience)
	defer late.Stop()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return s.blame(what)
		case <-tick.C:
		}
	}
}

// blame names the layer that let nothing through, as a watcher of the links can tell: the first
// that no packet reaches, or else the first that none leaves.
func (s *show) blame(what string) error {
	if len(s.alice.Network().Nodes) == 0 {
		return fmt.Errorf("%w: waited %s for %s; no network document has come yet", ErrLayer,
			s.o.Patience, what)
	}
	for _, end := range []struct {
		says  string
		moved func(nodes []string) bool
	}{{"is down: no packet reaches it", s.reached}, {"passes nothing on", s.left}} {
		for layer := 1; layer <= s.o.Parameters.Layers; layer++ {
			if nodes := s.layer(layer); !end.moved(nodes) {
				return fmt.Errorf("%w: waited %s for %s; layer %d %s (%s)", ErrLayer, s.o.Patience,
					what, layer, end.says, strings.Join(nodes, ", "))
			}
		}
	}
	return fmt.Errorf("%w: waited %s for %s; packets move in every layer, so that it is late or "+
		"lost", ErrLayer, s.o.Patience, what)
}
