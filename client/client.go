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

	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
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

// Client is a person's client while it runs: the driver around a sender.Sender.
type Client struct {
	cfg      Config
	log      *slog.Logger
	genesis  *directory.Genesis
	store    *store.Store
	params   *sphinx.Params
	format   box.Format
	network  box.NetworkID
	calendar box.Calendar
	schedule directory.Schedule

	chain  *directory.Chain // used by keepDocuments alone once Run has begun
	newest atomic.Pointer[directory.Document]

	events chan heard    // from the link to the desk; a full channel stops the listening, never the speaking
	ready  chan struct{} // closed when there is a sender
	nudge  chan struct{} // one token: the desk has something to supply

	state   sync.Mutex // guards what people do; the slots never wait for it
	self    self
	tried   time.Time // the guard, in vain
	mail    mail
	reader  reader
	fetches map[string]*fetch
	asked   map[uint64]ask // requests of fetches in the sender, by token
	audits  audits
	tokens  uint64

	mu     sync.Mutex // guards the sender and what the status says; held for a packet's building at most
	sender *sender.Sender
	handed map[uint64]bool // letters that were in a packet already
	line   lineState
}

// heard is an event with the time at which it came.
type heard struct {
	sender.Event
	at time.Time
}

// eventBacklog is how many events may wait for the desk; each holds a frame of some 23 KiB.
const eventBacklog = 64

// New opens the home; nothing is sent before Run.
func New(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	genesis, records, me, err := openHome(cfg.Home, cfg.Passphrase)
	if err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	if cfg.Free != nil {
		records.Free = cfg.Free
	}
	c := &Client{
		cfg: cfg, log: cfg.Log, genesis: genesis, store: records, self: me,
		network:  box.NetworkID(genesis.ID()),
		format:   box.Format{Plaintext: genesis.Parameters.BoxPlaintext},
		calendar: box.Calendar{Genesis: genesis.Start, Retention: genesis.Parameters.RetentionDays},
		schedule: genesis.Schedule(),
		events:   make(chan heard, eventBacklog), ready: make(chan struct{}), nudge: make(chan struct{}, 1),
		fetches: map[string]*fetch{}, asked: map[uint64]ask{}, handed: map[uint64]bool{},
	}
	if err := c.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening home %s: %w", cfg.Home, err), records.Close())
	}
	return c, nil
}

// load reads everything that goes on where it stopped.
func (c *Client) load() (err error) {
	if c.params, err = c.genesis.Parameters.PacketParams(); err != nil {
		return err
	}
	return c.store.View(func(tx *store.Tx) error {
		return errors.Join(c.loadDocuments(tx), c.mail.load(tx), c.reader.load(tx), c.loadFetches(tx))
	})
}

// Run sends and receives until ctx ends; all its goroutines are gone when it returns.
func (c *Client) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.keepDocuments(ctx) })
	group.Go(func() error { return c.keepLine(ctx) })
	group.Go(func() error { return c.keepDesk(ctx) })
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
	sender, err := c.newSender(doc, now)
	if err != nil {
		return err
	}
	c.self.Decoys = sender.Decoys()
	if err := c.store.Update(c.self.put); err != nil {
		return err
	}
	c.mu.Lock()
	first := c.sender == nil
	c.sender = sender
	c.mu.Unlock()
	c.mail.forgetSender()
	c.forgetAsked()
	c.watchAll(now)
	if first {
		close(c.ready)
	}
	c.wake()
	return nil
}

func (c *Client) newSender(doc *directory.Document, now time.Time) (*sender.Sender, error) {
	var seed [32]byte
	rand.Read(seed[:]) // never fails
	return sender.New(sender.Config{
		Seed: seed, Rand: rand.Reader, Schedule: c.schedule, Document: doc, Params: c.params,
		Provider: c.self.Guards[0], Spool: sphinx.RecipientID(c.self.Seeds[0].Public()),
		Decoys: c.self.Decoys, Now: now,
	})
}

// wake tells the desk that there is something to supply.
func (c *Client) wake() {
	select {
	case c.nudge <- struct{}{}:
	default:
	}
}
