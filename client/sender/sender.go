// Package sender is what a client shows on the wire: three Poisson streams of packets over one link
// to one provider, the same whether or not there is anything to say. It draws slots, paths and
// delays, builds the Sphinx packets and their reply blocks, sends again what is not answered, and
// opens what comes back.
//
// It is pure: time and randomness are arguments, and it returns what to send. It must not let
// anything that a person does, or that a provider answers, move a slot: when a packet leaves is
// decided by generators that see neither queues nor replies. It knows nothing of people, feeds or
// stores; whoever runs it names each request by a token and gets that back with the answer.
package sender

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/cover"
	"murmuration/internal/directory"
	"murmuration/internal/sphinx"
)

// lateLimit is how long after its time a slot is still used. A client that was asleep longer does
// not catch up with a burst: its streams begin again.
const lateLimit = 5 * time.Second

// Config says for whom a Sender speaks. All fields but Params, Fetches, Tokens and Queue
// are required.
type Config struct {
	// Seed is that of the slots, paths and delays. One seed gives one trace.
	Seed [32]byte
	// Rand makes the keys of packets: crypto/rand.Reader outside of tests.
	Rand io.Reader
	// Schedule is the network's, from its genesis.
	Schedule directory.Schedule
	// Document is a verified one that serves at Now.
	Document *directory.Document
	// Params is for the simulator's null suite; nil takes the suite that the document names.
	Params *sphinx.Params
	// Provider is the guard, and Spool the key by which it knows this client: that of the link.
	Provider directory.NodeID
	Spool    sphinx.RecipientID
	// Fetches says what is fetched in work slots; nil fetches nothing.
	Fetches Fetches
	// Tokens pay for writes where the network wants that; nil has none, and asks for none.
	Tokens Tokens
	// Queue bounds the requests that may wait; zero means 1,024.
	Queue int
	Now   time.Time
}

// Sender is the pure core of a client: three Poisson streams over one exchange link, whether or not
// there is anything to say. It is not safe for concurrent use.
type Sender struct {
	net     directory.Parameters // those in force
	views   views
	packets packets

	slots   slots
	queue   queue
	fetches Fetches
	tokens  Tokens
	gone    gone // what Fetches is told before anything else
	replies replies
	packet  *packet

	received uint64 // highest sequence number that arrived on this connection
	roll     uint32 // that the first frame of the connection says; 0 once it has
	fresh    bool   // nothing but dummies arrived on it
	stats    Stats
	bare     bool // control of the tests: no cover, packets only when there is something to say
}

// New starts the three streams at cfg.Now.
func New(cfg Config) (*Sender, error) {
	net := cfg.Document.Parameters
	s := &Sender{
		net: net, views: views{schedule: cfg.Schedule}, fetches: cfg.Fetches,
		tokens: cfg.Tokens, fresh: true,
		packets: packets{
			params: cfg.Params, format: box.Format{Plaintext: net.BoxPlaintext},
			rand: cfg.Rand, own: cfg.Provider, spool: cfg.Spool,
		},
	}
	if s.packets.params == nil {
		params, err := net.PacketParams()
		if err != nil {
			return nil, err
		}
		s.packets.params = params
	}
	seeds := newSeeds(cfg.Seed)
	s.slots = newSlots(seeds, net, cfg.Now)
	s.packets.route = seeds.next()
	s.queue.limit = cfg.Queue
	if s.queue.limit == 0 {
		s.queue.limit = defaultQueue
	}
	s.replies.open = map[sphinx.SURBID]*awaited{}
	return s, s.SetDocument(cfg.Document)
}

// SetDocument adds the document of another epoch. Packets use the newest one that has begun at the
// time they leave, so that it may come at any time before.
func (s *Sender) SetDocument(doc *directory.Document) error {
	v, err := newView(doc)
	if err != nil {
		return err
	}
	if !s.packets.fit(v) {
		return fmt.Errorf("%w: its packets are of another size", ErrDocument)
	}
	s.views.add(v)
	s.views.known = slices.DeleteFunc(s.views.known, func(old *view) bool {
		return slices.ContainsFunc(doc.Void,
			func(void directory.Voided) bool { return void.Epoch == old.epoch })
	})
	if s.packet != nil {
		now, _ := s.views.at(s.packet.at)
		if now == nil || now == v || now.epoch != s.packet.epoch {
			s.packet = nil
		}
	}
	return nil
}

