// Package connection is a person's way into the network: the network documents, the guard, the link
// to it, and the sender whose frames go over that link.
//
// It is a driver: it owns the sender behind its mutex, runs the slots and the listening, dials
// again with growing waits, chooses the guard and gives it up, and hands what the sender hears to
// whoever runs the person. It must not know what is asked for or read: nothing that a person does,
// or that a provider answers, may move a slot.
package connection

import (
	"context"
	"crypto/rand"
	"log/slog"
	mrand "math/rand/v2"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/client/guard"
	"murmuration/client/person"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/directory"
	"murmuration/internal/documents"
	"murmuration/internal/link"
	"murmuration/internal/sphinx"
)

// Config is what a connection needs. All fields but Guard, Log and the invitation are required.
type Config struct {
	Genesis *directory.Genesis
	// Store has what Create put there; buckets "guards" and "documents" are this package's.
	Store *store.Store
	// Guard names the provider to use. Empty draws one at the first start; it is kept ever after.
	Guard string
	// Inviter is the name of the provider to which Invitation is shown, and nobody else; empty for
	// none.
	Inviter    string
	Invitation link.Invitation
	// Transport opens links.
	Transport func(link.Config) (link.Transport, error)
	// Log takes one line per event that the person at the keyboard acts on; nil discards.
	Log *slog.Logger
}

// Connection is a person's way into the network. Its methods may be called from many goroutines.
type Connection struct {
	cfg       Config
	links     links
	documents *documents.Set
	slots     slots
	heard     chan Heard    // a full channel stops the listening, never the speaking
	ready     chan struct{} // closed when there is a sender
	wishes    chan wish     // for another guard; watch grants them

	// state guards what follows. No slot waits for it: it is locked before that of slots.
	state  sync.Mutex
	rng    *mrand.Rand // draws guards and whom to ask; no secret is made of it
	guards guards
	hangUp context.CancelFunc // the link to the guard in use, or the dialling
	asked  int                // entries of the genesis, so far
	served directory.NodeID   // the one of them that was asked last
	turn   int                // of who is asked while the guard in use gives no document
	given  []*directory.Document
	coming *directory.Document // that was prepared last
	doubts guard.Doubts
	// unusable says why the sender could not use the last document; nil if it could.
	unusable error
}

// Heard is what the person's loop gets, in this order: a new sender, which the person begins with;
// whenever there is a connection, with whom; then what the sender hears.
type Heard struct {
	At     time.Time
	Sender person.Sender    // nil if it is no new sender
	Guard  directory.NodeID // zero if it is no new connection
	Event  sender.Event
}

// backlog is how many events may wait for the person; each holds a frame of some 23 KiB.
const backlog = 64

// New takes up what the store has. Nothing is sent before Run.
func New(cfg Config) (*Connection, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := &Connection{cfg: cfg, heard: make(chan Heard, backlog), ready: make(chan struct{}),
		wishes: make(chan wish), rng: generator(), hangUp: func() {}}
	var err error
	if c.links, err = newLinks(cfg); err != nil {
		return nil, err
	}
	if err := cfg.Store.View(c.guards.get); err != nil {
		return nil, err
	}
	c.documents, err = documents.Open(documents.Config{
		Genesis: cfg.Genesis, Store: sealed{cfg.Store}, Source: c.source(),
		Follow: documents.Client(cfg.Genesis), Behind: c.links.behind, Log: cfg.Log,
	})
	return c, err
}

// Read says who reads bulletins; to be called before Run.
func (c *Connection) Read(b Bulletins) { c.slots.bulletins = b }

// Pay says who pays for writes; to be called before Run.
func (c *Connection) Pay(t Tokens) { c.slots.tokens = t }

// Exclusive does something while no slot asks what to fetch. It must not wait for anything.
func (c *Connection) Exclusive(do func()) { c.slots.exclusive(do) }

// Run sends and receives until ctx ends; all its goroutines are gone when it returns.
func (c *Connection) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.follow(ctx) }) // ends with ctx
	group.Go(func() error { return c.keep(ctx) })   // ends with ctx
	group.Go(func() error { return c.watch(ctx) })  // ends with ctx
	return group.Wait()
}

// Heard is where the person's loop takes what came, until Run has returned.
func (c *Connection) Heard() <-chan Heard { return c.heard }

// hear passes on what came, unless ctx ends first.
func (c *Connection) hear(ctx context.Context, h Heard) error {
	select {
	case c.heard <- h:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// first makes the sender for the first document, and chooses the guards.
func (c *Connection) first(doc *directory.Document, now time.Time) (*sender.Sender, error) {
	c.state.Lock()
	defer c.state.Unlock()
	before := c.guards.List
	made, err := c.makeSender(doc, now)
	if err != nil {
		c.guards.List = before // who is not kept is not chosen
		return nil, err
	}
	c.slots.replace(made)
	close(c.ready)
	return made, nil
}

// begin tells the person of a sender.
func (c *Connection) begin(ctx context.Context, made *sender.Sender, now time.Time) error {
	return c.hear(ctx, Heard{At: now, Sender: locked{&c.slots.mu, made}})
}

// makeSender makes one and gives it the documents at hand. Guards must be on the disk before they
// are used; while it is full, those that are there will do. The caller holds state.
func (c *Connection) makeSender(doc *directory.Document, now time.Time) (*sender.Sender, error) {
	chosen := c.guards.Chosen()
	err := c.guards.Choose(doc, c.cfg.Guard, c.served, seeds(), c.rng)
	if err != nil {
		return nil, errGuard.With("%q", c.cfg.Guard)
	}
	inUse := c.guards.List[0]
	var seed [32]byte
	rand.Read(seed[:]) // never fails
	made, err := sender.New(sender.Config{
		Seed: seed, Rand: rand.Reader, Schedule: c.cfg.Genesis.Schedule(), Document: doc,
		Params:   c.links.params,
		Provider: inUse.Node, Spool: sphinx.RecipientID(link.Seed(inUse.Seed).Public()),
		Fetches: c.slots.fetches(), Tokens: c.slots.pays(), Now: now,
	})
	if err != nil {
		return nil, err
	}
	c.slots.begin(doc, inUse.Node)
	c.given = []*directory.Document{doc}
	for _, old := range c.before(doc) {
		_ = made.SetDocument(old) // in it may be the keys of a guard that doc does not list
	}
	if c.coming != nil && c.coming.Epoch > doc.Epoch && made.SetDocument(c.coming) == nil {
		c.given = append(c.given, c.coming) // else it is tried again when its epoch begins
	}
	err = c.cfg.Store.Update(c.guards.put)
	if chosen {
		err = unlessFull(err)
	}
	return made, err
}

// give has the sender use a document, unless it has it already.
func (c *Connection) give(doc *directory.Document) error {
	c.state.Lock()
	defer c.state.Unlock()
	if slices.Contains(c.given, doc) {
		return nil
	}
	if err := c.slots.setDocument(doc); err != nil {
		return err
	}
	c.given = append(slices.DeleteFunc(c.given,
		func(d *directory.Document) bool { return d.Epoch+1 < doc.Epoch }), doc)
	if c.guards.Meet(doc) {
		return c.keepGuards()
	}
	return nil
}

// generator is one for waits, which are no secret.
func generator() *mrand.Rand {
	var seed [32]byte
	rand.Read(seed[:]) // never fails
	return mrand.New(mrand.NewChaCha8(seed))
}
