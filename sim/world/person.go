package world

import (
	"errors"
	"fmt"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/exchange"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
	"murmuration/provider"
)

// Person is somebody's sender with the link to their provider.
type Person struct {
	*sender.Sender
	Name string

	w      *World
	home   *Node
	spool  provider.SpoolKey
	number int32 // in a trace
	online bool  // has a connection
	away   bool
	clock  time.Duration
	loss   float64
	wake   int64
	cursor *provider.Cursor // in the stream of bulletins, on this connection
	mouth  *mouth           // nil if the provider serves honestly
	last   uint64           // epoch of the newest document, and one

	cfg   sender.Config
	life  *Life // nil for somebody who only speaks and listens
	heard []func(sender.Event)

	// Sent, if set, is shown every frame that leaves, Carries says whether its packet gets further
	// than the provider, Came sees every frame that comes and may keep it from the sender, and
	// Refused learns why the sender refused one.
	Sent    func(sender.Sent)
	Carries func(sender.Sent) bool
	Came    func(frame []byte) (kept bool)
	Refused func(error)
}

// join connects somebody new to a provider.
func (w *World) join(name, provider string) (*Person, error) {
	return w.JoinAs(name, provider, sender.Config{Seed: w.seeds.of("person", name, 0)})
}

// JoinAs is Join with a sender of the caller's configuration, of which Rand, Schedule, Document,
// Params, Provider, Spool and Now are the world's.
func (w *World) JoinAs(name, home string, cfg sender.Config) (*Person, error) {
	n := w.byName[home]
	doc := w.Current()
	switch {
	case n == nil || n.edge == nil:
		return nil, fmt.Errorf("%s joins: there is no provider %q", name, home)
	case doc == nil:
		return nil, fmt.Errorf("%s joins: no network document serves", name)
	case w.Person(name) != nil:
		return nil, fmt.Errorf("%s joins: they are here already", name)
	}
	p := &Person{
		Name: name, w: w, home: n, spool: provider.SpoolKey(w.seeds.of("spool", name, 0)),
		number: int32(len(w.nodes) + len(w.people)),
	}
	cfg.Rand, cfg.Schedule, cfg.Document = w.seeds.source("secrets",
		name), w.genesis.Schedule(), doc
	cfg.Params, cfg.Provider, cfg.Spool = w.params, n.ID(), sphinx.RecipientID(p.spool)
	cfg.Now = w.Now()
	s, err := sender.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("%s joins: %w", name, err)
	}
	p.Sender, p.cfg = s, cfg
	w.people = append(w.people, p)
	p.connect()
	return p, w.err
}

// restart gives the person another sender, as a client has after its start.
func (p *Person) restart() error {
	p.disconnect()
	p.cfg.Document, p.cfg.Now = p.w.Current(), p.now()
	p.cfg.Fetches, p.cfg.Tokens = p.life.fetches(), p.life.tokens()
	p.cfg.Seed = p.w.seeds.of("restart", p.Name, uint64(p.w.now))
	if p.cfg.Document == nil {
		return errors.New("no network document serves")
	}
	p.life.begin(p.cfg.Document)
	s, err := sender.New(p.cfg)
	if err != nil {
		return err
	}
	p.Sender, p.last = s, 0
	p.connect()
	return p.w.err
}

// Home is the person's provider.
func (p *Person) Home() *Node { return p.home }

// Spool is the key by which the provider knows the person.
func (p *Person) Spool() provider.SpoolKey { return p.spool }

// now is the time by the person's clock.
func (p *Person) now() time.Time { return p.w.Now().Add(p.clock) }

// Listen has somebody hear what comes down for the person. Replies point into memory that is used
// again.
func (p *Person) Listen(hear func(sender.Event)) { p.heard = append(p.heard, hear) }

// connect begins a connection, if there is somebody at both ends.
func (p *Person) connect() {
	if p.online || p.away || !p.home.up {
		return
	}
	if !p.home.edge.Attach(p.home.now(), p.spool, "") {
		p.w.tell("directory", "%s has no room for %s", p.home.Name, p.Name)
		return
	}
	p.online = true
	p.listen()
	for _, pub := range p.w.council.missed(p) {
		p.take(pub)
	}
	p.Connect(p.now(), p.life.roll())
	p.prepare()
	p.plan()
}