// Connect begins a connection at now: slots that passed without one are forgotten. Nothing is
// acknowledged until the provider has shown a number, since it counts anew after a restart. The
// first frame says which roll of bulletins is wanted, by its number and one; 0 says none.
func (s *Sender) Connect(now time.Time, roll uint32) {
	s.fresh, s.received, s.roll = true, 0, roll
	s.slots.skip(now)
	s.packet = nil
}

// Next is the time of the coming slot.
func (s *Sender) Next() time.Time {
	_, at := s.slots.coming()
	return at
}

// Sent is one frame that leaves. Frame belongs to the caller; the rest is not for the wire.
type Sent struct {
	Frame  []byte
	Stream Stream
	Token  uint64 // of the request of the queue that is inside, if Work
	Work   bool
	Fetch  *Fetch        // that is inside, or nil
	Delays time.Duration // that the packet and its reply spend at hops
}

// Due returns the frame of a slot that has come, until none is due.
func (s *Sender) Due(now time.Time) (Sent, bool) {
	for at := s.Next(); !at.After(now); at = s.Next() {
		if now.Sub(at) > lateLimit {
			s.slots.skip(now)
			s.packet = nil
			continue
		}
		s.Prepare()
		p := s.packet
		s.packet = nil
		s.slots.pass(p.stream)
		s.adopt(now)
		if p.frame != nil && !(s.bare && (p.reply == nil || p.reply.work == nil)) {
			return s.send(p, now), true
		}
		s.stats.Silent++
	}
	return Sent{}, false
}

// adopt changes to the rates of the document in force, when they are others.
func (s *Sender) adopt(now time.Time) {
	v, _ := s.views.at(now)
	if v == nil || v.net == s.net {
		return
	}
	s.net = v.net
	s.slots.retime(v.net, now)
}

// send hands p over: its acknowledgement is written, its reply expected from now on.
func (s *Sender) send(p *packet, now time.Time) Sent {
	binary.BigEndian.PutUint64(p.frame, s.received)
	binary.BigEndian.PutUint32(p.frame[8:], s.roll)
	s.roll = 0
	s.stats.Sent[p.stream]++
	s.replies.expire(now)
	sent := Sent{Frame: p.frame, Stream: p.stream, Delays: p.delays}
	if p.question {
		s.tokens.Asked(now)
	}
	if a := p.reply; a != nil {
		a.sent, sent.Fetch = now, a.fetch
		s.depart(p, a, now)
		if a.work != nil {
			sent.Work, sent.Token = true, a.work.Token
		}
	}
	return sent
}

func (s *Sender) depart(p *packet, a *awaited, now time.Time) {
	tries := 1
	if a.asked.Op == box.OpWrite {
		s.queue.apart = now.Add(cover.Exp(s.packets.route, writeGap(s.net)))
	}
	if a.work != nil {
		a.work.tries++
		tries = a.work.tries
		if tries > 1 {
			s.stats.Resent++
		}
	}
	again := wait(s.packets.route, p.delays, s.net.DropEvery, tries)
	if a.work != nil {
		a.work.ready = now.Add(again)
		if a.work.first.IsZero() {
			a.work.first = now
		}
	}
	if p.fetch != nil {
		s.gone = gone{p.fetch.Token, now, now.Add(again), true}
	}
	a.lost = now.Add(2 * again)
	s.replies.open[p.id] = a
}

// Enqueue adds a request to the queue.
func (s *Sender) Enqueue(now time.Time, r Request) error {
	if err := s.packets.check(r); err != nil {
		return err
	}
	v, _ := s.views.at(now)
	if v == nil || r.Op != box.OpDigest && len(v.storing[r.Day]) == 0 {
		return ErrDay
	}
	return s.queue.add(r, now)
}

// Cancel takes the requests of a token out of the queue; a reply to one is then nobody's. It says
// whether one of them was in a packet.
func (s *Sender) Cancel(token uint64) (handed bool) {
	for _, it := range slices.Clone(s.queue.items) {
		if it.Token == token {
			handed = handed || it.tries > 0
			s.queue.remove(it)
		}
	}
	if s.packet.carries(token) {
		s.packet = nil
	}
	return handed
}

// Waiting is the number of requests in the queue, under way or not.
func (s *Sender) Waiting() int { return len(s.queue.items) }

// Handed lists the tokens of the requests in the queue that were in a packet at least once.
func (s *Sender) Handed() (tokens []uint64) {
	for _, it := range s.queue.items {
		if it.tries > 0 {
			tokens = append(tokens, it.Token)
		}
	}
	return tokens
}
