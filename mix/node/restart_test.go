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
	"murmuration/internal/long"
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
	sent, _ := strconv.Atoi(long.Text("MURMUR_REPLAYS")) // the test that started this has read it
	n, err := mixnode.New(mixnode.Config{Home: home, Name: "mix-1", Listen: addr,
		PacketsPerEpoch: max(greatest, 2*sent)})
	if err != nil {
		return err
	}
	defer n.Close()
	return n.Run(ctx)
}

// replays is how many packets the test of replays over restarts sends; `just replays` sends
// 100,000.
func replays(t testing.TB) int { return long.Count(t, "MURMUR_REPLAYS", 1, 200) }

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
	r := s.replayer()
	defer r.over()
	tags := s.homes["mix-1"].Path("keys/0.tags")
	empty, err := os.ReadFile(tags)
	if err != nil {
		t.Fatal(err)
	}
	r.again("kill -9", false, func() { r.child.end(syscall.SIGKILL) })
	r.again("clean stop", false, func() { r.child.end(os.Interrupt) })
	r.again("control", true, func() {
		r.child.end(syscall.SIGKILL)
		os.WriteFile(tags, empty, 0o600)
	})
}

// replayer makes packets for a mix-1 in a process of its own among the others; over ends all that.
func (s *stage) replayer() *replayer {
	r := &replayer{stage: s}
	r.ctx, r.cancel = context.WithTimeout(s.Context(),
		time.Minute+time.Duration(replays(s))*20*time.Millisecond)
	r.wait = s.run(r.ctx, nil)
	r.child = s.spawn()
	r.doc, r.conn = s.waitForDocument(r.ctx), s.dial(r.ctx)
	for range replays(s) {
		r.packets = append(r.packets, s.packet(r.doc, 0, 20*time.Millisecond))
	}
	return r
}

func (r *replayer) over() {
	r.child.end(syscall.SIGKILL)
	r.cancel()
	r.wait()
}

// again sends all packets, ends mix-1 while some are on their way, and sends all of them again to
// the next one: twice says whether some must come through twice.
func (r *replayer) again(name string, twice bool, end func()) {
	r.Helper()
	half := len(r.packets) / 2
	r.send(r.ctx, r.packets[:half])
	if err := r.conn.Send(r.packets[half:min(half+200, len(r.packets))]...); err != nil {
		r.Fatal(err)
	}
	end()
	r.child = r.spawn()
	r.conn = r.dial(r.ctx)
	before := r.dropped(r.doc, mix.Replayed)
	r.send(r.ctx, r.packets)
	came := r.dropped(r.doc, mix.Replayed) - before
	if (came > 0) != twice {
		r.Errorf("%s: %d packets came through twice", name, came)
	}
	counted.Say(r, "replays", "%s: of %d packets sent again %d came through twice", name,
		len(r.packets), came)
	distinct := r.dropped(r.doc, mix.UnknownLoop)
	r.send(r.ctx, [][]byte{r.packet(r.doc, 0, 0)})
	if r.dropped(r.doc, mix.UnknownLoop) <= distinct { // more, if some of the others were late
		r.Errorf("%s: a fresh packet does not come through\n%s", name, &r.child.stderr)
	}
}

// replayer sends packets again and again.
type replayer struct {
	*stage
	ctx     context.Context
	cancel  context.CancelFunc
	wait    func() // for the end of the others
	child   *process
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
