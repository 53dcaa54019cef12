package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"murmuration/client/api"
	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/directory/query"
	"murmuration/internal/exchange"
	"murmuration/internal/link"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
)

// What the besieged do.
const (
	besieged     = 6
	siegeFollows = 2
	siegePosts   = 4 * time.Second  // mean time between two posts
	newcomersIn  = 15 * time.Second // between two newcomers
	mostNewcomer = 8
	// getIn is how long a newcomer may take.
	getIn = time.Minute
)

// What the besiegers do at each provider.
const (
	squatPause = 100 * time.Millisecond // between two throwaway keys
	heldOpen   = 120                    // connections of each idle kind
	flooders   = 4                      // clients that always send and acknowledge nothing
)

// TestSiege founds a private network of real processes and attacks all of its providers at once,
// for as long as MURMUR_SIEGE says: throwaway keys that take places, half-open and silent links,
// clients that never acknowledge, and floods of writes. Of what honest people post 99 in 100 must
// be read, nothing that was acknowledged may be lost, and newcomers get in within a minute.
func TestSiege(t *testing.T) {
	long, err := time.ParseDuration(os.Getenv("MURMUR_SIEGE"))
	if err != nil {
		t.Skip("takes minutes: just siege (MURMUR_SIEGE=3m)")
	}
	s := &siege{forty: newForty(t)}
	s.found(t)
	s.gather(t)
	s.besiege(t)
	s.hold(t, long)
	s.report(t)
}

// siege is the network, its people, and what the besiegers counted.
type siege struct {
	*forty
	genesis *directory.Genesis
	params  *sphinx.Params
	late    []time.Duration // of newcomers, until they were in

	squats, full, silent, halfOpen, sitters, frames, writes, cut atomic.Int64
}

// gather has honest people join before the siege.
func (s *siege) gather(t *testing.T) {
	t.Helper()
	links := make([]string, besieged)
	for i := range besieged {
		s.join(t, fmt.Sprint("person", i))
		s.await(t, func() (err error) {
			links[i], err = s.daemons[i].Publish(t.Context())
			return err
		})
	}
	for i, d := range s.daemons {
		for j := range siegeFollows {
			other := (i + j + 1) % besieged
			if err := d.Follow(t.Context(), links[other], fmt.Sprint("person", other)); err != nil {
				t.Fatal(err)
			}
		}
		s.await(t, func() error { return connected(t.Context(), d) })
	}
}

func (s *siege) join(t *testing.T, name string) *api.Client {
	t.Helper()
	s.run(t, "init", "--home", name, "--network", "net/genesis", "--name", name, "--no-passphrase")
	s.start(t, name+"-daemon", "daemon", "run", "--home", name)
	d := api.Dial(filepath.Join(s.dir, name, "api.sock"))
	s.daemons = append(s.daemons, d)
	return d
}

// connected says whether a person is in: linked, and something came back through the mixes.
func connected(ctx context.Context, d *api.Client) error {
	s, err := d.Status(ctx)
	if err == nil && (!s.Connected || s.LastReply.IsZero()) {
		err = fmt.Errorf("not in: %v", s.Trouble)
	}
	return err
}

