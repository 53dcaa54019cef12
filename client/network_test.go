package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/client"
	"murmuration/internal/box"
	"murmuration/internal/config"
	"murmuration/internal/link"
	"murmuration/internal/testnet"
	providernode "murmuration/provider/node"
)

// network is a whole network of drivers in virtual time, for clients that are drivers themselves.
type network struct {
	*testnet.Network
	t      *testing.T
	fabric *link.Fabric
	log    *slog.Logger // of the clients

	mu    sync.Mutex // guards what follows
	conns []link.Conn
	keys  []link.PublicKey // under which clients linked
	boxes []box.ID         // that were stored
}

// overNetwork runs a test with a network around it; the clients write all that they log.
func overNetwork(t *testing.T, log io.Writer, do func(*network)) {
	par, err := config.LoadPreset("fast")
	if err != nil {
		t.Fatal(err)
	}
	par.BoxPlaintext = box.RecordHeaderSize + 1024
	par.EpochLength = 12 * time.Second
	par.Grace = 3 * time.Second
	par.PayloadEvery, par.LoopEvery, par.DropEvery = 500*time.Millisecond, time.Second, time.Second
	par.MixLoopEvery, par.ReplicateEvery = 10*time.Second, 120*time.Millisecond
	par.BulletinEvery = time.Second
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		<-time.After(26 * 365 * 24 * time.Hour) // a bubble begins in 2000, a network may not
		n, err := testnet.New(t.Context(), testnet.Plan{
			Dir: filepath.Join(dir, "net"), Label: "test", Host: "127.0.0.1", Providers: 3,
			Width:      1,
			Parameters: par, Start: time.Now(),
		})
		if err != nil {
			t.Fatal(err)
		}
		n.Release()
		w := &network{Network: n, t: t, fabric: link.NewFabric()}
		w.log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		ctx, cancel := context.WithCancel(context.Background())
		var people errgroup.Group
		err = n.Run(ctx, testnet.Options{
			Transport: func(_ *testnet.Node, cfg link.Config) (link.Transport, error) {
				return w.fabric.Transport(cfg)
			},
			Store: func(*testnet.Node) providernode.Store {
				return noting{box.NewMemStore(0), w}
			},
		}, func(map[string]testnet.Runner) {
			people.Go(func() error { // ends with the test
				defer cancel()
				do(w)
				return nil
			})
		})
		if err := errors.Join(err, people.Wait()); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// noting is a provider's store that notes which boxes it has.
type noting struct {
	*box.MemStore
	w *network
}

func (n noting) Write(day box.Day, b box.Box, pay box.Token,
	to ...box.Holder) (box.Outcome, error) {
	n.w.mu.Lock()
	n.w.boxes = append(n.w.boxes, b.ID)
	n.w.mu.Unlock()
	return n.MemStore.Write(day, b, pay, to...)
}

// transport is a client's, whose connections can be cut.
func (w *network) transport(cfg link.Config) (link.Transport, error) {
	w.mu.Lock()
	w.keys = append(w.keys, cfg.Identity.Public())
	w.mu.Unlock()
	t, err := w.fabric.Transport(cfg)
	return cut{t, w}, err
}

type cut struct {
	link.Transport
	w *network
}

func (c cut) Dial(ctx context.Context, to link.Peer, kind link.Kind) (link.Conn, error) {
	conn, err := c.Transport.Dial(ctx, to, kind)
	if err == nil {
		c.w.mu.Lock()
		c.w.conns = append(c.w.conns, conn)
		c.w.mu.Unlock()
	}
	return conn, err
}

// hangUp cuts every connection that a client made.
func (w *network) hangUp() {
	w.mu.Lock()
	conns := w.conns
	w.conns = nil
	w.mu.Unlock()
	for _, conn := range conns {
		conn.Close()
	}
}

// resident is a person with their client.
type resident struct {
	*client.Client
	w    *network
	home string
	room atomic.Int64 // how often the disk has room yet
	stop func()       // ends Run, and closes the home
}

func (w *network) settle(name string) *resident {
	r := &resident{w: w, home: filepath.Join(w.Plan.Dir, "..", name)}
	if err := client.Create(r.home, client.Init{Name: name, Genesis: w.Genesis}); err != nil {
		w.t.Fatal(err)
	}
	r.room.Store(math.MaxInt64)
	r.start()
	return r
}

// free is a disk that has room as often as r.room says.
func (r *resident) free(string) (uint64, error) {
	if r.room.Add(-1) < 0 {
		return 0, nil
	}
	return math.MaxInt64, nil
}

func (r *resident) start() {
	c, err := client.New(
		client.Config{Home: r.home, Transport: r.w.transport, Free: r.free, Log: r.w.log},
	)
	if err != nil {
		r.w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }() // ends with r.stop
	r.Client = c
	r.stop = func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			r.w.t.Errorf("a client ended with %v", err)
		}
		if err := c.Close(); err != nil {
			r.w.t.Error(err)
		}
	}
}

func (r *resident) restart() {
	r.stop()
	r.start()
}

// await looks every second of virtual time, for `limit` at most.
func (w *network) await(what string, limit time.Duration, done func() bool) bool {
	w.t.Helper()
	for range limit / time.Second {
		if done() {
			return true
		}
		<-time.After(time.Second)
	}
	w.t.Errorf("after %v of virtual time: no %s", limit, what)
	return false
}

func (r *resident) say(d client.Draft) client.Receipt {
	r.w.t.Helper()
	receipt, err := r.Post(d)
	if err != nil {
		r.w.t.Error(err)
	}
	return receipt
}

// read puts a timeline into one string, the oldest first.
func (r *resident) read() (all string) {
	posts, err := r.Timeline(100)
	if err != nil {
		r.w.t.Error(err)
	}
	for _, p := range slices.Backward(posts) {
		all += fmt.Sprintf("%s: %s\n", p.Author(), p.Text)
	}
	return all
}

// noise is a JPEG file that does not get smaller when it is encoded again.
func noise(t testing.TB, w, h int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(
				x, y,
				color.RGBA{uint8(rng.IntN(256)), uint8(rng.IntN(256)), uint8(rng.IntN(256)), 255},
			)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
