// Package client is what a person runs: a home on this computer, one link to one provider, and the
// features that live on boxes.
//
// Client is the driver: it owns the clock, the store and every goroutine, and holds one mutex
// around a parts.Person, in which all that a person does is pure. The rooms below it are, with
// those that each may import beside fault and store, which all may:
//
//	fault       what goes wrong for a person: what happened, and what to do
//	cause       what to do about errors of the system and the network
//	store       sealed records; each bucket belongs to one room
//	sender      what is on the wire: slots, packets, replies; knows no person
//	person      the loop of a person's parts → sender
//	news        the last events of a person, for everybody who looks on → person
//	notify      runs the person's own command when there is news; a driver → news, person
//	board       what was read of bulletins
//	crowd       which listed boxes are fetched, of whom and when → board, person, sender
//	purse       tokens that pay for writes; a part → person
//	scan        looks through bulletins for what the person wants; a part →
//	            board, crowd, person, purse, sender
//	boxstream   streams of boxes, written and read
//	kem         X-Wing: keys, secrets, ciphertexts
//	session     conversations between devices → boxstream, kem
//	content     what records say
//	ticket      invitations: what is written down, and what their boxes say →
//	            boxstream, content, kem
//	words       what people compare
//	icc         colours of pictures
//	picture     makes pictures fit to be sent, and to be seen → icc
//	decoder     does that in a process of its own; a driver → picture
//	outbox      writes that wait; a part → boxstream, person
//	cover       writes that say nothing; a part → boxstream, content, outbox, person
//	relation    what two people share: doors, sessions, devices; a part →
//	            boxstream, content, outbox, person, session
//	contact     the people one knows; a part → boxstream, content, outbox, person, relation,
//	            session, ticket, words
//	timeline    posts as kept, in lists → content, search
//	photo       pictures of posts, here and under way; a part → boxstream, content, person
//	post        streams of posts, written and read, a part →
//	            boxstream, content, outbox, person, photo, picture, timeline
//	feed        the own feed, and following, a part →
//	            boxstream, content, outbox, person, post, timeline
//	message     what two people say to each other, a part →
//	            boxstream, content, outbox, person, photo, picture, post, relation, search,
//	            session
//	app         small programs of two people, a part → content, person, relation
//	circle      posts for some people, a part →
//	            boxstream, content, outbox, person, photo, post, relation, session, timeline
//	search      finds texts by their words
//	backup      what is kept in another place; which bucket is whose
//	quota       lets the oldest posts go; a part → person, timeline
//	parts       puts the features of a person together →
//	            app, boxstream, circle, contact, content, cover, feed, message, outbox, person,
//	            photo, post, quota, relation, search, sender, timeline
//	guard       the two providers that a person uses, and how the one in use does
//	connection  documents, guard, link, audits; a driver → guard, person, sender
//	socket      where the commands of this computer find the daemon
//	api         what they talk to →
//	            app, cause, circle, contact, content, decoder, feed, message, news, parts, person,
//	            photo, picture, quota, relation, sender, session, socket, ticket, timeline,
//	            and this package
//
// The package must not let anything that a person does, or that a provider answers, move a slot.
package client

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"golang.org/x/sync/errgroup"

	"murmuration/client/connection"
	"murmuration/client/news"
	"murmuration/client/notify"
	"murmuration/client/parts"
	"murmuration/client/purse"
	"murmuration/client/scan"
	"murmuration/internal/invitation"
	"murmuration/internal/link"
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

	// Invitation is what the operator of a provider gave to this person, if it takes invited people
	// alone; that provider is Guard if none is given. It is shown to nobody else.
	Invitation string `toml:"invitation"`

	// Socket is where the commands find the daemon. Empty is api.sock in the home, or a short
	// private directory if that path is too long for a socket.
	Socket string `toml:"socket"`

	// Notify is a command that is run, by the system's shell, when something came that somebody may
	// want to be called for; the event is JSON on its standard input. Empty: none is.
	Notify string `toml:"notify"`

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
		return fmt.Errorf(
			"socket: has %d bytes; a socket's path may have %d", len(c.Socket), maxSocketPath,
		)
	}
	if c.Invitation != "" {
		if _, _, err := invitation.Parse(c.Invitation); err != nil {
			return fmt.Errorf("invitation: %w: copy it again, the whole line", err)
		}
	}
	return nil
}

