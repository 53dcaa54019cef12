package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/client"
	"murmuration/internal/config"
	"murmuration/internal/testnet"
)

// leakLimit is the growth in percent an hour that is allowed.
const leakLimit = 1.0

const (
	sampleEvery = 10 * time.Second
	postEvery   = 5 * time.Second
)

// gauges are what must not grow, each read after a full collection.
var gauges = []struct {
	name string
	read func() (float64, error)
}{
	{"heap bytes", func() (float64, error) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc), nil
	}},
	{"goroutines", func() (float64, error) { return float64(runtime.NumGoroutine()), nil }},
	{"open files", func() (float64, error) {
		entries, err := os.ReadDir("/dev/fd")
		return float64(len(entries)), err
	}},
}

// TestSoak runs a whole network over real sockets, with epochs of four seconds and two people, one
// of whom posts all the time, and fits a line to heap, goroutines and open files. MURMUR_SOAK says
// for how long; in an hour keys rotate nine hundred times.
func TestSoak(t *testing.T) {
	long, err := time.ParseDuration(os.Getenv("MURMUR_SOAK"))
	if err != nil {
		t.Skip("takes an hour: just soak (MURMUR_SOAK=60m)")
	}
	s := newSoak(t)
	ctx, cancel := context.WithTimeout(t.Context(), long)
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
	posts   int
	samples [][]float64 // by gauge
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	par, err := config.LoadPreset("fast")
	if err != nil {
		t.Fatal(err)
	}
	s := &soak{samples: make([][]float64, len(gauges)), show: &show{o: Options{
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
			if err := s.sample(); err != nil {
				return err
			}
		}
	}
}

func (s *soak) sample() error {
	runtime.GC()
	for i, g := range gauges {
		value, err := g.read()
		if err != nil {
			return fmt.Errorf("reading %s: %w", g.name, err)
		}
		s.samples[i] = append(s.samples[i], value)
	}
	return nil
}

// judge fails what grows beyond doubt, and says of the rest how small a growth was still visible.
func (s *soak) judge(t *testing.T) {
	perHour := float64(time.Hour / sampleEvery)
	read, err := s.bob.Timeline(s.posts + 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d samples, %d posts, %d of them read by the follower", len(s.samples[0]), s.posts,
		len(read))
	if len(read) < s.posts*9/10 {
		t.Errorf("the follower has %d of %d posts", len(read), s.posts)
	}
	for i, g := range gauges {
		growth, half := slope(s.samples[i], perHour)
		t.Logf("%s: %.4g at the end, growth %.2f ± %.2f %% an hour", g.name,
			s.samples[i][len(s.samples[i])-1], growth, half)
		if growth-half > leakLimit {
			t.Errorf("%s grow by %.2f ± %.2f %% an hour: more than %.0f %%", g.name, growth, half,
				leakLimit)
		}
	}
}
