package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/client"
	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
)

// town is a world whose providers can be dialled over a fabric in memory, for clients with their
// drivers, under synctest. Mixes are peeled by the town itself.
type town struct {
	*world
	mu       sync.Mutex // guards world and spools
	fabric   *link.Fabric
	genesis  *directory.Genesis
	author   *directory.Identity
	spools   map[link.PublicKey]*person
	closed   map[string]bool  // providers that refuse links
	askers   []link.PublicKey // who fetched documents
	listens  []link.Listener
	conns    []link.Conn
	library  library
	stopped  bool
	hidden   directory.Epoch // whose document nobody has
	log      *slog.Logger    // of the residents
	messages int
}

// townStart is when towns begin: synctest's clock starts before any network may.
var townStart = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

// until waits for a moment of virtual time.
func until(t time.Time) { <-time.After(time.Until(t)) }

// townParameters are those of the performance row, with small boxes.
func townParameters() directory.Parameters {
	p := testParameters()
	p.LoopEvery, p.DropEvery = 2*time.Second, time.Second
	p.MixLoopEvery, p.ReplicateEvery = time.Second, time.Second
	return p
}

func newTown(t *testing.T, par directory.Parameters) *town {
	until(townStart)
	start := time.Now().Truncate(time.Second).Add(-par.EpochLength)
	w := newWorld(t, 1, par)
	w.schedule.Start = start
	tn := &town{
		world: w, fabric: link.NewFabric(), author: directory.NewIdentity([32]byte{1, 1}),
		spools: map[link.PublicKey]*person{}, closed: map[string]bool{},
	}
	w.later = func(at time.Time, do func()) {
		time.AfterFunc(time.Until(at), func() {
			tn.mu.Lock()
			defer tn.mu.Unlock()
			if !tn.stopped {
				do()
			}
		})
	}
	var entries []directory.Authority
	for _, n := range w.doc.Nodes {
		if n.Role == directory.RoleProvider {
			entries = append(entries, directory.Authority{Name: n.Name, ID: n.ID, Addr: n.Addr})
		}
	}
	voters := slices.DeleteFunc(slices.Clone(entries), func(a directory.Authority) bool { return a.ID != tn.author.ID() })
	g, err := directory.NewGenesis("town", start, par, voters, entries)
	if err != nil {
		t.Fatal(err)
	}
	tn.genesis = g
	cal := box.Calendar{Genesis: start, Retention: par.RetentionDays}
	w.closed = func(d box.Day) bool { return !cal.Writable(time.Now(), d) }
	tn.library = library{tn}
	for i, n := range entries {
		tn.open(n, [32]byte{1, byte(i)})
	}
	return tn
}

// open lets a provider take links.
func (tn *town) open(n directory.Authority, _ [32]byte) {
	var seed link.Seed
	for i := range 9 {
		if directory.NewIdentity([32]byte{1, byte(i + 1)}).ID() == n.ID {
			seed = link.Seed{1, byte(i + 1)}
		}
	}
	tr, err := tn.fabric.Transport(tn.linkConfig(seed, func(link.PublicKey, link.Kind) bool {
		tn.mu.Lock()
		defer tn.mu.Unlock()
		return !tn.closed[n.Name]
	}))
	if err != nil {
		tn.t.Fatal(err)
	}
	l, err := tr.Listen(n.Addr)
	if err != nil {
		tn.t.Fatal(err)
	}
	tn.listens = append(tn.listens, l)
	go tn.accept(l, n.ID) // ends when the town is stopped
}

func (tn *town) linkConfig(seed link.Seed, admit func(link.PublicKey, link.Kind) bool) link.Config {
	return link.Config{Network: tn.genesis.ID(), Identity: seed, Admit: admit, FrameSize: func(k link.Kind) int {
		if k == link.Directory {
			return directory.FrameSize
		}
		return tn.params.PacketSize() + protocol.ExchangeOverhead
	}}
}

func (tn *town) accept(l link.Listener, provider directory.NodeID) {
	for {
		conn, err := l.Accept(context.Background())
		if err != nil {
			return
		}
		tn.mu.Lock()
		tn.conns = append(tn.conns, conn)
		if conn.Kind() == link.Directory {
			tn.askers = append(tn.askers, conn.Peer())
		}
		tn.mu.Unlock()
		if conn.Kind() == link.Directory {
			go directory.Serve(conn, tn.library) // ends with the connection
		} else {
			go tn.exchange(conn, provider) // likewise
		}
	}
}

func (tn *town) exchange(conn link.Conn, provider directory.NodeID) {
	frame := make([]byte, tn.params.PacketSize()+protocol.ExchangeOverhead)
	for conn.Receive(frame) == nil {
		up, err := link.ParseUp(frame)
		if err != nil {
			return
		}
		tn.mu.Lock()
		tn.messages++
		p := tn.spool(conn.Peer())
		tn.hop(provider, slices.Clone(up.Packet), time.Now())
		down := p.down(up.Received)
		tn.mu.Unlock()
		if down.Marshal(frame) != nil || conn.Send(frame) != nil {
			return
		}
	}
}

