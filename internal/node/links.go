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

// links are the outgoing links of a node: one to each node of the next layer, as the current
// document has it.
type links struct {
	cfg     linksConfig
	changed chan struct{} // one place: "out has links that do not run yet"

	mu  sync.Mutex // guards all below
	out map[directory.NodeID]*outgoing
}

// outgoing is one link.
type outgoing struct {
	peer link.Peer
	*link.Outbound
	stop context.CancelFunc // nil until Run has it running
}

// linksConfig is what links need.
type linksConfig struct {
	Transport link.Transport
	Buffers   *buffers
	FrameSize int
	Counters  *link.Counters
	Log       *slog.Logger
}

// newLinks allocates; nothing happens before Run.
func newLinks(cfg linksConfig) *links {
	return &links{cfg: cfg, changed: make(chan struct{}, 1), out: map[directory.NodeID]*outgoing{}}
}

// set says which nodes there must be links to. Packets for them are queued from now on, even before
// the links are up.
func (l *links) set(want map[directory.NodeID]link.Peer) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, old := range l.out {
		if peer, ok := want[id]; !ok || peer != old.peer {
			if old.stop != nil {
				old.stop()
			}
			delete(l.out, id)
		}
	}
	for id, peer := range want {
		if l.out[id] != nil {
			continue
		}
		outbound, err := l.open(peer)
		if err != nil {
			return err
		}
		l.out[id] = &outgoing{peer: peer, Outbound: outbound}
	}
	nudge(l.changed)
	return nil
}

// send queues a packet for a node; it is false, and the packet stays with the caller, when there is
// no link or its queue is full.
func (l *links) send(to directory.NodeID, packet []byte) bool {
	l.mu.Lock()
	o := l.out[to]
	l.mu.Unlock()
	return o != nil && o.Send(packet)
}

// connected counts the links that are up, of all that there must be.
func (l *links) connected() (up, all int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.out {
		if o.Outbound.Connected() {
			up++
		}
	}
	return up, len(l.out)
}

// run keeps the links that set asks for, until ctx ends and all of them are gone.
func (l *links) run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		l.start(ctx, &running)
		select {
		case <-ctx.Done():
			return nil
		case <-l.changed:
		}
	}
}

func (l *links) start(ctx context.Context, running *sync.WaitGroup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.out {
		if o.stop != nil {
			continue
		}
		ctx, stop := context.WithCancel(ctx)
		o.stop = stop
		running.Go(func() { _ = o.Run(ctx) }) // ends with its own ctx; it has no other error
	}
}

func (l *links) open(peer link.Peer) (*link.Outbound, error) {
	var seed [32]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return nil, err
	}
	return link.NewOutbound(link.OutboundConfig{
		Transport: l.cfg.Transport, Peer: peer, FrameSize: l.cfg.FrameSize, Free: l.cfg.Buffers.put,
		Jitter: mrand.New(mrand.NewChaCha8(seed)), Counters: l.cfg.Counters, Log: l.cfg.Log,
	})
}
