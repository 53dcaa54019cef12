package link

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"murmuration/internal/counted"
	"murmuration/internal/long"
)

// besiegedLink tells a child of this test binary to be a listener with its default bounds, which
// sends back each frame that it gets, until its input ends.
const besiegedLink = "MURMUR_TEST_BESIEGED_LINK"

// What comes to the listener.
const (
	halfOpenSlots = 10_000 // connections that say nothing
	slowSlots     = 5_000  // and such as say a byte a second
	residents     = 50     // honest peers that stay, and send a frame a second
	newcomersPace = 50 * time.Millisecond
	redialPause   = 10 * time.Second // of a stranger that was cut
	mostMemory    = 64 << 20         // bytes above what the listener has before
	exchangeFrame = 22_878
)

func init() {
	if os.Getenv(besiegedLink) != "" {
		if err := beBesieged(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

func besiegedConfig(n byte) Config {
	cfg := testConfig(n)
	cfg.FrameSize = func(Kind) int { return exchangeFrame }
	return cfg
}

func beBesieged() error {
	cfg := besiegedConfig(1)
	t, err := NewTLS(cfg)
	if err != nil {
		return err
	}
	l, err := t.Listen("0.0.0.0:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	ctx, cancel := context.WithCancel(context.Background())
	go func() { // ends with the input
		bufio.NewReader(os.Stdin).ReadByte()
		cancel()
	}()
	for {
		c, err := l.Accept(ctx)
		if err != nil {
			fmt.Println(cfg.Counters.Get(evictedHalfOpen), cfg.Counters.Get(evictedOpen),
				cfg.Counters.Get(handshakeSlow))
			return nil
		}
		go echo(c) // ends with the connection
	}
}

func echo(c Conn) {
	defer c.Close()
	frame := make([]byte, exchangeFrame)
	for c.Receive(frame) == nil && c.Send(frame) == nil {
	}
}

// besiegedBy is the listener and what was counted of those who came.
type besiegedBy struct {
	*testing.T
	port   string
	pid    int
	flight []byte // how an honest handshake begins

	came                   atomic.Int64 // strangers
	halfOpen, slow         atomic.Int64 // of them at this moment
	mostHalfOpen, mostSlow int64
	served, failed         [2]atomic.Int64 // frames of residents, newcomers
	again                  atomic.Int64    // newcomers who had to try twice
	memory                 int64           // at most, in bytes
}

// TestManyStrangers: 10,000 connections that say nothing and 5,000 that say a byte of the handshake
// a second, from a thousand places, against a listener with its default bounds.
// Of the frames of honest peers, and of honest newcomers, 99 in 100 are answered; it takes no more
// than 64 MiB for all that. The control: so many were there at once, and had to be evicted.
func TestManyStrangers(t *testing.T) {
	span := long.Time(t, "MURMUR_STRANGERS")
	if span == 0 {
		t.Skip("takes minutes and 16,000 files: just strangers (MURMUR_STRANGERS=60s)")
	}
	b := &besiegedBy{T: t, flight: firstFlight(t)}
	end := b.spawn()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for n := range residents {
		all.Go(func() { b.reside(ctx, n) })
	}
	before := b.rss()
	for n := range halfOpenSlots + slowSlots {
		all.Go(func() { b.stay(ctx, n) })
		if n%50 == 0 {
			after(ctx, 50*time.Millisecond)
		}
	}
	all.Go(func() { b.newcomers(ctx) })
	for since := time.Now(); time.Since(since) < span; after(ctx, 100*time.Millisecond) {
		b.mostHalfOpen = max(b.mostHalfOpen, b.halfOpen.Load())
		b.mostSlow = max(b.mostSlow, b.slow.Load())
		b.memory = max(b.memory, b.rss())
	}
	cancel()
	all.Wait()
	b.judge(before, end())
}

func (b *besiegedBy) judge(before int64, cut string) {
	counted.Say(b, "strangers", "%d strangers came %d times: at most %d half-open and "+
		"%d slow at once, cut by the listener (half-open, open, by the clock): %s",
		halfOpenSlots+slowSlots, b.came.Load(), b.mostHalfOpen, b.mostSlow, cut)
	for i, who := range []string{"frames of honest peers that stay", "honest newcomers"} {
		served, failed := b.served[i].Load(), b.failed[i].Load()
		counted.Say(b, "strangers", "%s: %d of %d served", who, served, served+failed)
		if served < 100 || served*100 < 99*(served+failed) {
			b.Errorf("%s: only %d of %d", who, served, served+failed)
		}
	}
	counted.Say(b, "strangers", "%d newcomers had to try twice; memory %d MiB before, %d at most",
		b.again.Load(), before>>20, b.memory>>20)
	if b.memory-before > mostMemory {
		b.Errorf("%d bytes before, %d at most", before, b.memory)
	}
	// a listener that keeps up cuts them soon, so that they are never there all at once
	if b.mostHalfOpen+b.mostSlow < defaultMaxHandshakes || strings.HasPrefix(cut, "0 ") {
		b.Errorf("control: %d half-open, %d slow, cut: %s", b.mostHalfOpen, b.mostSlow, cut)
	}
}

// spawn starts the listener; the function ends it and tells what it cut.
func (b *besiegedBy) spawn() func() string {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), besiegedLink+"=1")
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { child.Process.Kill() }) // it may be gone
	lines := bufio.NewScanner(out)
	lines.Scan()
	if _, b.port, err = net.SplitHostPort(lines.Text()); err != nil {
		b.Fatal(err)
	}
	b.pid = child.Process.Pid
	return func() string {
		in.Close()
		lines.Scan()
		if err := child.Wait(); err != nil {
			b.Error(err)
		}
		return lines.Text()
	}
}

// rss is the listener's memory in bytes.
func (b *besiegedBy) rss() int64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", b.pid))
	if err != nil {
		b.Error(err)
		return 0
	}
	pages, err := strconv.ParseInt(strings.Fields(string(raw))[1], 10, 64)
	if err != nil {
		b.Error(err)
	}
	return pages * int64(os.Getpagesize())
}