func (tn *town) spool(key link.PublicKey) *person {
	p := tn.spools[key]
	if p == nil {
		p = &person{spool: sphinx.RecipientID(key)}
		tn.spools[key] = p
		tn.people = append(tn.people, p)
	}
	return p
}

// hangUp cuts every connection, as a provider that restarts does; spools are forgotten.
func (tn *town) hangUp() {
	tn.mu.Lock()
	conns := tn.conns
	tn.conns = nil
	for _, p := range tn.people {
		p.queue, p.last = nil, 0
	}
	tn.mu.Unlock()
	for _, conn := range conns {
		conn.Close()
	}
}

func (tn *town) stop() {
	tn.mu.Lock()
	tn.stopped = true
	tn.mu.Unlock()
	for _, l := range tn.listens {
		l.Close()
	}
	tn.hangUp()
}

// library signs a document for any epoch that is asked for, from the phase of publishing on.
type library struct{ tn *town }

func (l library) Document(e directory.Epoch) ([]byte, bool) {
	if time.Now().Before(l.tn.schedule.StartOf(e).Add(-l.tn.schedule.Length / 4)) {
		return nil, false
	}
	l.tn.mu.Lock()
	defer l.tn.mu.Unlock()
	return l.tn.sign(e).Marshal(), e != l.tn.hidden
}

func (l library) Latest() (directory.Epoch, []byte, bool) {
	e, err := l.tn.schedule.Epoch(time.Now())
	if err != nil {
		return 0, nil, false
	}
	if raw, ok := l.Document(e + 1); ok {
		return e + 1, raw, ok
	}
	raw, ok := l.Document(e)
	return e, raw, ok
}

func (library) Submit([]byte) error { return errors.New("no descriptors here") }

func (tn *town) sign(e directory.Epoch) *directory.Document {
	doc := tn.doc
	doc.Network, doc.Epoch, doc.Storing = tn.genesis.ID(), e, nil
	if e > 0 && e > tn.first() {
		doc.Previous = tn.sign(e - 1).Digest()
	}
	doc.Nodes = slices.Clone(tn.doc.Nodes)
	for i, n := range doc.Nodes {
		for k := range n.Keys {
			doc.Nodes[i].Keys[k] = tn.nodes[n.ID].key(tn.world, n.ID, e+directory.Epoch(k)).Public().Bytes()
		}
	}
	today := tn.schedule.DayOf(tn.schedule.StartOf(e))
	for d := today - min(today, uint16(doc.Parameters.RetentionDays)); d <= today+1; d++ {
		doc.Storing = append(doc.Storing, directory.StoringSet{Day: d, Nodes: tn.providers()})
	}
	doc.Sign(tn.author)
	return &doc
}

// first is where the town's chain of documents begins.
func (tn *town) first() directory.Epoch { return 1 }

// resident is a person with their driver in a town.
type resident struct {
	*client.Client
	t    *testing.T
	home string
	room atomic.Int64 // how often the disk has room yet
	stop func() error // ends Run and waits for it
}

func (tn *town) settle(t *testing.T, name string) *resident {
	home := t.TempDir()
	if err := client.Create(home, client.Init{Name: name, Genesis: tn.genesis}); err != nil {
		t.Fatal(err)
	}
	r := &resident{t: t, home: home}
	r.room.Store(math.MaxInt64)
	tn.start(r)
	return r
}

// free is a disk that has room as often as r.room says.
func (r *resident) free(string) (uint64, error) {
	if r.room.Add(-1) < 0 {
		return 0, nil
	}
	return math.MaxInt64, nil
}

func (tn *town) start(r *resident) {
	c, err := client.New(client.Config{Home: r.home, Transport: tn.fabric.Transport, Free: r.free, Log: tn.log})
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }() // ends with r.stop
	r.Client = c
	r.stop = func() error {
		cancel()
		err := <-done
		if errors.Is(err, context.Canceled) {
			err = nil
		}
		return errors.Join(err, c.Close())
	}
}

// await looks every second of virtual time, for `limit` at most.
func await(t *testing.T, what string, limit time.Duration, done func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !done() {
		if time.Since(began) > limit {
			t.Fatalf("after %v of virtual time: no %s", limit, what)
		}
		<-time.After(time.Second)
	}
	return time.Since(began)
}

// inTown runs a test with a town around it, and stops what it started.
func inTown(t *testing.T, par directory.Parameters, names []string, do func(*town, ...*resident)) {
	synctest.Test(t, func(t *testing.T) {
		tn := newTown(t, par)
		var people []*resident
		for _, name := range names {
			people = append(people, tn.settle(t, name))
		}
		defer func() {
			for _, p := range people {
				if err := p.stop(); err != nil {
					t.Errorf("stopping: %v", err)
				}
			}
			tn.stop()
			synctest.Wait()
		}()
		do(tn, people...)
	})
}

// read puts all a reader's timeline into one string.
func (r *resident) read() (all string) {
	posts, err := r.Timeline(100)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, p := range posts {
		all += fmt.Sprintf("%s: %s\n", p.Author(), p.Text)
	}
	return all
}

var _ io.Closer = (*client.Client)(nil)
