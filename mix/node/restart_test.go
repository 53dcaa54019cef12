package node_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/mix"
	mixnode "murmuration/mix/node"
)

// childVariable has the home of a mix that this test binary shall be instead of running tests, and
// the address to listen on in the variable with an A at its end.
const childVariable = "MURMUR_TEST_MIX_HOME"

func TestMain(m *testing.M) {
	if home := os.Getenv(childVariable); home != "" {
		if err := beMix(home, os.Getenv(childVariable+"A")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func beMix(home, addr string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	n, err := mixnode.New(mixnode.Config{Home: home, Name: "mix-1", Listen: addr,
		PacketsPerEpoch: max(greatest, 2*replays())})
	if err != nil {
		return err
	}
	defer n.Close()
	return n.Run(ctx)
}

// replays is how many packets the test of replays over restarts sends; `just replays` sends
// 100,000.
func replays() int {
	if n, err := strconv.Atoi(os.Getenv("MURMUR_REPLAYS")); err == nil {
		return n
	}
	return 200
}

// process is a real mix in a process of its own.
type process struct {
	*exec.Cmd
	stderr bytes.Buffer
}

// spawn starts mix-1.
func (s *stage) spawn() *process {
	s.Helper()
	self := s.named("mix-1")
	p := &process{Cmd: exec.Command(os.Args[0])}
	p.Env = append(os.Environ(), childVariable+"="+self.Dir, childVariable+"A="+self.Addr)
	p.Stderr = &p.stderr
	if err := p.Start(); err != nil {
		s.Fatal(err)
	}
	return p
}

// end stops the process with a signal and waits for it.
func (p *process) end(how os.Signal) string {
	_ = p.Process.Signal(how) // it may be gone
	_ = p.Wait()
	return p.stderr.String()
}

// TestReplaysOverRestarts: nothing that came through before a clean stop or a kill in the middle of
// the traffic comes through again after it. Control: with the replay tags as they were before the
// traffic, it does.
func TestReplaysOverRestarts(t *testing.T) {
	s := newStage(t, t.TempDir(), slow())
	ctx, cancel := context.WithTimeout(t.Context(),
		20*time.Second+time.Duration(replays())*20*time.Millisecond)
	wait := s.run(ctx, nil)
	defer wait()
	defer cancel()
	child := s.spawn()
	defer func() { child.end(syscall.SIGKILL) }()
	r := &replayer{stage: s, doc: s.waitForDocument(ctx), conn: s.dial(ctx)}
	for range replays() {
		r.packets = append(r.packets, s.packet(r.doc, 0, 20*time.Millisecond))
	}
	tags := s.homes["mix-1"].Path("keys/0.tags")
	empty, err := os.ReadFile(tags)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		how    os.Signal
		before func()
		replay bool // must be accepted
	}{
		{"kill -9", syscall.SIGKILL, func() {}, false},
		{"clean stop", os.Interrupt, func() {}, false},
		{"control", syscall.SIGKILL, func() { os.WriteFile(tags, empty, 0o600) }, true},
	} {
		half := len(r.packets) / 2
		r.send(ctx, r.packets[:half], quiet)
		if err := r.conn.Send(r.packets[half:min(half+200, len(r.packets))]...); err != nil {
			t.Fatal(err)
		}
		child.end(c.how) // while some are on their way
		r.drain(ctx)
		c.before()
		child = s.spawn()
		r.conn = s.dial(ctx)
		before := s.dropped(r.doc, mix.Replayed)
		r.send(ctx, r.packets, quiet)
		r.drain(ctx)
		if twice := s.dropped(r.doc, mix.Replayed) - before; (twice > 0) != c.replay {
			t.Errorf("%s: %d packets came through twice", c.name, twice)
		}
		fresh := [][]byte{s.packet(r.doc, 0, 0)}
		distinct := s.dropped(r.doc, mix.UnknownLoop)
		if r.send(ctx, fresh, 5*time.Second); s.dropped(r.doc, mix.UnknownLoop) != distinct+1 {
			t.Errorf("%s: a fresh packet does not come through\n%s", c.name, &child.stderr)
		}
	}
}

// replayer sends packets again and again.
type replayer struct {
	*stage
	doc     *directory.Document
	conn    link.Conn
	packets [][]byte
}

// quiet is how long nothing must come through before a test believes that nothing will.
const quiet = 250 * time.Millisecond

// drain waits until nothing comes through any more.
func (r *replayer) drain(ctx context.Context) {
	for r.receive(within(ctx, quiet), r.doc, 1, func() {}) > 0 {
	}
}

// send sends packets in lots that the mix's queue takes, and waits after each until all have come
// through or none has for a while.
func (r *replayer) send(ctx context.Context, packets [][]byte, patience time.Duration) {
	for lot := range slices.Chunk(packets, 200) {
		came := r.receive(within(ctx, patience), r.doc, 1, func() {
			if err := r.conn.Send(lot...); err != nil {
				r.Fatal(err)
			}
		})
		for more := came; more > 0 && came < len(lot); came += more {
			more = r.receive(within(ctx, patience), r.doc, 1, func() {})
		}
	}
}
