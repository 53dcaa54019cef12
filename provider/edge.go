package provider

import (
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/exchange"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
	"murmuration/mix"
	"murmuration/provider/desk"
)

// SpoolKey names a spool: the Ed25519 key that the client shows on its link, 32 bytes, used with
// this provider and for nothing else.
type SpoolKey [32]byte

// Limits bound what an edge holds in memory.
type Limits struct {
	Packets  int           // held by the relay
	Replies  int           // that wait for their time to leave, in either direction
	Spools   int           // clients known at one time
	PerSpool int           // replies that wait for one client
	SpoolAge time.Duration // a reply older than this is gone
	// a spool whose client stays away this long is forgotten; sooner if it was new
	SpoolIdle    time.Duration
	SpooledTotal int // replies that wait for all clients together
	PerBlock     int // clients of one block of addresses; 0 for no bound
}

// patience is how long a client may stay away before its spool is forgotten: as long as it was
// here, so that somebody who opens spools only to fill the provider does not keep them.
func (l Limits) patience(s *spool) time.Duration {
	return min(l.SpoolIdle, max(l.SpoolAge, s.lastSeen.Sub(s.since)))
}

// Edge is the pure core of a provider: a relay, the spools, and the requests in work. It is not
// safe for concurrent use.
type Edge struct {
	places
	relay    *mix.Relay
	par      directory.Parameters
	inbound  *mix.Pool[arriving]
	jobs     uint64
	underWay map[uint64]job
	shares   shares // of batches of tokens
}

// arriving is a reply that waits out its last hop's delay before it is spooled.
type arriving struct {
	key  SpoolKey
	id   sphinx.SURBID
	body []byte
}

type job struct {
	ticket uint64
	leave  time.Time
}

// Job is a box request that the driver must execute.
type Job struct {
	ID      uint64
	Payload []byte    // flags, SURB and request, as they came out of the packet
	Leave   time.Time // when its reply leaves
}

// Worth says whether a job that waited for its turn until now should still be executed. When more
// comes than a disk can do, the time is for those whose reply can still leave.
func (j Job) Worth(now time.Time) bool { return now.Before(j.Leave) }

// NewEdge makes an edge without clients.
func NewEdge(limits Limits) *Edge {
	return &Edge{
		relay: mix.NewRelay(limits.Packets, nil), places: newPlaces(limits),
		inbound: mix.NewPool[arriving](limits.Replies), underWay: map[uint64]job{},
		shares: shares{},
	}
}

// SetDocument switches to the parameters of a new epoch. The relay's rules are set on the relay.
func (e *Edge) SetDocument(par directory.Parameters) {
	e.par = par
	rate := 1/par.PayloadEvery.Seconds() + 1/par.LoopEvery.Seconds() + 1/par.DropEvery.Seconds()
	e.every = time.Duration(float64(time.Second) / rate)
}

// Relay is the mixing part: epochs and tags are opened and persisted there; Persisted goes through
// the edge.
func (e *Edge) Relay() *mix.Relay { return e.relay }

// Receive takes in a packet that one of the provider's keys has opened. A job comes back when the
// packet was a box request: the driver executes it and calls Executed.
func (e *Edge) Receive(now time.Time, a transit.Arrival) (todo Job, reason transit.Reason) {
	switch a.Hop.Kind {
	case sphinx.Forward:
		return Job{}, e.relay.Receive(now, a)
	case sphinx.Reply:
		return Job{}, e.takeReply(now, a)
	case sphinx.Deliver:
		return e.takeRequest(now, a)
	}
	return Job{}, transit.BadCommands
}

func (e *Edge) takeReply(now time.Time, a transit.Arrival) transit.Reason {
	key := SpoolKey(a.Hop.Recipient)
	s := e.spools[key]
	if s == nil {
		return NoSpool
	}
	// one client may have as many on the way as are free: so some always are, for everybody
	if s.coming >= e.limits.Replies-e.inbound.Len() {
		return mix.PoolFull
	}
	ticket, reason := e.relay.Admit(now, a)
	if reason == transit.Accepted {
		s.coming++
		e.inbound.Hold(ticket, now.Add(a.Hop.Delay), arriving{key, a.Hop.SURBID, a.Hop.Payload})
	}
	return reason
}

func (e *Edge) takeRequest(now time.Time, a transit.Arrival) (Job, transit.Reason) {
	if a.Hop.Recipient != protocol.ServiceBoxes && a.Hop.Recipient != protocol.ServiceDrop {
		return Job{}, mix.UnknownService
	}
	if len(e.underWay) >= e.limits.Replies {
		return Job{}, mix.PoolFull
	}
	ticket, reason := e.relay.Admit(now, a)
	if reason != transit.Accepted {
		return Job{}, reason
	}
	if a.Hop.Recipient == protocol.ServiceDrop {
		return Job{}, DropStream
	}
	e.jobs++
	leave := now.Add(a.Hop.Delay + e.par.ReplyAllowance)
	e.underWay[e.jobs] = job{ticket, leave}
	return Job{ID: e.jobs, Payload: a.Hop.Payload, Leave: leave}, transit.Accepted
}