// after is false when the time is up.
func after(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// stay is one stranger that comes back after a while when it is cut. The third of three is slow.
func (b *besiegedBy) stay(ctx context.Context, n int) {
	from := fmt.Sprintf("127.%d.%d.%d", 1+n%40, n/40%25, 1+n/1000%15)
	for ctx.Err() == nil {
		b.came.Add(1)
		if n%3 == 2 {
			b.beSlow(ctx, from)
		} else if c := b.call(ctx, from); c != nil {
			b.halfOpen.Add(1)
			c.Read(make([]byte, 1))
			b.halfOpen.Add(-1)
			c.Close()
		}
		after(ctx, redialPause)
	}
}

// call opens a socket from an address, which ends with ctx; nil if it cannot.
func (b *besiegedBy) call(ctx context.Context, from string) net.Conn {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	c, err := d.DialContext(ctx, "tcp", "127.0.0.1:"+b.port)
	if err != nil {
		return nil
	}
	context.AfterFunc(ctx, func() { c.Close() })
	return c
}

// beSlow says a byte a second of how an honest handshake begins.
func (b *besiegedBy) beSlow(ctx context.Context, from string) {
	c := b.call(ctx, from)
	if c == nil {
		return
	}
	b.slow.Add(1)
	defer b.slow.Add(-1)
	defer c.Close()
	gone := make(chan struct{})
	go func() { // ends with the connection
		c.Read(make([]byte, 1))
		close(gone)
	}()
	for _, x := range b.flight {
		if _, err := c.Write([]byte{x}); err != nil {
			return
		}
		select {
		case <-gone:
			return
		case <-time.After(time.Second):
		}
	}
}

// link makes the socket a link under a key of the number.
func (b *besiegedBy) link(ctx context.Context, socket net.Conn, n int) (Conn, error) {
	cfg := besiegedConfig(0)
	cfg.Identity = Seed(bytes.Repeat([]byte(fmt.Sprintf("%08d", n)), 4))
	t, err := NewTLS(cfg)
	if err != nil {
		return nil, err
	}
	to := Peer{"127.0.0.1:" + b.port, besiegedConfig(1).Identity.Public()}
	return t.cfg.dial(ctx, to, Exchange, func(ctx context.Context) (*channel, error) {
		return t.call(ctx, socket, to.Key)
	})
}

// reside is an honest peer that stays, and comes back when it is cut.
func (b *besiegedBy) reside(ctx context.Context, n int) {
	from := fmt.Sprintf("127.200.%d.1", n)
	for ctx.Err() == nil {
		socket := b.call(ctx, from)
		if socket == nil {
			continue
		}
		c, err := b.link(ctx, socket, 20_000+n)
		for err == nil {
			if err = b.frame(c); err == nil {
				b.served[0].Add(1)
				after(ctx, time.Second)
			}
		}
		if ctx.Err() == nil {
			b.failed[0].Add(1)
		}
		socket.Close()
	}
}

func (b *besiegedBy) frame(c Conn) error {
	frame := make([]byte, exchangeFrame)
	if err := c.Send(frame); err != nil {
		return err
	}
	return c.Receive(frame)
}

// newcomers come one after the other, send a frame and go. Who fails tries again, as clients do.
func (b *besiegedBy) newcomers(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for n := 0; after(ctx, newcomersPace); n++ {
		all.Go(func() {
			err := b.visit(ctx, n)
			if err != nil {
				b.again.Add(1)
				err = b.visit(ctx, n)
			}
			if err == nil {
				b.served[1].Add(1)
			} else if ctx.Err() == nil {
				b.failed[1].Add(1)
				b.Logf("a newcomer failed twice: %v", err)
			}
		})
	}
}

func (b *besiegedBy) visit(ctx context.Context, n int) error {
	socket := b.call(ctx, fmt.Sprintf("127.201.%d.%d", n%200, 1+n/200%250))
	if socket == nil {
		return net.ErrClosed
	}
	defer socket.Close()
	c, err := b.link(ctx, socket, 30_000+n)
	if err == nil {
		err = b.frame(c)
	}
	return err
}
