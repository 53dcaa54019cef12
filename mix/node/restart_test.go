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

	"murmuration/internal/counted"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/sphinx"
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
		time.Minute+time.Duration(replays())*20*time.Millisecond)
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
		r.send(ctx, r.packets[:half])
		if err := r.conn.Send(r.packets[half:min(half+200, len(r.packets))]...); err != nil {
			t.Fatal(err)
		}
		child.end(c.how) // while some are on their way
		c.before()
		child = s.spawn()
		r.conn = s.dial(ctx)
		before := s.dropped(r.doc, mix.Replayed)
		r.send(ctx, r.packets)
		if twice := s.dropped(r.doc, mix.Replayed) - before; (twice > 0) != c.replay {
			t.Errorf("%s: %d packets came through twice", c.name, twice)
		} else {
			counted.Say(t, "replays", "%s: of %d packets sent again %d came through twice", c.name,
				len(r.packets), twice)
		}
		distinct := s.dropped(r.doc, mix.UnknownLoop)
		r.send(ctx, [][]byte{s.packet(r.doc, 0, 0)})
		if s.dropped(r.doc, mix.UnknownLoop) != distinct+1 {
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

// send sends packets in lots that the mix's queue takes, and after each one that waits longer than
// all of them and is for nobody: when that has come to the mix of layer 2, whatever of the lot came
// has come.
func (r *replayer) send(ctx context.Context, packets [][]byte) {
	for lot := range slices.Chunk(packets, 200) {
		before := r.dropped(r.doc, mix.NotANeighbour)
		if err := r.conn.Send(append(slices.Clone(lot), r.last())...); err != nil {
			r.Fatal(err)
		}
		for r.dropped(r.doc, mix.NotANeighbour) == before {
			if !sleep(ctx, time.Millisecond) {
				r.Fatal("the last packet of a lot does not come through")
			}
		}
	}
}

// last makes a packet through mix-1 that the mix of layer 2 shall send on to nobody.
func (r *replayer) last() []byte {
	limit := r.doc.Parameters.HopDelayLimit
	return r.through(r.doc, 0, limit, sphinx.Hop{ID: sphinx.NodeID{1}})
}
