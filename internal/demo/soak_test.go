package demo

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/client"
	"murmuration/internal/config"
	"murmuration/internal/counted"
	"murmuration/internal/long"
	"murmuration/internal/testnet"
)

const (
	sampleEvery = 10 * time.Second
	postEvery   = 5 * time.Second
)

// TestSoak runs a whole network over real sockets, with epochs of four seconds and two people, one
// of whom posts all the time, and fits a line to goroutines and open files. MURMUR_SOAK says
// for how long; in an hour keys rotate nine hundred times.
func TestSoak(t *testing.T) {
	span := long.Time(t, "MURMUR_SOAK")
	if span == 0 {
		t.Skip("takes an hour: just soak (MURMUR_SOAK=60m)")
	}
	s := newSoak(t)
	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error {
		return s.net.Run(running, testnet.Options{}, func(map[string]testnet.Runner) {})
	})
	for _, person := range []*client.Client{s.alice, s.bob} {
		group.Go(func() error { return person.Run(running) })
	}
	group.Go(func() error { return s.live(running) })
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
	s.judge(t)
}

// soak is the network, its people, and what was measured.
type soak struct {
	*show
	posts int
	samples
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	par, err := config.LoadPreset("fast")
	if err != nil {
		t.Fatal(err)
	}
	s := &soak{samples: newSamples(), show: &show{o: Options{
		Dir: filepath.Join(t.TempDir(), "soak"), Parameters: par, Patience: time.Minute,
		Started: time.Now(), Say: t.Logf,
	}}}
	if err := os.Mkdir(s.o.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.found(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.settle(); err != nil { // without a tap, whose notes would grow
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, person := range []*client.Client{s.alice, s.bob} {
			if err := person.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return s
}

// live has alice post and bob read, and samples the gauges, until ctx ends.
func (s *soak) live(ctx context.Context) error {
	if err := s.meet(ctx); err != nil {
		return err
	}
	post, sample := time.NewTicker(postEvery), time.NewTicker(sampleEvery)
	defer post.Stop()
	defer sample.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-post.C:
			if _, err := s.alice.Post(client.Draft{Text: "post " +
				strconv.Itoa(s.posts)}); err != nil {
				return err
			}
			s.posts++
		case <-sample.C:
			if err := s.take(); err != nil {
				return err
			}
		}
	}
}

// judge sees to it that the posts are read and that nothing leaks. Heap is shown only: bulletins
// are kept for days, so that it grows for days. TestSoakOfDays judges it.
func (s *soak) judge(t *testing.T) {
	read, err := s.bob.Timeline(s.posts + 1)
	if err != nil {
		t.Fatal(err)
	}
	counted.Say(t, "soak", "%d posts, %d of them read by the follower", s.posts, len(read))
	if len(read) < s.posts*9/10 {
		t.Errorf("the follower has %d of %d posts", len(read), s.posts)
	}
	s.samples.judge(t, float64(time.Hour/sampleEvery), "heap bytes")
}