func (p *Person) disconnect() {
	if !p.online {
		return
	}
	p.online = false
	if p.home.up {
		p.home.edge.Detach(p.home.now(), p.spool)
	}
}

// take adds a document, unless nobody is there to hear of it.
func (p *Person) take(pub *published) {
	if !p.online || !pub.reaches(p.w, p.home) {
		return
	}
	p.last = uint64(pub.doc.Epoch) + 1
	p.life.learn(pub.doc)
	if err := p.SetDocument(pub.doc); err != nil {
		p.w.tell("directory", "%s refuses the document of epoch %d: %v", p.Name, pub.doc.Epoch, err)
	}
}

// plan sees to it that the coming slot is used.
func (p *Person) plan() {
	at := max(p.w.now, int64(p.Next().Add(-p.clock).Sub(p.w.start)))
	p.wake = at
	p.w.push(at, p, nil)
}

// act implements actor: a slot has come. The packet of the next one is built at once, as a driver
// does while it waits.
func (p *Person) act([]byte) {
	if !p.online || p.wake != p.w.now {
		return
	}
	now := p.now()
	for sent, ok := p.Due(now); ok; sent, ok = p.Due(now) {
		p.say(sent)
	}
	p.prepare()
	p.plan()
}

func (p *Person) prepare() {
	if !p.w.cfg.AtSlot {
		p.Prepare()
	}
}

// say sends a frame up. One that is lost is as one that never left: a link keeps the order of what
// comes down, and what it has lost ends it.
func (p *Person) say(sent sender.Sent) {
	w := p.w
	if p.Sent != nil {
		p.Sent(sent)
	}
	p.life.sent(sent)
	w.watch(p.number, p.home.number, len(sent.Frame))
	if w.Links.lostOf(p) {
		w.drops["lost"]++
		return
	}
	if w.cfg.ClientLink == 0 {
		p.exchange(sent)
		return
	}
	w.After(w.cfg.ClientLink, func() { p.exchange(sent) })
}

// exchange is what the provider does with a frame.
func (p *Person) exchange(sent sender.Sent) {
	w, n, frame := p.w, p.home, sent.Frame
	if !n.up || !p.online {
		w.drops["link_down"]++
		return
	}
	up, err := exchange.ParseUp(frame)
	if err != nil {
		w.fail("%s sends no frame: %w", p.Name, err)
		return
	}
	down, reason := n.edge.Exchange(n.now(), p.spool, up.Received)
	down.Stream = p.stream(n.now(), up.Roll, down.Free(len(frame)))
	switch {
	case reason != transit.Accepted:
		n.reason(reason)
	case p.Carries != nil && !p.Carries(sent):
	case up.Kind == exchange.Tokens:
		n.ask(p.spool, up.Packet)
	default:
		n.receive(up.Packet)
	}
	if since, ok := w.spools[down.SURBID]; ok && w.Spooled != nil && down.Sequence > 0 {
		delete(w.spools, down.SURBID)
		w.Spooled(time.Duration(w.now - since))
	}
	w.watch(n.number, p.number, len(frame))
	if w.cfg.ClientLink == 0 {
		p.hear(down)
		return
	}
	w.After(w.cfg.ClientLink, func() { p.hear(down) })
}

// hear is what the person does with a frame that comes down.
func (p *Person) hear(down exchange.Down) {
	if !p.online {
		return
	}
	if err := down.Marshal(p.w.frame); err != nil {
		p.w.fail("%s answers with no frame: %w", p.home.Name, err)
		return
	}
	p.Take(p.w.frame)
}

// Take gives the person's sender a frame that its provider might have sent.
func (p *Person) Take(frame []byte) {
	if p.Came != nil && p.Came(frame) {
		return
	}
	e, err := p.Receive(p.now(), frame)
	if err != nil && p.Refused != nil {
		p.Refused(err)
	}
	if e.Kind == sender.Nothing && e.Stream == nil {
		return
	}
	for _, hear := range p.heard {
		hear(e)
	}
}
