package node_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/daystore"
	"murmuration/internal/counted"
	"murmuration/internal/directory"
	"murmuration/internal/directory/query"
	"murmuration/internal/documents"
	"murmuration/internal/link"
	"murmuration/internal/long"
	"murmuration/internal/node"
	"murmuration/internal/protocol"
	"murmuration/internal/suite"
	"murmuration/internal/testnet"
	providernode "murmuration/provider/node"
)

// childVariable has the home of a provider that this test binary shall be instead of running tests,
// and the address to listen on in the variable with an A at its end.
const childVariable = "MURMUR_TEST_PROVIDER_HOME"

func TestMain(m *testing.M) {
	if home := os.Getenv(childVariable); home != "" {
		if err := beProvider(home, os.Getenv(childVariable+"A")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func beProvider(home, addr string) error {
	keep, err := strconv.Atoi(os.Getenv(childVariable + "K"))
	if err != nil {
		return err
	}
	s, err := providernode.New(providernode.Config{Config: node.Config{Home: home,
		Name: "provider-1", Listen: addr}, KeepFreeMiB: keep})
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Run(context.Background())
}

// kills is how often the provider is killed under load; `just kill` does it a hundred times.
func kills(t testing.TB) int { return long.Count(t, "MURMUR_KILLS", 1, 3) }

// besieged is a private network over TLS, of which the first provider runs in a process of its own
// and the test plays the third one.
type besieged struct {
	*testing.T
	net    *testnet.Network
	played *played
	child  *exec.Cmd
	stderr bytes.Buffer

	keepFree string // MiB that the child's disk must keep

	document *directory.Document // in force
	heard    *hearing
}

// played is a provider that only hands in its descriptor and sends boxes to the other holders.
type played struct {
	home      *node.Home
	node      *testnet.Node
	transport link.Transport
}

// TestKilledUnderLoad: a provider is killed with -9 while another holder sends it boxes and
// deletions; everything that it acknowledged is in its store, byte for byte, nothing deleted comes
// back, and it goes on.
func TestKilledUnderLoad(t *testing.T) {
	h := &besieged{T: t, net: newNetwork(t), keepFree: "64"}
	h.net.Release()
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(20+10*kills(t))*time.Second)
	defer cancel()
	h.raise()
	h.spawn()
	defer func() { h.kill() }()
	done := make(chan error, 1)
	go func() {
		done <- h.net.Run(ctx, testnet.Options{Skip: []string{"provider-1", "provider-3"}},
			func(map[string]testnet.Runner) {})
	}()
	said := newLedger()
	for next := uint64(0); next < uint64(kills(t))*1_000_000; next += 1_000_000 {
		h.describe(ctx)
		before := len(said.acked)
		h.load(ctx, next, said)
		h.kill()
		if len(said.acked) == before {
			t.Fatalf("no box was acknowledged\n%s", h.stderr.String())
		}
		h.check(said)
		h.spawn()
	}
	counted.Say(t, "kills", "%d kills of a provider under load: %d boxes acknowledged, %d of them "+
		"asked to be deleted, and %d bulletins, 0 lost", kills(t), len(said.acked),
		len(said.deleting), len(h.heard.heard))
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func (h *besieged) node(name string) *testnet.Node {
	for _, n := range h.net.Nodes {
		if n.Name == name {
			return n
		}
	}
	h.Fatalf("no node %s", name)
	return nil
}

func (h *besieged) raise() {
	self := h.node("provider-3")
	home, err := node.OpenHome(self.Dir)
	if err != nil {
		h.Fatal(err)
	}
	transport, err := link.NewTLS(link.Config{Network: h.net.Genesis.ID(), Identity: home.Seed,
		FrameSize: func(k link.Kind) int {
			return map[link.Kind]int{link.Directory: query.FrameSize,
				link.Bulletins: protocol.BulletinFrame,
				link.Replica:   h.net.Genesis.Parameters.Request()}[k]
		}})
	if err != nil {
		h.Fatal(err)
	}
	h.played = &played{home, self, transport}
}

func (h *besieged) spawn() {
	self := h.node("provider-1")
	h.child = exec.Command(os.Args[0])
	h.child.Env = append(os.Environ(), childVariable+"="+self.Dir, childVariable+"A="+self.Addr,
		childVariable+"K="+h.keepFree)
	h.child.Stderr = &h.stderr
	if err := h.child.Start(); err != nil {
		h.Fatal(err)
	}
}

func (h *besieged) kill() {
	_ = h.child.Process.Kill() // it may be gone
	_ = h.child.Wait()
}

// describe hands in the descriptor of the provider that the test plays, until the authority has it
// or a document in force names it.
func (h *besieged) describe(ctx context.Context) {
	genesis := h.net.Genesis
	remote := node.Authorities{Genesis: genesis, Transport: h.played.transport}
	entry := documents.Links(func() (link.Transport, error) { return h.played.transport, nil })
	e, err := genesis.Schedule().Epoch(time.Now())
	if err != nil {
		h.Fatal(err)
	}
	d := &directory.Descriptor{Network: genesis.ID(), ID: h.played.home.Identity.ID(),
		Role: directory.RoleProvider, Name: "provider-3",
		Addr: h.played.node.Addr, Epoch: e, Storing: true, Capacity: 1000,
		Serial: uint64(time.Now().UnixNano())}
	params, err := genesis.Parameters.PacketParams()
	if err != nil {
		h.Fatal(err)
	}
	for i := range d.Keys {
		var seed [suite.SeedSize]byte
		if _, err := rand.Read(seed[:]); err != nil {
			h.Fatal(err)
		}
		key, err := params.Suite().NewPrivateKey(seed)
		if err != nil {
			h.Fatal(err)
		}
		d.Keys[i] = key.Public().Bytes()
	}
	d.Sign(h.played.home.Identity)
	for ctx.Err() == nil {
		if doc, err := entry.Fetch(ctx, genesis.Authorities[0], e); err == nil {
			if _, listed := doc.Node(d.ID); listed {
				h.document = doc
				return
			}
			h.Fatal("the document does not list the provider that the test plays")
		}
		_ = remote.Submit(ctx, d) // until there is somebody to take it
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// newNetwork is one over TLS with a single epoch.
func newNetwork(t *testing.T) *testnet.Network {
	t.Helper()
	plan := planned(t, time.Hour, busy)
	plan.Start = time.Now()
	n, err := testnet.New(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// busy makes other holders send more than they would, and mixes send loops that are remembered on
// the disk.
func busy(par *directory.Parameters) {
	par.ReplicateEvery, par.MixLoopEvery = 4*time.Millisecond, 100*time.Millisecond
	par.BulletinEvery = 80 * time.Millisecond
}

// ledger is what the provider acknowledged: the size of each box that it has, 0 for a deleted one,
// and which it was asked to delete.
type ledger struct {
	acked    map[uint64]int
	deleting map[uint64]bool
}

func newLedger() *ledger { return &ledger{map[uint64]int{}, map[uint64]bool{}} }

// load sends boxes as another holder does, as fast as they are taken, notes what was acknowledged,
// and returns in the middle of it.
func (h *besieged) load(ctx context.Context, from uint64, said *ledger) {
	conn := h.dial(ctx, link.Replica)
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- h.hear(ctx, h.document) }() // ends with ctx
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			h.Error(err)
		}
	}()
	// the disk of a loaded machine may take longer for the first one
	stop, before := time.Now().Add(600*time.Millisecond), len(said.acked)
	h.offer(conn, from, said, func(int) bool {
		return time.Now().After(stop) && (len(said.acked) > before || ctx.Err() != nil)
	})
}

// offer sends boxes with the numbers from this one on, and now and then deletes one that is there,
// until enough says so. It returns how many were refused because there is no room.
func (h *besieged) offer(conn link.Conn, n uint64, said *ledger,
	enough func(full int) bool) (full int) {
	h.Helper()
	f := box.Format{Plaintext: h.net.Genesis.Parameters.BoxPlaintext}
	frame := make([]byte, f.RequestSize())
	sent, there := map[box.ID]uint64{}, uint64(0) // by id; one that may be deleted
	for ; !enough(full); n++ {
		number, r := n, box.Request{Op: box.OpWrite, Day: h.today(),
			Box: boxtest.Box(n, 'k', f.CiphertextSize())}
		if n%4 == 3 && there%3 == 0 && said.acked[there] > 0 {
			number, r.Op, r.Box = there, box.OpTombstone, boxtest.Box(there, 'k', 0)
			said.deleting[there] = true
		}
		sent[r.Box.ID] = number
		if err := errors.Join(conn.Send(r.Marshal(f)), conn.Receive(frame)); err != nil {
			h.kill()
			h.Fatalf("the provider is gone: %v\n%s", err, h.stderr.String())
		}
		reply, err := box.ParseReply(f, frame)
		if err != nil {
			h.Fatal(err)
		}
		number, known := sent[reply.Box.ID] // not known: the one before is not decided yet
		switch {
		case known && reply.Status == box.StatusFull:
			full++
		case known && reply.Status == box.StatusStored && said.deleting[number]:
			said.acked[number] = 0
		case known && reply.Status == box.StatusStored:
			said.acked[number], there = f.CiphertextSize(), number
		}
	}
	return full
}

// dial opens a link of a provider to the child, once it has a document.
func (h *besieged) dial(ctx context.Context, kind link.Kind) link.Conn {
	to := h.node("provider-1")
	home, err := node.OpenHome(to.Dir)
	if err != nil {
		h.Fatal(err)
	}
	for {
		conn, err := h.played.transport.Dial(ctx,
			link.Peer{Addr: to.Addr, Key: link.PublicKey(home.Identity.ID())}, kind)
		if err == nil {
			return conn
		}
		select {
		case <-ctx.Done():
			h.Fatalf("%v\n%s", err, h.stderr.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// check opens the dead provider's store and looks for every box that it acknowledged, deleted ones
// too, and for one that it never got.
func (h *besieged) check(said *ledger) {
	store, err := daystore.Open(filepath.Join(h.node("provider-1").Dir, "boxes"),
		daystore.Options{Reserve: 1})
	if err != nil {
		h.Fatal(err)
	}
	defer store.Close()
	h.checkHeard(store)
	size := h.net.Genesis.Parameters.Ciphertext()
	for n, acked := range said.acked {
		want := boxtest.Box(n, 'k', acked)
		got, status, err := store.Read(h.today(), want.ID)
		// it may have been deleted and not acknowledged
		newer := said.deleting[n] && got.Equal(boxtest.Box(n, 'k', 0))
		if err != nil || !got.Equal(want) && !newer {
			h.Errorf("an acknowledged box of %d bytes is %s, %v", acked, status, err)
		}
	}
	if _, status, _ := store.Read(h.today(),
		boxtest.Box(1<<40, 'k', size).ID); status != box.StatusNotFound {
		h.Errorf("control: a box that nobody sent is %s", status)
	}
}

func (h *besieged) today() box.Day { return box.DayOf(h.net.Genesis.Start, time.Now()) }
