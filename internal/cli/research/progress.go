package research

import (
	"sync"
	"time"

	"github.com/urfave/cli/v2"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"murmuration/internal/cli/talk"
	"murmuration/sim"
)

// simBar shows a run's progress on a terminal; elsewhere it shows nothing.
type simBar struct {
	container *mpb.Progress
	bar       *mpb.Bar
	count     *sim.Progress
	done      chan struct{}
	gone      sync.WaitGroup
}

func showProgress(c *cli.Context, count *sim.Progress) *simBar {
	b := &simBar{count: count, done: make(chan struct{})}
	if !talk.IsTerminal(c.App.ErrWriter) {
		return b
	}
	b.container = mpb.New(mpb.WithOutput(c.App.ErrWriter), mpb.WithAutoRefresh())
	b.bar = b.container.AddBar(0,
		mpb.PrependDecorators(decor.Name("replications "), decor.CountersNoUnit("%d of %d")),
		mpb.AppendDecorators(decor.AverageSpeed(0, "%.2f/s "),
			decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO), "done"), decor.Name(" left")))
	b.gone.Add(1)
	go b.follow()
	return b
}

// follow moves the bar until stop is called.
func (b *simBar) follow() {
	defer b.gone.Done()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-b.done:
			return
		case <-tick.C:
			b.bar.SetTotal(b.count.Planned.Load(), false)
			b.bar.SetCurrent(b.count.Done.Load())
		}
	}
}

// stop takes the bar away.
func (b *simBar) stop() {
	close(b.done)
	b.gone.Wait()
	if b.bar != nil {
		b.bar.SetTotal(b.count.Planned.Load(), false)
		b.bar.SetCurrent(b.count.Done.Load())
		b.bar.Abort(false)
		b.container.Wait()
	}
}
