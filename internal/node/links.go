package node

import (
	"context"
	"crypto/rand"
	"log/slog"
	mrand "math/rand/v2"
	"sync"

	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// Links are the outgoing links of a node: one to each node of the next layer, as the current document
// has it.
type Links struct {
	cfg     LinksConfig
	changed chan struct{} // one place: "out has wires that do not run yet"

	mu  sync.Mutex // guards all below
	out map[directory.NodeID]*wire
}

type wire struct {
	peer link.Peer
	*link.Outbound
	stop context.CancelFunc // nil until Run has it running
}

// LinksConfig is what links need.
type LinksConfig struct {
	Transport link.Transport
	Buffers   *Buffers
	FrameSize int
	Counters  *link.Counters
	Log       *slog.Logger
}

// NewLinks allocates; nothing happens before Run.
func NewLinks(cfg LinksConfig) *Links {
	return &Links{cfg: cfg, changed: make(chan struct{}, 1), out: map[directory.NodeID]*wire{}}
}

// Set says which nodes there must be links to. Packets for them are queued from now on, even before the
// links are up.
func (w *Links) Set(want map[directory.NodeID]link.Peer) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, old := range w.out {
		if peer, ok := want[id]; !ok || peer != old.peer {
			if old.stop != nil {
				old.stop()
			}
			delete(w.out, id)
		}
	}
	for id, peer := range want {
		if w.out[id] != nil {
			continue
		}
		outbound, err := w.open(peer)
		if err != nil {
			return err
		}
		w.out[id] = &wire{peer: peer, Outbound: outbound}
	}
	nudge(w.changed)
	return nil
}

// Send queues a packet for a node; it is false, and the packet stays with the caller, when there is no
// link or its queue is full.
func (w *Links) Send(to directory.NodeID, packet []byte) bool {
	w.mu.Lock()
	wire := w.out[to]
	w.mu.Unlock()
	return wire != nil && wire.Send(packet)
}

// Connected counts the links that are up, of all that there must be.
func (w *Links) Connected() (up, all int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, wire := range w.out {
		if wire.Outbound.Connected() {
			up++
		}
	}
	return up, len(w.out)
}

// Run keeps the links that Set asks for, until ctx ends and all of them are gone.
func (w *Links) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		w.start(ctx, &running)
		select {
		case <-ctx.Done():
			return nil
		case <-w.changed:
		}
	}
}

func (w *Links) start(ctx context.Context, running *sync.WaitGroup) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, wire := range w.out {
		if wire.stop != nil {
			continue
		}
		ctx, stop := context.WithCancel(ctx)
		wire.stop = stop
		running.Go(func() { _ = wire.Run(ctx) }) // ends with its own ctx; it has no other error
	}
}

func (w *Links) open(peer link.Peer) (*link.Outbound, error) {
	var seed [32]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return nil, err
	}
	return link.NewOutbound(link.OutboundConfig{
		Transport: w.cfg.Transport, Peer: peer, FrameSize: w.cfg.FrameSize, Free: w.cfg.Buffers.Put,
		Jitter: mrand.New(mrand.NewChaCha8(seed)), Counters: w.cfg.Counters, Log: w.cfg.Log,
	})
}
