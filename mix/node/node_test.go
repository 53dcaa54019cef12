package node_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"murmuration/internal/counted"
	"murmuration/internal/directory"
	"murmuration/internal/transit"
	"murmuration/mix"
	mixnode "murmuration/mix/node"
)

// TestReplaysInOneProcess: copies are dropped in the epoch of the packet, in the grace after it,
// and when the key is gone. The originals, the control, go through.
func TestReplaysInOneProcess(t *testing.T) {
	onStage(t, variant{}, func(ctx context.Context, s *stage, n *mixnode.Node) {
		pass(5 * time.Second)
		doc := s.doc()
		conn := s.dial(ctx)
		const packets = 300
		copies := make([][]byte, packets)
		for i := range copies {
			copies[i] = s.packet(doc, 0, 5*time.Millisecond)
		}
		send := func() int {
			return s.receive(within(ctx, 3*time.Second), doc, 1<<30, func() {
				for _, p := range copies {
					if err := conn.Send(bytes.Clone(p)); err != nil {
						conn = s.dial(ctx)
					}
				}
			})
		}
		if came := send(); came != packets {
			t.Fatalf("control: %d of %d packets went through", came, packets)
		}
		length := s.net.Genesis.Schedule().Length
		// same epoch, grace, gone, later
		for _, at := range []time.Duration{0, length, length / 4, length, length} {
			pass(at)
			if came := send(); came != 0 {
				t.Errorf("%d replayed packets went through after %v", came, at)
			}
			counted.Say(t, "replays", "%v later: %d packets sent again to one process", at, packets)
		}
		if n.Dropped(mix.Replayed) < packets ||
			n.Dropped(transit.BadMAC)+n.Dropped(transit.WrongEpoch) < packets {
			t.Errorf("%d dropped as replayed, %d for want of a key", n.Dropped(mix.Replayed),
				n.Dropped(transit.BadMAC)+n.Dropped(transit.WrongEpoch))
		}
	})
}

// TestNoDocumentNoMixing: when the last document expires the node says so and forwards nothing;
// when there is a new one, it goes on.
func TestNoDocumentNoMixing(t *testing.T) {
	var log lines
	onStage(t, variant{config: logTo(&log)}, func(ctx context.Context, s *stage, n *mixnode.Node) {
		pass(5 * time.Second)
		length := s.net.Genesis.Schedule().Length
		all, _, _ := n.Inside()
		through := func(e directory.Epoch) int {
			doc := s.doc()
			conn, err := s.dialAs(ctx, "provider-3")
			if err != nil {
				return 0
			}
			defer conn.Close()
			p := s.packet(doc, min(e, doc.Epoch+2), time.Millisecond)
			// what is not sent does not come
			return s.receive(within(ctx, 3*time.Second), doc, 1, func() { _ = conn.Send(p) })
		}
		if through(0) != 1 {
			t.Fatal("control: nothing goes through in epoch 0")
		}
		s.deaf.Store(true)
		pass(2 * length) // epoch 2: the document of epoch 0 still serves
		if through(2) != 1 {
			t.Error("nothing goes through although the document has not expired")
		}
		if err := all.Healthy(); err != nil {
			t.Errorf("unhealthy although the document has not expired: %v", err)
		}
		pass(2 * length) // epoch 4: it is over
		if through(4) != 0 {
			t.Error("a packet went through without a document")
		}
		if all.Healthy() == nil || !strings.Contains(log.String(), "nothing is carried until") {
			t.Error("nobody was told that the document has expired")
		}
		s.deaf.Store(false)
		pass(length)
		if through(5) != 1 {
			t.Errorf("nothing goes through although there is a new document\n%s", log.String())
		}
	})
}

// TestLateDocument: a document that is signed in the middle of its own epoch is in force soon
// after.
func TestLateDocument(t *testing.T) {
	onStage(t, variant{}, func(ctx context.Context, s *stage, n *mixnode.Node) {
		pass(5 * time.Second)
		all, _, _ := n.Inside()
		length := s.net.Genesis.Schedule().Length
		s.deaf.Store(true)
		pass(length)
		if doc := all.Documents.Current(); doc == nil || doc.Epoch != 0 {
			t.Fatalf("control: in epoch 1 the document in force is %v", doc)
		}
		s.deaf.Store(false)
		pass(length / 4)
		if doc := all.Documents.Current(); doc == nil || doc.Epoch != 1 {
			t.Errorf("a late document is not in force: %v", doc)
		}
	})
}

// TestLoopsAlarm: nobody passes the mix's loops on, so the alarm is raised; nobody's fault is told
// to anybody but the operator.
func TestLoopsAlarm(t *testing.T) {
	var log lines
	v := variant{config: logTo(&log), silent: everybody, loopEvery: time.Second}
	onStage(t, v, func(ctx context.Context, s *stage, n *mixnode.Node) {
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

// TestKeysAreErasedInTime: the key of an epoch is there until its grace ends, and no longer; none
// is made for later than the next document lists.
func TestKeysAreErasedInTime(t *testing.T) {
	onStage(t, variant{}, func(ctx context.Context, s *stage, n *mixnode.Node) {
		length := s.net.Genesis.Schedule().Length
		has := func(e directory.Epoch) bool {
			_, err := os.Stat(s.homes["mix-1"].Path(fmt.Sprintf("keys/%d.key", e)))
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
			t.Errorf("keys in epoch 1: 4 is there: %v, 5 is there: %v; want those of the next "+
				"document", has(4), has(5))
		}
	})
}

// TestRunLeavesNothingBehind: Ctrl-C ends a node over real sockets, and nothing runs on.
func TestRunLeavesNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := newStage(t, t.TempDir(), parameters())
	ctx, cancel := context.WithCancel(t.Context())
	wait := s.run(ctx, nil)
	n, err := mixnode.New(s.config(func(c *mixnode.Config) { c.Metrics = "127.0.0.1:0" }))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	s.waitForDocument(ctx)
	cancel()
	if err := <-done; err != nil {
		t.Errorf("the node ended with %v", err)
	}
	wait()
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}

// logTo has a mix write its log where a test reads it.
func logTo(log *lines) func(*mixnode.Config) {
	return func(c *mixnode.Config) { c.Log = slog.New(slog.NewTextHandler(log, nil)) }
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
