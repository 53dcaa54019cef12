package node_test

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/daystore"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/exchange"
	"murmuration/internal/link"
	"murmuration/internal/protocol"
	"murmuration/internal/testnet"
	"murmuration/internal/token"
	providernode "murmuration/provider/node"
)

// reader is a client of which only the stream of bulletins matters.
type reader struct {
	*testing.T
	conn   link.Conn
	doc    *directory.Document
	frame  []byte
	body   int
	parser *bulletin.Parser
	links  *bulletin.Links
	days   bulletin.Calendar

	chains map[directory.NodeID]*bulletin.Chain
	listed map[box.Entry][]directory.NodeID
	tokens []bulletin.Tokens
}

// read opens an exchange link to a provider.
func read(ctx context.Context, t *testing.T, g *directory.Genesis, doc *directory.Document,
	transport func(link.Config) (link.Transport, error), to directory.Node) *reader {
	t.Helper()
	params, err := g.Parameters.PacketParams()
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{T: t, doc: doc, body: params.BodySize(),
		frame:  make([]byte, params.PacketSize()+protocol.ExchangeOverhead),
		parser: bulletin.NewParser(1000), links: bulletin.NewLinks(),
		days:   bulletin.Calendar{Start: g.Start, Every: g.Parameters.BulletinEvery},
		chains: map[directory.NodeID]*bulletin.Chain{},
		listed: map[box.Entry][]directory.NodeID{}}
	open, err := transport(link.Config{Network: g.ID(), Identity: link.Seed{9},
		FrameSize: func(link.Kind) int { return len(r.frame) }})
	if err != nil {
		t.Fatal(err)
	}
	r.conn, err = open.Dial(ctx, link.Peer{Addr: to.Addr, Key: link.PublicKey(to.ID)},
		link.Exchange)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// exchange sends a packet that nobody can open, and reads what comes.
func (r *reader) exchange(roll uint32) {
	r.Helper()
	r.say(exchange.Up{Roll: roll, Packet: make([]byte, len(r.frame)-protocol.ExchangeOverhead)})
}

// say sends an up frame, and reads what comes.
func (r *reader) say(up exchange.Up) {
	r.Helper()
	if err := up.Marshal(r.frame); err != nil {
		r.Fatal(err)
	}
	if err := r.conn.Send(r.frame); err != nil {
		r.Fatal(err)
	}
	if err := r.conn.Receive(r.frame); err != nil {
		r.Fatal(err)
	}
	down, err := exchange.ParseDown(r.frame, r.body)
	if err != nil {
		r.Fatal(err)
	}
	records, err := r.parser.Feed(down.Stream)
	if err != nil {
		r.Fatal(err)
	}
	for _, x := range records {
		r.take(x)
	}
}

func (r *reader) take(x bulletin.Record) {
	r.Helper()
	if x.Tokens != nil {
		r.tokens = append(r.tokens, *x.Tokens)
	}
	if x.IsRoll || x.Tokens != nil {
		return
	}
	maker, ok := r.days.Makers(r.doc, x.Slot()).At(x.Maker)
	b, whole := x.Bulletin(r.doc.Network, maker, r.links)
	if err := b.Verify(r.doc.Network, 1000); !ok || !whole || err != nil {
		r.Errorf("slot %d: %v, %v, %v", x.Slot(), ok, whole, err)
	}
	if r.chains[maker] == nil {
		r.chains[maker] = &bulletin.Chain{}
	}
	if err := r.chains[maker].Next(b); err != nil {
		r.Errorf("slot %d: %v", x.Slot(), err)
	}
	for _, e := range b.Entries {
		r.listed[e] = append(r.listed[e], maker)
	}
}

// checkListed says whether a box is listed by its two holders, each once.
func (r *reader) checkListed(day box.Day, id box.ID) {
	r.Helper()
	var all []box.Holder
	for _, n := range r.doc.StoringOn(uint16(day)) {
		all = append(all, box.Holder(n))
	}
	makers := r.listed[box.EntryOf(id)]
	for _, h := range box.Placement(day, id, all, 2) {
		if len(makers) != 2 || !slices.Contains(makers, directory.NodeID(h)) {
			r.Errorf("a box is listed by %v, not by its holders", makers)
		}
	}
}

// TestWritesAreAnnounced: what is written at one holder stands in the bulletins of both, which a
// client of a third provider reads; and a watcher of the links between providers sees the same
// frames of bulletins at the same times, whether anybody wrote or not.
func TestWritesAreAnnounced(t *testing.T) {
	idle, busy := announced(t, 0), announced(t, 20)
	if len(idle) < 40 || !same(idle, busy) {
		t.Errorf("a watcher sees %d frames of an idle provider, %d of a busy one", len(idle),
			len(busy))
	}
}

func announced(t *testing.T, boxes int) (trace []sighting) {
	t.Helper()
	watch(t, nil, func(ctx context.Context, w *watched) {
		w.Pass(3 * time.Second)
		doc := w.first()
		r := read(ctx, t, w.Genesis, doc, w.Fabric.Transport, listed(t, doc, "provider-3"))
		r.exchange(1)
		every := w.Genesis.Parameters.BulletinEvery
		<-time.After(time.Until(r.days.Ends(r.days.Slot(time.Now()))))
		from := w.elapsed()
		var put []box.ID
		for i := range boxes {
			b := w.mineToo(doc, "provider-2", uint64(i), 'x')
			put = append(put, b.ID)
			if _, err := w.stores["provider-1"].MemStore.Write(w.today(), b, box.Token{},
				box.Holder(listed(t, doc, "provider-2").ID)); err != nil {
				t.Fatal(err)
			}
		}
		for range 8 {
			w.Pass(every)
			r.exchange(0)
		}
		trace = w.seenOn(link.Bulletins, from)
		for _, id := range put {
			r.checkListed(w.today(), id)
		}
		if len(r.listed) != boxes || len(r.chains) != 3 {
			t.Errorf("%d of %d boxes listed, by %d makers", len(r.listed), boxes, len(r.chains))
		}
		r.conn.Close()
	})
	return trace
}

// TestTokensDoNotShow: tokens of all holders come to a client, each batch made with the key in the
// document, and a watcher of its provider's links to the others sees the same frames at the same
// times as without.
func TestTokensDoNotShow(t *testing.T) {
	idle, busy := asked(t, false), asked(t, true)
	if len(idle) < 40 || !same(idle, busy) {
		t.Errorf("a watcher sees %d frames without questions, %d with", len(idle), len(busy))
	}
}

// asked is what a watcher sees while a client asks all holders for tokens, or does not.
func asked(t *testing.T, asks bool) (trace []sighting) {
	t.Helper()
	change := func(par *directory.Parameters) { par.WriteTokens = 96 }
	watchWith(t, change, nil, func(ctx context.Context, w *watched) {
		w.Pass(3 * time.Second)
		doc := w.first()
		r := read(ctx, t, w.Genesis, doc, w.Fabric.Transport, listed(t, doc, "provider-1"))
		defer r.conn.Close()
		r.exchange(1)
		<-time.After(time.Until(r.days.Ends(r.days.Slot(time.Now()))))
		from := w.elapsed()
		var batches []*token.Batch
		for _, holder := range doc.StoringOn(uint16(w.today())) {
			if asks {
				batches = append(batches, r.ask(holder, w.today()))
			}
		}
		for range 8 {
			w.Pass(w.Genesis.Parameters.BulletinEvery)
			r.exchange(0)
		}
		trace = w.seenOn(link.Bulletins, from)
		r.checkTokens(batches)
	})
	return trace
}

// ask asks a holder for the batch of a day.
func (r *reader) ask(holder directory.NodeID, day box.Day) *token.Batch {
	r.Helper()
	key, ok := r.doc.TokenKey(holder, uint16(day))
	size := r.doc.Parameters.Batch(len(r.doc.StoringOn(uint16(day))))
	batch, err := token.NewBatch(rand.Reader, token.PublicKey(key), size)
	if err != nil || !ok || size != 32 {
		r.Fatalf("a batch of %d, %v, %v", size, ok, err)
	}
	elements, err := batch.Request()
	packet := make([]byte, len(r.frame)-protocol.ExchangeOverhead)
	if err == nil {
		q := exchange.Question{Day: uint32(day), Holder: holder, Elements: elements}
		err = q.Marshal(packet)
	}
	if err != nil {
		r.Fatal(err)
	}
	r.say(exchange.Up{Kind: exchange.Tokens, Packet: packet})
	return batch
}

// checkTokens wants an answer to each question, that proves that it is one.
func (r *reader) checkTokens(batches []*token.Batch) {
	r.Helper()
	good := 0
	for _, answer := range r.tokens {
		for _, b := range batches {
			if tokens, err := b.Finish(answer.Answer); err == nil {
				good += len(tokens)
			}
		}
	}
	if len(r.tokens) != len(batches) || good != 32*len(batches) {
		r.Errorf("%d answers to %d questions, with %d good tokens", len(r.tokens), len(batches),
			good)
	}
}

// TestAnnouncedOverTLS: the same over real sockets, on real disks.
func TestAnnouncedOverTLS(t *testing.T) {
	plan := planned(t, time.Minute, func(par *directory.Parameters) {
		par.ReplicateEvery, par.BulletinEvery = 50*time.Millisecond, 500*time.Millisecond
	})
	plan.Start = time.Now()
	n, err := testnet.New(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	stores := map[string]providernode.Store{}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	o := testnet.Options{Store: func(node *testnet.Node) providernode.Store {
		s, err := daystore.Open(filepath.Join(node.Dir, "boxes"), daystore.Options{})
		if err != nil {
			t.Error(err)
		}
		stores[node.Name] = s
		return s
	}}
	err = n.Run(ctx, o, func(map[string]testnet.Runner) {
		go func() { // ends with the network
			defer cancel()
			announcedOverTLS(ctx, t, n, stores)
		}()
	})
	if err != nil {
		t.Error(err)
	}
}

func announcedOverTLS(ctx context.Context, t *testing.T, n *testnet.Network,
	stores map[string]providernode.Store) {
	doc := awaitDocument(ctx, n)
	if doc == nil {
		t.Error("there is no document")
		return
	}
	open := func(cfg link.Config) (link.Transport, error) { return link.NewTLS(cfg) }
	r := read(ctx, t, n.Genesis, doc, open, listed(t, doc, "provider-3"))
	defer r.conn.Close()
	r.exchange(1)
	today := box.DayOf(n.Genesis.Start, time.Now())
	own := box.Holder(listed(t, doc, "provider-1").ID)
	var all []box.Holder
	for _, id := range doc.StoringOn(uint16(today)) {
		all = append(all, box.Holder(id))
	}
	var put []box.ID
	for i := uint64(0); len(put) < 5; i++ {
		b := boxtest.Box(i, 'x', doc.Parameters.Ciphertext())
		held := box.Placement(today, b.ID, all, 2)
		if at := slices.Index(held, own); at >= 0 {
			put = append(put, b.ID)
			if _, err := stores["provider-1"].Write(today, b, box.Token{}, held[1-at]); err != nil {
				t.Error(err)
			}
		}
	}
	for ctx.Err() == nil && !r.complete(put) {
		pause(ctx, n.Genesis.Parameters.BulletinEvery)
		r.exchange(0)
	}
	for _, id := range put {
		r.checkListed(today, id)
	}
}

func (r *reader) complete(put []box.ID) bool {
	return !slices.ContainsFunc(put,
		func(id box.ID) bool { return len(r.listed[box.EntryOf(id)]) < 2 })
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// awaitDocument is the first document, as soon as every node has it.
func awaitDocument(ctx context.Context, n *testnet.Network) (doc *directory.Document) {
	for _, node := range n.Nodes {
		path := filepath.Join(node.Dir, "documents", "0.document")
		for doc = nil; doc == nil; pause(ctx, 50*time.Millisecond) {
			raw, err := os.ReadFile(path)
			if ctx.Err() != nil {
				return nil
			}
			if err == nil {
				doc, _ = directory.ParseDocument(raw)
			}
		}
	}
	return doc
}
