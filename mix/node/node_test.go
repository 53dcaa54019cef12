package node

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/transit"
	"murmuration/mix"
)

// inTown runs a real mix in virtual time among townspeople. A bubble begins in the year 2000, a network
// may not.
func inTown(t *testing.T, change func(*Config), body func(ctx context.Context, w *town, n *Node)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		<-time.After(26 * 365 * 24 * time.Hour)
		fabric := link.NewFabric()
		w := newTown(t, townParameters(), fabric)
		if _, err := CreateHome(dir, w.genesis, w.people[real].seed); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		wait := w.run(ctx)
		go w.clock(ctx)
		n := w.node(dir, fabric, change)
		done := make(chan error, 1)
		go func() { done <- n.Run(ctx) }()
		defer func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("the node ended with %v", err)
			}
			wait()
			if err := n.Close(); err != nil {
				t.Error(err)
			}
		}()
		body(ctx, w, n)
	})
}

// pass lets virtual time go by.
func pass(d time.Duration) { <-time.After(d); synctest.Wait() }

func within(ctx context.Context, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(ctx, d)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// TestReplaysInOneProcess: copies are dropped in the epoch of the packet, in the grace after it, and
// when the key is gone. The originals, the control, go through.
func TestReplaysInOneProcess(t *testing.T) {
	inTown(t, nil, func(ctx context.Context, w *town, n *Node) {
		pass(5 * time.Second)
		doc := w.doc(0)
		conn := w.dial(ctx, doc)
		const packets = 300
		copies := make([][]byte, packets)
		for i := range copies {
			copies[i] = w.packet(doc, 0, 5*time.Millisecond)
		}
		send := func() int {
			for _, p := range copies {
				if err := conn.Send(bytes.Clone(p)); err != nil {
					conn = w.dial(ctx, doc)
				}
			}
			return w.receive(within(ctx, 3*time.Second), 1<<30)
		}
		if came := send(); came != packets {
			t.Fatalf("control: %d of %d packets went through", came, packets)
		}
		length := w.genesis.Schedule().Length
		for _, at := range []time.Duration{0, length, length / 4, length, length} { // same epoch, grace, gone, later
			pass(at)
			if came := send(); came != 0 {
				t.Errorf("%d replayed packets went through after %v", came, at)
			}
		}
		if n.Dropped(mix.Replayed) < packets || n.Dropped(transit.BadMAC)+n.Dropped(transit.WrongEpoch) < packets {
			t.Errorf("%d dropped as replayed, %d for want of a key", n.Dropped(mix.Replayed), n.Dropped(transit.BadMAC)+n.Dropped(transit.WrongEpoch))
		}
	})
}

// TestNoDocumentNoMixing: when the last document expires the node says so and forwards nothing; when
// there is a new one, it goes on.
func TestNoDocumentNoMixing(t *testing.T) {
	var log lines
	inTown(t, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) }, func(ctx context.Context, w *town, n *Node) {
		pass(5 * time.Second)
		length := w.genesis.Schedule().Length
		through := func(e directory.Epoch) int {
			doc := w.doc(0)
			for d := e; doc == nil || d > 0; d-- {
				if doc = w.doc(d); doc != nil {
					break
				}
			}
			conn, err := w.neighbour(doc, -1).transport.Dial(ctx, link.Peer{Addr: w.people[real].addr, Key: link.PublicKey(w.people[real].identity.ID())}, link.Packets)
			if err != nil {
				return 0
			}
			defer conn.Close()
			if err := conn.Send(w.packet(doc, min(e, doc.Epoch+2), time.Millisecond)); err != nil {
				return 0
			}
			return w.receive(within(ctx, 3*time.Second), 1)
		}
		if through(0) != 1 {
			t.Fatal("control: nothing goes through in epoch 0")
		}
		w.setDeaf(true)
		pass(2 * length) // epoch 2: the document of epoch 0 still serves
		if through(2) != 1 {
			t.Error("nothing goes through although the document has not expired")
		}
		if err := n.node.Healthy(); err != nil {
			t.Errorf("unhealthy although the document has not expired: %v", err)
		}
		pass(2 * length) // epoch 4: it is over
		if through(4) != 0 {
			t.Error("a packet went through without a document")
		}
		if n.node.Healthy() == nil || !strings.Contains(log.String(), "carries nothing") {
			t.Error("nobody was told that the document has expired")
		}
		w.setDeaf(false)
		pass(length)
		if through(5) != 1 {
			t.Errorf("nothing goes through although there is a new document\n%s", log.String())
		}
	})
}

// TestLateDocument: a document that is signed in the middle of its own epoch is in force soon after.
func TestLateDocument(t *testing.T) {
	inTown(t, nil, func(ctx context.Context, w *town, n *Node) {
		pass(5 * time.Second)
		length := w.genesis.Schedule().Length
		w.setDeaf(true)
		pass(length)
		if doc, err := n.node.Documents.Current(time.Now()); err != nil || doc.Epoch != 0 {
			t.Fatalf("control: in epoch 1 the document in force is %v, %v", doc, err)
		}
		w.setDeaf(false)
		pass(length / 4)
		if doc, err := n.node.Documents.Current(time.Now()); err != nil || doc.Epoch != 1 {
			t.Errorf("a late document is not in force: %v, %v", doc, err)
		}
	})
}

func (w *town) setDeaf(deaf bool) {
	w.mu.Lock()
	w.deaf = deaf
	w.mu.Unlock()
}

// TestLoopsAlarm: the townspeople swallow the mix's loops, so the alarm is raised; nobody's fault is told
// to anybody but the operator.
func TestLoopsAlarm(t *testing.T) {
	var log lines
	inTown(t, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) }, func(ctx context.Context, w *town, n *Node) {
		pass(time.Second) // a loop has more than a second to come back
		if _, alarm := n.LoopReturns(); alarm {
			t.Error("control: an alarm before anything can have been lost")
		}
		pass(17 * time.Second)
		if ratio, alarm := n.LoopReturns(); !alarm || ratio != 0 {
			t.Errorf("all loops are swallowed, and the ratio is %v, the alarm %v", ratio, alarm)
		}
		if !strings.Contains(log.String(), "do not come back") {
			t.Error("the operator was not told")
		}
	})
}

// TestKeysAreErasedInTime: the key of an epoch is there until its grace ends, and no longer; none is made
// for later than the next document lists.
func TestKeysAreErasedInTime(t *testing.T) {
	inTown(t, nil, func(ctx context.Context, w *town, n *Node) {
		length := w.genesis.Schedule().Length
		has := func(e directory.Epoch) bool {
			_, err := os.Stat(n.node.Home.Path(fmt.Sprintf("keys/%d.key", e)))
			return err == nil
		}
		pass(length + length/4 - time.Second)
		if !has(0) || !has(1) {
			t.Error("a key is gone before its grace ended")
		}
		pass(2 * time.Second)
		if has(0) {
			t.Error("a key outlived its grace")
		}
		if !has(4) || has(5) {
			t.Errorf("keys in epoch 1: 4 is there: %v, 5 is there: %v; want those of the next document", has(4), has(5))
		}
	})
}

// TestRunLeavesNothingBehind: Ctrl-C ends a node over real sockets, and nothing runs on.
func TestRunLeavesNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	w := newTown(t, townParameters(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	wait := w.run(ctx)
	n := w.node(w.home(), nil, func(c *Config) { c.Metrics = "127.0.0.1:0" })
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	for w.doc(0) == nil {
		sleepUntil(ctx, time.Now().Add(20*time.Millisecond))
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("the node ended with %v", err)
	}
	wait()
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}

// lines is a log that a test reads.
type lines struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
