package demo

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"murmuration/client"
	"murmuration/internal/directory"
	"murmuration/internal/long"
)

// photoParameters are those of the photo row: mean hop 200 ms, one payload slot a second, 4 watched
// boxes, poll share ½, a loop every 2 s.
func photoParameters(t *testing.T) directory.Parameters {
	t.Helper()
	par, err := directory.Defaults("xwing")
	if err != nil {
		t.Fatal(err)
	}
	par.MeanHopDelay = 200 * time.Millisecond
	par.HopDelayLimit = 2 * time.Second
	par.ReplyAllowance = 500 * time.Millisecond
	par.PayloadEvery, par.LoopEvery, par.DropEvery = time.Second, 2*time.Second, time.Second
	par.ReplicateEvery, par.MixLoopEvery = 50*time.Millisecond, 5*time.Second
	par.EpochLength, par.Grace = 160*time.Second, 40*time.Second
	par.BulletinEvery, par.FetchDelay, par.Hold, par.SlowDelay = time.Second, 2*time.Second, 0, 0
	return par
}

// TestPhotoLatency measures the time from posting a photo of about 64 KiB to its being fetched by a
// follower, over real sockets. It takes most of a minute a run, so that MURMUR_PHOTO must say how
// many.
func TestPhotoLatency(t *testing.T) {
	runs := long.Count(t, "MURMUR_PHOTO", 1, 0)
	if runs == 0 {
		t.Skip("takes a minute a run: just photo (MURMUR_PHOTO=20)")
	}
	s := &show{o: Options{
		Dir: filepath.Join(t.TempDir(), "demo"), Parameters: photoParameters(t),
		Patience: 5 * time.Minute, Started: time.Now(),
		Say: t.Logf,
	}, stop: make(chan string)}
	if err := os.Mkdir(s.o.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.build(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, run := range []func(context.Context) error{s.runNetwork, s.alice.Run, s.bob.Run} {
		go func() { // ends with ctx, and with the test
			if err := run(ctx); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		}()
	}
	took := make([]time.Duration, runs)
	for i := range took {
		took[i] = s.photoOnce(t, ctx, i)
		t.Logf("run %d: %.1f s", i+1, took[i].Seconds())
	}
	slices.Sort(took)
	t.Logf("photo of %d bytes: median of %d runs %.1f s, fastest %.1f s, slowest %.1f s",
		s.report.Photo, runs, took[runs/2].Seconds(), took[0].Seconds(), took[runs-1].Seconds())
}

// photoOnce posts the photo and fetches it as soon as the follower sees the post.
func (s *show) photoOnce(t *testing.T, ctx context.Context, run int) time.Duration {
	t.Helper()
	if run == 0 {
		if err := s.meet(ctx); err != nil {
			t.Fatal(err)
		}
	}
	text := "photo " + strconv.Itoa(run)
	began := time.Now()
	receipt, err := s.alice.Post(client.Draft{Text: text, Photos: []client.Photo{
		{File: draw(960, 600)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	own, err := s.alice.Photo(receipt.Post, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.report.Photo = len(own)
	post, err := s.arrives(ctx, text)
	if err == nil {
		err = s.fetched(ctx, post.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	// The next run begins when the author has heard of every box, so that runs do not help each
	// other.
	if err := s.wait(ctx, "the outbox", func() (bool, error) {
		return s.alice.Status().Waiting == 0,
			nil
	}); err != nil {
		t.Fatal(err)
	}
	return took
}