// besiege begins all attacks; they end with the test.
func (s *siege) besiege(t *testing.T) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.dir, "net", "genesis"))
	if err != nil {
		t.Fatal(err)
	}
	if s.genesis, err = directory.ParseGenesis(raw); err != nil {
		t.Fatal(err)
	}
	if s.params, err = s.genesis.Parameters.PacketParams(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var besiegers sync.WaitGroup
	t.Cleanup(func() { cancel(); besiegers.Wait() })
	for _, e := range s.genesis.Entries {
		at := link.Peer{Addr: e.Addr, Key: link.PublicKey(e.ID)}
		besiegers.Go(func() { s.squat(ctx, at) })
		besiegers.Go(func() { s.sit(ctx, at, link.Exchange, &s.silent) })
		besiegers.Go(func() { s.sit(ctx, at, link.Directory, &s.sitters) })
		besiegers.Go(func() { s.stayHalfOpen(ctx, at.Addr) })
		for range flooders {
			besiegers.Go(func() {
				for ctx.Err() == nil {
					s.flood(ctx, at)
					pause(ctx, time.Second)
				}
			})
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// dial links under a key that nobody ever saw.
func (s *siege) dial(ctx context.Context, at link.Peer, kind link.Kind) (link.Conn, error) {
	var seed link.Seed
	rand.Read(seed[:])
	return s.dialAs(ctx, at, kind, seed)
}

func (s *siege) dialAs(ctx context.Context, at link.Peer, kind link.Kind, seed link.Seed) (
	link.Conn, error) {
	transport, err := link.NewTLS(link.Config{Network: s.genesis.ID(), Identity: seed,
		FrameSize: func(k link.Kind) int {
			if k == link.Directory {
				return query.FrameSize
			}
			return s.params.PacketSize() + protocol.ExchangeOverhead
		}})
	if err != nil {
		return nil, err
	}
	conn, err := transport.Dial(ctx, at, kind)
	if errors.Is(err, link.ErrFull) {
		s.full.Add(1)
	}
	return conn, err
}

// squat takes places under throwaway keys: one exchange each. Every second one hangs up, the others
// stay and say nothing more.
func (s *siege) squat(ctx context.Context, at link.Peer) {
	held := holding{most: heldOpen}
	defer held.end()
	for n := 0; ctx.Err() == nil; n++ {
		if conn, err := s.dial(ctx, at, link.Exchange); err == nil {
			frame := make([]byte, s.params.PacketSize()+protocol.ExchangeOverhead)
			rand.Read(frame[protocol.ExchangeOverhead:])
			if conn.Send(frame) == nil && conn.Receive(frame) == nil {
				s.squats.Add(1)
			}
			if n%2 == 0 {
				conn.Close()
			} else {
				held.add(conn.Close)
			}
		}
		pause(ctx, squatPause)
	}
}

// sit opens links of a kind and says nothing on them.
func (s *siege) sit(ctx context.Context, at link.Peer, kind link.Kind, count *atomic.Int64) {
	held := holding{most: heldOpen}
	defer held.end()
	for ctx.Err() == nil {
		if conn, err := s.dial(ctx, at, kind); err == nil {
			count.Add(1)
			held.add(conn.Close)
		}
		pause(ctx, squatPause)
	}
}

// stayHalfOpen opens sockets and does not begin a handshake.
func (s *siege) stayHalfOpen(ctx context.Context, addr string) {
	held := holding{most: heldOpen}
	defer held.end()
	for ctx.Err() == nil {
		if socket, err := net.Dial("tcp", addr); err == nil {
			s.halfOpen.Add(1)
			held.add(socket.Close)
		}
		pause(ctx, squatPause/2)
	}
}

// holding keeps so many things open; one more closes the oldest.
type holding struct {
	most int
	open []func() error
}

func (h *holding) add(close func() error) {
	if h.open = append(h.open, close); len(h.open) > h.most {
		h.open[0]()
		h.open = h.open[1:]
	}
}

func (h *holding) end() {
	for _, close := range h.open {
		close()
	}
}

// flood is one client that writes in every slot, sends noise besides, and acknowledges nothing, so
// that its replies stay. It ends when the provider has enough of it, or the document is old.
func (s *siege) flood(ctx context.Context, at link.Peer) {
	var seed link.Seed
	rand.Read(seed[:])
	client, err := s.flooder(ctx, at, seed)
	if err != nil {
		return
	}
	var asked []uint64
	conn, err := s.dialAs(ctx, at, link.Exchange, seed)
	if err != nil {
		return
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	client.Connect(time.Now(), 0)
	down := make([]byte, s.params.PacketSize()+protocol.ExchangeOverhead)
	noise := make([]byte, len(down))
	rand.Read(noise[protocol.ExchangeOverhead:])
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end) && ctx.Err() == nil; {
		asked = s.enqueue(client, asked)
		client.Prepare()
		pause(ctx, time.Until(client.Next()))
		sent, ok := client.Due(time.Now())
		if !ok {
			continue
		}
		up, err := exchange.ParseUp(sent.Frame)
		if err != nil || (exchange.Up{Packet: up.Packet}).Marshal(noise) != nil {
			return
		}
		for range 2 { // the second is a replay, and above the rate
			if conn.Send(noise) != nil || conn.Receive(down) != nil {
				s.cut.Add(1)
				return
			}
			s.frames.Add(1)
		}
	}
}

// flooder is the core of a client, with the document of now.
func (s *siege) flooder(ctx context.Context, at link.Peer, seed link.Seed) (*sender.Sender, error) {
	now := time.Now()
	epoch, err := s.genesis.Schedule().Epoch(now)
	if err != nil {
		return nil, err
	}
	conn, err := s.dial(ctx, at, link.Directory)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	raw, err := query.Fetch(conn, epoch)
	if err != nil {
		return nil, err
	}
	doc, err := directory.ParseDocument(raw)
	if err != nil {
		return nil, err
	}
	var chance [32]byte
	rand.Read(chance[:])
	return sender.New(sender.Config{Seed: chance, Rand: rand.Reader, Document: doc,
		Schedule: s.genesis.Schedule(), Provider: directory.NodeID(at.Key),
		Spool: sphinx.RecipientID(seed.Public()), Now: now})
}

// enqueue has a box waiting for each slot that works, and gives those up whose answers never come.
func (s *siege) enqueue(client *sender.Sender, asked []uint64) []uint64 {
	if len(asked) > 3 {
		client.Cancel(asked[0])
		asked = asked[1:]
	}
	w, err := box.NewWriteCap(rand.Reader)
	if err != nil {
		return asked
	}
	now, token := time.Now(), mrand.Uint64()
	day := box.Day(s.genesis.Schedule().DayOf(now))
	b := w.Seal(w.Start(), box.NetworkID(s.genesis.ID()), day,
		make([]byte, s.genesis.Parameters.BoxPlaintext))
	if client.Enqueue(now, sender.Request{Token: token, Op: box.OpWrite, Day: day,
		Box: b}) == nil {
		s.writes.Add(1)
	}
	return append(asked, token)
}

// hold has people post, and newcomers come, while the siege lasts.
func (s *siege) hold(t *testing.T, long time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	newcomer := time.NewTicker(newcomersIn)
	defer newcomer.Stop()
	for n := 0; ctx.Err() == nil; {
		select {
		case <-ctx.Done():
		case <-newcomer.C:
			if len(s.late) < mostNewcomer {
				s.receive(t, fmt.Sprint("newcomer", len(s.late)))
			}
		case <-time.After(time.Duration(s.rng.ExpFloat64() * float64(siegePosts))):
			who, text := s.rng.IntN(besieged), fmt.Sprint("post ", n)
			n++
			s.posted[text], s.author[text] = time.Now(), who
			if _, err := s.daemons[who].Post(t.Context(), api.Draft{Text: text}); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d posts and %d newcomers in %v; waiting for the last", len(s.posted), len(s.late),
		long)
	for end := time.Now().Add(patience); time.Now().Before(end); pause(t.Context(), 2*time.Second) {
		if _, missing := s.readings(t); missing == 0 {
			return
		}
	}
}

// receive has somebody new come, and waits until they are in.
func (s *siege) receive(t *testing.T, name string) {
	t.Helper()
	began, d := time.Now(), s.join(t, name)
	for time.Since(began) < 2*getIn {
		if connected(t.Context(), d) == nil {
			break
		}
		pause(t.Context(), 100*time.Millisecond)
	}
	s.late = append(s.late, time.Since(began))
}

// readings are how many posts were read, of those that must be.
func (s *siege) readings(t *testing.T) (read, missing int) {
	t.Helper()
	for _, d := range s.daemons[:besieged] {
		posts, err := d.Timeline(t.Context(), 4*len(s.posted)+1)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range posts {
			if _, ok := s.posted[p.Text]; ok && !p.Own {
				read++
			}
		}
	}
	return read, siegeFollows*len(s.posted) - read
}

// unacknowledged is how many boxes still wait in outboxes.
func (s *siege) unacknowledged(t *testing.T) (n int) {
	t.Helper()
	for _, d := range s.daemons[:besieged] {
		status, err := d.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n += status.Waiting
	}
	return n
}

func (s *siege) report(t *testing.T) {
	t.Helper()
	t.Logf("besiegers: %d places taken by throwaway keys, %d told full, %d silent links, "+
		"%d silent questioners, %d half-open, %d frames of flooders with %d writes, %d floods cut",
		s.squats.Load(), s.full.Load(), s.silent.Load(), s.sitters.Load(), s.halfOpen.Load(),
		s.frames.Load(), s.writes.Load(), s.cut.Load())
	read, missing := s.readings(t)
	waiting := s.unacknowledged(t)
	t.Logf("besieged: %d posts, %d of %d readings, %d boxes not acknowledged yet", len(s.posted),
		read, read+missing, waiting)
	if read == 0 || read*100 < 99*(read+missing) {
		t.Errorf("only %d of %d readings", read, read+missing)
	}
	if missing > 0 && waiting == 0 {
		t.Errorf("%d readings are missing of boxes that were acknowledged", missing)
	}
	if s.squats.Load() == 0 || s.silent.Load() == 0 || s.halfOpen.Load() == 0 ||
		s.sitters.Load() == 0 || s.frames.Load() == 0 || s.writes.Load() == 0 {
		t.Error("control: one of the attacks did not happen")
	}
	if len(s.late) == 0 {
		t.Fatal("nobody came")
	}
	slices.Sort(s.late)
	t.Logf("newcomers: %d, half in within %v, the last within %v", len(s.late),
		s.late[len(s.late)/2].Round(time.Millisecond),
		s.late[len(s.late)-1].Round(time.Millisecond))
	if last := s.late[len(s.late)-1]; last > getIn {
		t.Errorf("a newcomer got in after %v", last)
	}
}
