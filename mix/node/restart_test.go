package node

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// childVariable has the home of a mix that this test binary shall be instead of running tests, and the
// address to listen on in the variable with an A at its end.
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
	n, err := New(Config{Home: home, Name: "mix", Listen: addr, PacketsPerEpoch: max(1_000_000, 2*replays())})
	if err != nil {
		return err
	}
	defer n.Close()
	return n.Run(ctx)
}

// replays is how many packets the test of replays over restarts sends; `just replays` sends 100,000.
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

func (w *town) spawn(dir string) *process {
	w.Helper()
	w.people[real].reserved.Close()
	p := &process{Cmd: exec.Command(os.Args[0])}
	p.Env = append(os.Environ(), childVariable+"="+dir, childVariable+"A="+w.people[real].addr)
	p.Stderr = &p.stderr
	if err := p.Start(); err != nil {
		w.Fatal(err)
	}
	return p
}

// end stops the process with a signal and waits for it.
func (p *process) end(how os.Signal) string {
	_ = p.Process.Signal(how) // it may be gone
	_ = p.Wait()
	return p.stderr.String()
}

// slowTown has one epoch that no test outlives.
func slowTown(t testing.TB) *town {
	par := townParameters()
	par.EpochLength, par.Grace = time.Hour, 15*time.Minute
	return newTown(t, par, nil)
}

// TestReplaysOverRestarts: nothing that came through before a clean stop or a kill in the middle of the
// traffic comes through again after it. Control: with the replay tags as they were before the traffic, it does.
func TestReplaysOverRestarts(t *testing.T) {
	w := slowTown(t)
	dir := w.home()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second+time.Duration(replays())*20*time.Millisecond)
	wait := w.run(ctx)
	defer wait()
	defer cancel()
	r := &replayer{town: w, seen: map[uint64]int{}}
	mix := w.spawn(dir)
	defer func() { mix.end(syscall.SIGKILL) }()
	doc := w.waitForDocument(ctx, 0)
	r.conn = w.dial(ctx, doc)
	for range replays() {
		r.packets = append(r.packets, w.packet(doc, 0, 20*time.Millisecond))
	}
	tags := filepath.Join(dir, "keys", "0.tags")
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
		mix.end(c.how) // while some are on their way
		r.drain(ctx)
		c.before()
		mix = w.spawn(dir)
		r.conn = w.dial(ctx, doc)
		r.send(ctx, r.packets, quiet)
		r.drain(ctx)
		if twice := r.twice(); (twice > 0) != c.replay {
			t.Errorf("%s: %d packets came through twice", c.name, twice)
		}
		fresh := [][]byte{w.packet(doc, 0, 0)}
		before := len(r.seen)
		if r.send(ctx, fresh, 5*time.Second); len(r.seen) != before+1 {
			t.Errorf("%s: a fresh packet does not come through\n%s", c.name, &mix.stderr)
		}
	}
}

// replayer counts what comes through.
type replayer struct {
	*town
	conn    link.Conn
	packets [][]byte
	seen    map[uint64]int
}

// quiet is how long nothing must come through before a test believes that nothing will.
const quiet = 250 * time.Millisecond

// drain notes what still comes through.
func (r *replayer) drain(ctx context.Context) {
	for number, ok := r.next(within(ctx, quiet)); ok; number, ok = r.next(within(ctx, quiet)) {
		r.seen[number]++
	}
}

// send sends packets in lots that the mix's queue takes, and notes what comes through until none has
// come for a while.
func (r *replayer) send(ctx context.Context, packets [][]byte, patience time.Duration) {
	for len(packets) > 0 {
		lot := packets[:min(200, len(packets))]
		packets = packets[len(lot):]
		if err := r.conn.Send(lot...); err != nil {
			r.Fatal(err)
		}
		for range lot {
			number, ok := r.next(within(ctx, patience))
			if !ok {
				break
			}
			r.seen[number]++
		}
	}
}

func (r *replayer) twice() (n int) {
	for number, times := range r.seen {
		if times > 1 {
			n++
		}
		r.seen[number] = 1
	}
	return n
}

// waitForDocument waits until the authority has one.
func (w *town) waitForDocument(ctx context.Context, e directory.Epoch) *directory.Document {
	w.Helper()
	for {
		if doc := w.doc(e); doc != nil {
			return doc
		}
		if !sleepUntil(ctx, time.Now().Add(20*time.Millisecond)) {
			w.Fatalf("no document for epoch %d", e)
		}
	}
}
