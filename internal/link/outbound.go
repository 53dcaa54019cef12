package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"murmuration/internal/backoff"
)

const (
	defaultQueue      = 1024
	defaultBackoffMin = 500 * time.Millisecond
	defaultBackoffMax = time.Minute

	// batchBytes is how much one Send carries at most (or one frame, if that is
	// larger): enough for full records and few system calls, little enough that
	// a lost connection loses little.
	batchBytes = 64 << 10
)

// OutboundConfig says where packets go and what happens when they cannot. The
// zero value of Queue, BackoffMin and BackoffMax means their default.
type OutboundConfig struct {
	Transport Transport
	Peer      Peer
	FrameSize int // bytes; what the transport's configuration gives for Packets

	// Queue bounds the frames that wait. Default 1,024.
	Queue int

	// DropOldest makes room for a new frame in a full queue, instead of refusing
	// the new one.
	DropOldest bool

	// Free takes each frame back that Send took, once it is written or dropped,
	// for use again; it may be called from Send and from Run. Nil leaves them to
	// the garbage collector.
	Free func(frame []byte)

	// BackoffMin and BackoffMax bound the pause between two attempts to connect
	// (package backoff). Defaults 500 ms and 1 min.
	BackoffMin, BackoffMax time.Duration

	// Jitter draws the pauses. Run owns it.
	Jitter *rand.Rand

	// Log takes a line when the link comes up and when it goes down; nil discards.
	Log *slog.Logger

	// Counters takes Sent and the dropped frames by reason; nil counts nowhere.
	Counters *Counters
}

// Outbound is one node's link to a neighbour: a bounded queue, emptied in
// batches by Run, which reconnects for as long as it runs. A frame is written
// at most once; what a failing connection had taken is lost and counted.
type Outbound struct {
	cfg       OutboundConfig
	wake      chan struct{} // one place: "the queue is not empty"
	connected atomic.Bool

	mu     sync.Mutex // guards all below
	ring   [][]byte
	head   int
	n      int
	closed bool // Run has ended
}

// NewOutbound checks the configuration. Nothing happens before Run.
func NewOutbound(cfg OutboundConfig) (*Outbound, error) {
	setDefault(&cfg.Queue, defaultQueue)
	setDefault(&cfg.BackoffMin, defaultBackoffMin)
	setDefault(&cfg.BackoffMax, defaultBackoffMax)
	switch {
	case cfg.Transport == nil || cfg.Jitter == nil:
		return nil, errors.New("checking an outbound link: Transport or Jitter is missing")
	case cfg.FrameSize <= 0 || cfg.FrameSize > maxFrame:
		return nil, fmt.Errorf("checking an outbound link: frame size %d is not within 1 to %d",
			cfg.FrameSize, maxFrame)
	case cfg.Queue < 0 || cfg.BackoffMin < 0 || cfg.BackoffMax < cfg.BackoffMin:
		return nil, errors.New("checking an outbound link: queue or backoff is out of range")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Counters == nil {
		cfg.Counters = new(Counters)
	}
	if cfg.Free == nil {
		cfg.Free = func([]byte) {}
	}
	return &Outbound{cfg: cfg, wake: make(chan struct{}, 1), ring: make([][]byte, cfg.Queue)}, nil
}

// Connected says whether the link is up at this moment.
func (o *Outbound) Connected() bool { return o.connected.Load() }

// Send queues a frame of exactly FrameSize bytes and never blocks. If it
// returns true the frame belongs to the Outbound until Free; if false it was
// not taken (queue full, Run ended, wrong size) and stays with the caller.
func (o *Outbound) Send(frame []byte) bool {
	if len(frame) != o.cfg.FrameSize {
		return false
	}
	evicted, ok := o.push(frame)
	if evicted != nil {
		o.cfg.Free(evicted)
	}
	if !ok {
		return false
	}
	select {
	case o.wake <- struct{}{}:
	default:
	}
	return true
}

func (o *Outbound) push(frame []byte) (evicted []byte, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		o.cfg.Counters.add(droppedClosed, 1)
		return nil, false
	}
	if o.n == len(o.ring) {
		o.cfg.Counters.add(droppedFull, 1)
		if !o.cfg.DropOldest {
			return nil, false
		}
		evicted = o.pop()
	}
	o.ring[(o.head+o.n)%len(o.ring)] = frame
	o.n++
	return evicted, true
}

func (o *Outbound) pop() []byte {
	frame := o.ring[o.head]
	o.ring[o.head] = nil
	o.head = (o.head + 1) % len(o.ring)
	o.n--
	return frame
}

// take moves up to a batch of frames from the queue into batch.
func (o *Outbound) take(batch [][]byte) [][]byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	batch = batch[:0]
	for o.n > 0 && (len(batch) == 0 || (len(batch)+1)*o.cfg.FrameSize <= batchBytes) {
		batch = append(batch, o.pop())
	}
	return batch
}

// Run holds the link until ctx ends, then drops what is queued and returns nil.
// It must be called once.
func (o *Outbound) Run(ctx context.Context) error {
	defer o.shut()
	waits := backoff.New(o.cfg.BackoffMin, o.cfg.BackoffMax, o.cfg.Jitter)
	for ctx.Err() == nil {
		if o.session(ctx) > o.cfg.BackoffMax {
			waits.Reset() // it worked for a while: not the same trouble as before
		}
		wait(ctx, waits.Next())
	}
	return nil
}

// session is one connection from dialling to its end. It returns how long the
// link was up.
func (o *Outbound) session(ctx context.Context) time.Duration {
	conn, err := o.cfg.Transport.Dial(ctx, o.cfg.Peer, Packets)
	if err != nil {
		o.cfg.Log.Debug("link is not up", "node", o.cfg.Peer.Addr, "error", err)
		return 0
	}
	began := time.Now()
	o.connected.Store(true)
	o.cfg.Log.Info("link is up", "node", o.cfg.Peer.Addr)
	err = o.pump(ctx, conn)
	o.connected.Store(false)
	if ctx.Err() == nil {
		o.cfg.Log.Warn("link is down", "node", o.cfg.Peer.Addr, "error", err)
	}
	return time.Since(began)
}

// pump empties the queue into the connection until one of them ends.
func (o *Outbound) pump(ctx context.Context, conn Conn) error {
	down := make(chan error, 1)
	go o.watch(conn, down)
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	batch := make([][]byte, 0, max(1, batchBytes/o.cfg.FrameSize))
	for {
		for batch = o.take(batch); len(batch) > 0; batch = o.take(batch) {
			if err := o.write(conn, batch); err != nil {
				conn.Close()
				<-down
				return err
			}
		}
		select {
		case err := <-down:
			return err
		case <-o.wake:
		}
	}
}

// watch notices the end of the connection while nothing is being sent. It ends
// with the connection, which a frame from the peer ends too: none is due.
func (o *Outbound) watch(conn Conn, down chan<- error) {
	err := conn.Receive(make([]byte, o.cfg.FrameSize))
	conn.Close()
	if err == nil {
		err = errOneWay
	}
	down <- err
}

func (o *Outbound) write(conn Conn, batch [][]byte) error {
	err := conn.Send(batch...)
	reason := sent
	if err != nil {
		reason = droppedLost
	}
	o.cfg.Counters.add(reason, len(batch))
	for _, frame := range batch {
		o.cfg.Free(frame)
	}
	return err
}

func (o *Outbound) shut() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	for batch := o.take(nil); len(batch) > 0; batch = o.take(batch) {
		o.cfg.Counters.add(droppedClosed, len(batch))
		for _, frame := range batch {
			o.cfg.Free(frame)
		}
	}
}
