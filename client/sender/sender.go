// Package sender is what a client shows on the wire: three Poisson streams of packets over one link to
// one provider, the same whether or not there is anything to say. It draws slots, paths and delays,
// builds the Sphinx packets and their reply blocks, sends again what is not answered, and opens what
// comes back.
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
	"math/rand/v2"
	"slices"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
)

// lateLimit is how long after its time a slot is still used. A client that was asleep longer does
// not catch up with a burst: its streams begin again.
const lateLimit = 5 * time.Second

// Config says for whom a Sender speaks. All fields but Params, Queue and Decoys are required.
type Config struct {
	// Seed is that of the slots, paths, delays and decoys. One seed gives one trace.
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
	// Queue bounds the requests that may wait; zero means 1,024.
	Queue int
	// Decoys are those of this person's last sender.
	Decoys []Decoy
	Now    time.Time
}

// Sender is the pure core of a client: three Poisson streams over one exchange link, whether or not
// there is anything to say. It is not safe for concurrent use.
type Sender struct {
	cfg    Config
	net    directory.Parameters
	params *sphinx.Params
	format box.Format
	views  []*view // newest last
	route  *rand.Rand
	ids    *rand.ChaCha8 // of decoys

	slots   slots
	watched watched
	queue   queue
	replies replies
	packet  *packet

	received uint64 // highest sequence number that arrived on this connection
	fresh    bool   // nothing but dummies arrived on it
	stats    Stats
	bare     bool // control of the tests: no cover, packets only when there is something to say
}

// New starts the three streams at cfg.Now.
func New(cfg Config) (*Sender, error) {
	net := cfg.Document.Parameters
	s := &Sender{cfg: cfg, net: net, params: cfg.Params, format: box.Format{Plaintext: net.BoxPlaintext}, fresh: true}
	if s.params == nil {
		params, err := net.PacketParams()
		if err != nil {
			return nil, err
		}
		s.params = params
	}
	seeds := newSeeds(cfg.Seed)
	s.slots = newSlots(seeds, net, cfg.Now)
	s.route, s.ids = seeds.next(), seeds.source()
	s.queue.limit = cfg.Queue
	if s.queue.limit == 0 {
		s.queue.limit = defaultQueue
	}
	s.replies.open = map[sphinx.SURBID]*awaited{}
	s.watched = watched{width: net.WatchedBoxes, turn: turnLength(net), rng: seeds.next(), random: s.randomID}
	s.watched.restore(cfg.Decoys, cfg.Now, s.day(cfg.Now))
	return s, s.SetDocument(cfg.Document)
}

// turnLength lets each of W places be polled turnPolls times, on average, before turns change.
func turnLength(net directory.Parameters) time.Duration {
	perSecond := net.PollShare/net.PayloadEvery.Seconds() + 1/net.LoopEvery.Seconds()
	return time.Duration(turnPolls * float64(net.WatchedBoxes) / perSecond * float64(time.Second))
}

// SetDocument adds the document of another epoch. Packets use the newest one that has begun at the
// time they leave, so that it may come at any time before.
func (s *Sender) SetDocument(doc *directory.Document) error {
	v, err := newView(doc)
	if err != nil {
		return err
	}
	if protocol.PathHops(len(v.layers)) > s.params.Hops() || v.net.BoxPlaintext != s.format.Plaintext {
		return fmt.Errorf("%w: its packets are of another size", ErrDocument)
	}
	s.views = append(slices.DeleteFunc(s.views, func(old *view) bool {
		return old.epoch == v.epoch || old.epoch+protocol.Validity <= v.epoch
	}), v)
	slices.SortFunc(s.views, func(a, b *view) int { return int(int64(a.epoch) - int64(b.epoch)) })
	if s.packet != nil {
		if now, _ := s.viewAt(s.packet.at); now == nil || now.epoch != s.packet.epoch || now == v {
			s.packet = nil
		}
	}
	return nil
}

// viewAt is the newest view that has begun at t, and t's epoch; nil if none serves.
func (s *Sender) viewAt(t time.Time) (*view, directory.Epoch) {
	e, err := s.cfg.Schedule.Epoch(t)
	if err != nil {
		return nil, 0
	}
	for _, v := range slices.Backward(s.views) {
		if v.serves(e) {
			return v, e
		}
	}
	return nil, e
}