// maxSocketPath is the shortest limit of the systems that we run on (macOS: 104 with the final
// zero).
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
	home       // what Create made; not written to
	log        *slog.Logger
	notify     string // a command
	connection *connection.Connection
	nudge      chan struct{} // one token: the person has something to supply
	unchecked  chan struct{} // one token: a picture is to be looked at

	mu     sync.Mutex // guards what follows; no slot waits for it
	person *parts.Person
	news   news.News
	// happened is closed, and another made, when there is news
	happened chan struct{}
	scan     *scan.Scan   // what slots ask of it, they ask within connection.Exclusive
	purse    *purse.Purse // likewise
}

// New opens the home; nothing is sent before Run.
func New(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	h, err := openHome(cfg.Home, cfg.Passphrase)
	if err != nil {
		return nil, err
	}
	c := &Client{
		home: h, nudge: make(chan struct{}, 1), unchecked: make(chan struct{}, 1),
		happened: make(chan struct{}),
	}
	if err := c.open(cfg.withDefaults()); err != nil {
		return nil, errors.Join(fmt.Errorf("opening home %s: %w", cfg.Home, err), h.store.Close())
	}
	return c, nil
}

// open takes up everything that goes on where it stopped.
func (c *Client) open(cfg Config) (err error) {
	if cfg.Free != nil {
		c.store.Free = cfg.Free
	}
	c.log, c.notify = cfg.Log, cfg.Notify
	inviter, code, _ := invitation.Parse(cfg.Invitation) // valid, or none
	c.connection, err = connection.New(connection.Config{
		Genesis: c.genesis, Store: c.store, Guard: cmp.Or(cfg.Guard, inviter),
		Inviter: inviter, Invitation: link.Invitation(code), Transport: cfg.Transport, Log: cfg.Log,
	})
	if err != nil {
		return err
	}
	who := parts.In(c.genesis)
	who.Name, who.Store, who.Random = c.self.Name, c.store, rand.Reader
	if c.person, err = parts.New(who); err != nil {
		return err
	}
	c.connection.Join(c.person.Person)
	c.purse = purse.New(c.person.Person, purse.Config{
		Store: c.store, Network: c.genesis.ID(), Calendar: who.Network.Calendar,
		Random: rand.Reader, Exclusive: c.connection.Exclusive,
	})
	c.person.Outbox.OnCopy(c.purse.Renew)
	c.scan, err = scan.New(c.person.Person, scan.Config{
		Store: c.store, Network: c.genesis.ID(), Schedule: c.genesis.Schedule(),
		Parameters: c.genesis.Parameters, Random: rand.Reader, Exclusive: c.connection.Exclusive,
		Purse: c.purse,
	})
	if err != nil {
		return err
	}
	c.connection.Read(c.scan)
	c.connection.Pay(c.purse)
	return c.person.Load()
}

// Run sends and receives until ctx ends; all its goroutines are gone when it returns.
func (c *Client) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.connection.Run(ctx) }) // ends with ctx
	group.Go(func() error { return c.keepPerson(ctx) })     // ends with ctx
	group.Go(func() error { return c.lookAtPictures(ctx) }) // ends with ctx
	if c.notify != "" {
		group.Go(func() error { return notify.Run(ctx, c.notify, c.Await, c.log) }) // likewise
	}
	err := group.Wait()
	if rest := c.purse.Rest(); rest != nil { // costs tokens and nothing else
		c.log.Warn("write tokens are lost with this start", "error", rest)
	}
	return err
}

// Close gives the home back after Run, or instead of it; a second Close does nothing.
func (c *Client) Close() error { return c.store.Close() }