// Executed brings the reply of a job: the packet made from its SURB and the first mix that it goes
// to. The reply leaves at the job's arrival + its delay + the allowance, whatever the request
// was; one that is not ready by then is dropped, so that no disk can be heard in the timing.
func (e *Edge) Executed(now time.Time, id uint64, reply transit.Departure) transit.Reason {
	j, ok := e.underWay[id]
	if !ok {
		return LateReply
	}
	delete(e.underWay, id)
	if now.After(j.leave) {
		return LateReply
	}
	return e.relay.Hold(j.ticket, j.leave, reply)
}

// Abandon forgets a job whose request meant nothing, or came to its turn too late.
func (e *Edge) Abandon(id uint64) { delete(e.underWay, id) }

// Exchange answers an up frame at once: it deletes what the client has, and gives the oldest reply
// not yet sent on this connection, or a dummy. It is OverRate when the packet that came with the
// frame must be dropped; the answer is given all the same. It is NoSpool when the client has lost
// its place, and the connection must end.
func (e *Edge) Exchange(now time.Time, key SpoolKey, received uint64) (exchange.Down,
	transit.Reason) {
	s := e.spools[key]
	if s == nil {
		return exchange.Down{}, NoSpool
	}
	s.lastSeen = now
	before := len(s.waiting)
	s.acknowledge(received)
	e.spooled -= before - len(s.waiting)
	reason := transit.Accepted
	s.budget.SetLimitAt(now, limit(e.every))
	if !s.budget.AllowN(now, 1) {
		reason = OverRate
	}
	w, ok := s.next()
	if !ok {
		return exchange.Down{}, reason
	}
	return exchange.Down{Sequence: w.sequence, SURBID: w.id, Body: w.body}, reason
}

// Ask judges what came in the place of a client's packet: a question for tokens. pass says that it
// goes to the desk; else it is refused, or its answer is here. Each client gets one batch of each
// holder and day, and newcomers of each block their share; a restart forgets what they got.
func (e *Edge) Ask(now time.Time, key SpoolKey, doc *directory.Document, today box.Day,
	packet []byte) (a desk.Asking, pass bool, reason transit.Reason) {
	s := e.spools[key]
	if s == nil {
		return a, false, NoSpool
	}
	a, err := desk.Check(doc, today, packet)
	if err != nil {
		return a, false, BadQuestion
	}
	a.Client, a.Block = desk.Client(key), string(s.block)
	of := askedOf{a.Holder, a.Day}
	if s.asked[of] == nil && now.Sub(s.since) < settled &&
		!e.shares.take(today, of, s.block, desk.Most(doc)) {
		return a, false, NoShare
	}
	ok, pass := s.ask(today, a)
	if !ok {
		return a, false, AskedEnough
	}
	return a, pass, transit.Accepted
}

// Give brings a holder's answer to a client's question. It waits for the client's next exchange,
// with its place.
func (e *Edge) Give(a desk.Answer) {
	if s := e.spools[SpoolKey(a.Client)]; s != nil {
		s.give(a.Tokens)
	}
}

// TakeTokens gives what waits for a client that is here, for the stream of its connection.
func (e *Edge) TakeTokens(key SpoolKey) (all []bulletin.Tokens) {
	if s := e.spools[key]; s != nil {
		all, s.tokens = s.tokens, nil
	}
	return all
}

// Persisted says that the replay tags of all tickets up to this one are on disk.
func (e *Edge) Persisted(ticket uint64) {
	e.relay.Persisted(ticket)
	e.inbound.Persisted(ticket)
}

// Next is the time at which Due has something to do.
func (e *Edge) Next() (time.Time, bool) {
	out, ok := e.relay.Next()
	if in, some := e.inbound.Next(); some && (!ok || in.Before(out)) {
		return in, true
	}
	return out, ok
}

// Due appends to out the packets that leave now, spools the replies that have waited long enough,
// and appends to drops why some were not kept.
func (e *Edge) Due(
	now time.Time, out []transit.Departure, drops []transit.Reason,
) ([]transit.Departure, []transit.Reason) {
	for a, ok := e.inbound.Take(now); ok; a, ok = e.inbound.Take(now) {
		if s := e.spools[a.key]; s != nil && s.coming > 0 {
			s.coming--
		}
		if reason := e.spool(now, a); reason != transit.Accepted {
			drops = append(drops, reason)
		}
	}
	out, _ = e.relay.Due(now, out) // an edge has no loops that could fail
	return out, drops
}
