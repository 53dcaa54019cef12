// Package client is what a person runs: a home on this computer, one link to one provider, and the
// features that live on boxes.
//
// Client is the driver: it owns the clock, the store, the link and every goroutine, and holds one
// mutex around a parts.Person, in which all that a person does is pure. The rooms below it, and what
// each may import of the others:
//
//	sender                 what is on the wire: slots, packets, replies; knows no person
//	person                 the loop of a person's Parts               → sender, store
//	boxstream, content     streams of boxes; what records say         content → boxstream
//	outbox                 writes that wait (a Part)                  → boxstream, person
//	timeline               posts as kept                              → content
//	photo                  pictures of posts (a Part)                 → boxstream, content, person
//	feed                   own feed, and following (a Part)           → outbox, timeline, picture and what they import
//	picture                makes pictures fit to be sent
//	parts                  wires the features of a person             → all of these
//	store, fault           sealed records; what goes wrong for a person
//	api                    what the commands of this computer talk to → client
//
// The package must not let anything that a person does, or that a provider answers, move a slot.
package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/client/parts"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/sphinx"
)

// Config is what a person decides about their client. What the wire shows stands in the network
// document and cannot be decided here.
type Config struct {
	// Home is the person's directory, made by Create.
	Home string `toml:"-"`

	// Passphrase opens the home; empty for one that was made without.
	Passphrase []byte `toml:"-"`

	// Guard names the provider to use. Empty draws one at the first start; it is kept ever after,
	// since changing providers shows more of them who one is.
	Guard string `toml:"guard"`

	// Socket is where the commands find the daemon. Empty is api.sock in the home, or a short
	// private directory if that path is too long for a socket.
	Socket string `toml:"socket"`

	// Transport opens links; nil means TLS.
	Transport func(link.Config) (link.Transport, error) `toml:"-"`

	// Free says how many bytes the disk of a directory has left; nil asks the system.
	Free func(dir string) (uint64, error) `toml:"-"`

	// Log takes one line per event that the person at the keyboard acts on; nil discards.
	Log *slog.Logger `toml:"-"`
}

// Validate refuses what no client can work with.
func (c *Config) Validate() error {
	if len(c.Socket) > maxSocketPath {
		return fmt.Errorf("socket: has %d bytes; a socket's path may have %d", len(c.Socket), maxSocketPath)
	}
	return nil
}

// maxSocketPath is the shortest limit of the systems that we run on (macOS: 104 with the final zero).
const maxSocketPath = 103

func (c Config) withDefaults() Config {
	if c.Transport == nil {
		c.Transport = func(l link.Config) (link.Transport, error) { return link.NewTLS(l) }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Client is a person's client while it runs.
type Client struct {
	cfg      Config
	log      *slog.Logger
	genesis  *directory.Genesis
	store    *store.Store
	params   *sphinx.Params
	schedule directory.Schedule

	chain  *directory.Chain // owned by the goroutine of keepDocuments once Run has begun
	newest atomic.Pointer[directory.Document]

	events chan heard    // from the link to the person; a full channel stops the listening, never the speaking
	ready  chan struct{} // closed when there is a sender
	nudge  chan struct{} // one token: the person has something to supply

	state  sync.Mutex // guards what follows; the slots never wait for it
	self   self
	guards guards
	tried  time.Time // the guard, in vain
	person *parts.Person

	mu     sync.Mutex // guards the sender and what the status says; held for a packet's building at most
	sender *sender.Sender
	line   lineState
}

// heard is an event with the time at which it came.
type heard struct {
	sender.Event
	at time.Time
}

// eventBacklog is how many events may wait for the person; each holds a frame of some 23 KiB.
const eventBacklog = 64

// New opens the home; nothing is sent before Run.
func New(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	h, err := openHome(cfg.Home, cfg.Passphrase)
	if err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	if cfg.Free != nil {
		h.store.Free = cfg.Free
	}
	c := &Client{
		cfg: cfg, log: cfg.Log, genesis: h.genesis, store: h.store, self: h.self, schedule: h.genesis.Schedule(),
		events: make(chan heard, eventBacklog), ready: make(chan struct{}), nudge: make(chan struct{}, 1),
		person: parts.New(parts.Config{
			Name: h.self.Name, Network: parts.NetworkOf(h.genesis), Store: h.store, Random: rand.Reader,
		}),
	}
	newAudits(c)
	if err := c.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening home %s: %w", cfg.Home, err), h.store.Close())
	}
	return c, nil
}

// load reads everything that goes on where it stopped.
func (c *Client) load() (err error) {
	if c.params, err = c.genesis.Parameters.PacketParams(); err != nil {
		return err
	}
	err = c.store.View(func(tx *store.Tx) error {
		return errors.Join(c.loadDocuments(tx), c.guards.get(tx))
	})
	return errors.Join(err, c.person.Load())
}

// Run sends and receives until ctx ends; all its goroutines are gone when it returns.
func (c *Client) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.keepDocuments(ctx) })
	group.Go(func() error { return c.keepLine(ctx) })
	group.Go(func() error { return c.keepPerson(ctx) })
	return group.Wait()
}

// Close gives the home back after Run, or instead of it; a second Close does nothing.
func (c *Client) Close() error { return c.store.Close() }

// begin makes the sender when the first document is there: choose the guards, take up what waits.
func (c *Client) begin(doc *directory.Document, now time.Time) error {
	c.state.Lock()
	defer c.state.Unlock()
	if err := c.chooseGuards(doc); err != nil {
		return err
	}
	made, err := c.newSender(doc, now)
	if err != nil {
		return err
	}
	c.guards.Decoys = made.Decoys()
	if err := c.store.Update(c.guards.put); err != nil {
		return err
	}
	c.mu.Lock()
	first := c.sender == nil
	c.sender = made
	c.mu.Unlock()
	if err := c.person.Begin(now, lockedSender{&c.mu, made}); err != nil {
		return err
	}
	if first {
		close(c.ready)
	}
	return nil
}

func (c *Client) newSender(doc *directory.Document, now time.Time) (*sender.Sender, error) {
	var seed [32]byte
	rand.Read(seed[:]) // never fails
	return sender.New(sender.Config{
		Seed: seed, Rand: rand.Reader, Schedule: c.schedule, Document: doc, Params: c.params,
		Provider: c.guards.Nodes[0], Spool: sphinx.RecipientID(c.guards.Seeds[0].Public()),
		Decoys: c.guards.Decoys, Now: now,
	})
}

// lockedSender is what a person sees of the sender, which the slots use at the same time.
type lockedSender struct {
	mu *sync.Mutex
	s  *sender.Sender
}

func (l lockedSender) Enqueue(now time.Time, r sender.Request) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.s.Enqueue(now, r)
}

func (l lockedSender) Cancel(token uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.s.Cancel(token)
}

func (l lockedSender) Watch(t sender.Target) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.s.Watch(t)
}

func (l lockedSender) Unwatch(token uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.s.Unwatch(token)
}

func (l lockedSender) Handed() []uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.s.Handed()
}