// Serves says whether the sender has a document for time t; without one it falls silent.
func (s *Sender) Serves(t time.Time) bool {
	v, _ := s.viewAt(t)
	return v != nil
}

func (s *Sender) day(t time.Time) box.Day { return box.DayOf(s.cfg.Schedule.Start, t) }

func (s *Sender) randomID() box.ID {
	id, err := box.RandomID(s.ids)
	if err != nil {
		panic("sender: a ChaCha8 generator ran dry")
	}
	return id
}

// Connect begins a connection at now: slots that passed without one are forgotten. Nothing is
// acknowledged until the provider has shown a number, since it counts anew after a restart.
func (s *Sender) Connect(now time.Time) {
	s.fresh, s.received = true, 0
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
	Token  uint64 // of the work-lane request inside, if Work
	Work   bool
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

// adopt changes to the rates and the watched places of the document in force, when they are others.
func (s *Sender) adopt(now time.Time) {
	v, _ := s.viewAt(now)
	if v == nil || v.net == s.net {
		return
	}
	s.net = v.net
	s.slots.retime(v.net, now)
	s.watched.width, s.watched.turn = v.net.WatchedBoxes, turnLength(v.net)
	s.watched.restore(nil, now, s.day(now))
}

// send hands p over: its acknowledgement is written, its reply expected from now on.
func (s *Sender) send(p *packet, now time.Time) Sent {
	binary.BigEndian.PutUint64(p.frame, s.received)
	s.stats.Sent[p.stream]++
	s.replies.expire(now)
	sent := Sent{Frame: p.frame, Stream: p.stream, Delays: p.delays}
	if f := p.reply; f != nil {
		f.sent = now
		s.depart(p, f, now)
		if f.work != nil {
			sent.Work, sent.Token = true, f.work.Token
		}
	}
	return sent
}

func (s *Sender) depart(p *packet, f *awaited, now time.Time) {
	tries := 1
	if f.place != nil {
		f.place.polls++
	}
	if f.work != nil {
		f.work.tries++
		tries = f.work.tries
		if tries > 1 {
			s.stats.Resent++
		}
	}
	again := wait(s.route, p.delays, s.net.DropEvery, tries)
	if f.work != nil {
		f.work.ready = now.Add(again)
	}
	f.lost = now.Add(2 * again)
	s.replies.open[p.id] = f
}

// Enqueue adds a request to the work lane.
func (s *Sender) Enqueue(now time.Time, r Request) error {
	if err := s.checkRequest(r); err != nil {
		return err
	}
	v, _ := s.viewAt(now)
	if v == nil || r.Op != box.OpDigest && len(v.storing[r.Day]) == 0 {
		return ErrDay
	}
	return s.queue.add(r, now)
}

func (s *Sender) checkRequest(r Request) error {
	size := 0
	switch r.Op {
	case box.OpRead, box.OpTombstone, box.OpDigest:
	case box.OpWrite:
		size = s.format.CiphertextSize()
	default:
		return fmt.Errorf("%w: operation %d", ErrRequest, r.Op)
	}
	if len(r.Box.Ciphertext) != size {
		return fmt.Errorf("%w: ciphertext of %d bytes", ErrRequest, len(r.Box.Ciphertext))
	}
	return nil
}

// Cancel takes the requests of a token out of the work lane; a reply to one is then nobody's.
func (s *Sender) Cancel(token uint64) {
	for _, it := range slices.Clone(s.queue.items) {
		if it.Token == token {
			s.queue.remove(it)
			s.replies.forget(it)
		}
	}
	if s.packet != nil && s.packet.reply != nil && s.packet.reply.work != nil && s.packet.reply.work.Token == token {
		s.packet = nil
	}
}

// Waiting is the number of requests in the work lane, under way or not.
func (s *Sender) Waiting() int { return len(s.queue.items) }

// Handed lists the tokens of the requests in the work lane that were in a packet at least once.
func (s *Sender) Handed() (tokens []uint64) {
	for _, it := range s.queue.items {
		if it.tries > 0 {
			tokens = append(tokens, it.Token)
		}
	}
	return tokens
}
