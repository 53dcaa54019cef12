// Package desk is where a provider asks holders for the batches of write tokens of its clients, and
// where, as a holder, it issues those that other providers and its own clients ask for.
// docs/token.md is the specification.
//
// It must not count what a client may have: that goes with the client's place. Nor may it know what
// a token is spent on.
package desk

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/exchange"
	"murmuration/internal/protocol"
	"murmuration/internal/token"
)

// Implementation constants.
const (
	mostQueued   = 16 << 20 // bytes of questions that wait here for all holders together
	mostFlying   = 64       // questions that one holder has not answered yet
	mostJobs     = 64       // batches that one provider has asked for and not got yet
	flyingSlots  = 4        // bulletin slots after which an answer is not waited for any more
	limitBatches = 2        // batches a client that one provider gets from here a day
)

// Sizes of records between providers, without their heads.
const (
	numberSize = 8
	// MostAsked and MostAnswered are the longest question and the longest answer.
	MostAsked    = numberSize + 4 + protocol.MostTokens*protocol.TokenElement
	MostAnswered = numberSize + protocol.MostTokens*protocol.TokenElement + protocol.TokenProof
)

// Why a question or an answer is refused. Nobody is told; it is counted.
var (
	errNoBatch = errors.New("question for tokens of another day, holder or size")
	errTooMany = errors.New("question for more tokens than there are")
	errUnasked = errors.New("answer to no question for tokens")
)

// Client is the spool key of a client of this provider.
type Client [32]byte

// Asking is a client's question on its way.
type Asking struct {
	Client   Client
	Block    string // of addresses, from which the client comes; empty where that says nothing
	Holder   directory.NodeID
	Day      box.Day
	Elements []byte
	rank     int // how many of its block waited before it
}

// like says whether two are from one block. Where blocks say nothing each client is its own.
func (a Asking) like(b Asking) bool {
	return a.Block == b.Block && (a.Block != "" || a.Client == b.Client)
}

// same says whether two are of one client, for one holder and day.
func (a Asking) same(b Asking) bool {
	return a.Client == b.Client && a.Day == b.Day && a.Holder == b.Holder
}

// Most is how many batches a provider gets of each holder and day for its clients; none without a
// document.
func Most(doc *directory.Document) int {
	if doc == nil {
		return 0
	}
	return limitBatches * doc.Parameters.Clients
}

// Check reads what a client sent in the place of a packet: it must be for today or tomorrow, for a
// holder of that day, and for exactly the batch that there is of each.
func Check(doc *directory.Document, today box.Day, packet []byte) (a Asking, err error) {
	q, err := exchange.ParseQuestion(packet)
	if err != nil {
		return a, err
	}
	a = Asking{Holder: q.Holder, Day: box.Day(q.Day), Elements: q.Elements}
	if q.Day != uint32(a.Day) || !fits(doc, today, a.Day, a.Holder, len(a.Elements)) {
		return a, errNoBatch
	}
	return a, nil
}

// fits says whether a holder has a batch of so many bytes for each client on a day.
func fits(doc *directory.Document, today, day box.Day, holder directory.NodeID, size int) bool {
	if doc == nil || day < today || day > today+1 {
		return false
	}
	storing := doc.StoringOn(uint16(day))
	for _, id := range storing {
		if id == holder {
			n := doc.Parameters.Batch(len(storing))
			return n > 0 && size == token.RequestSize(n)
		}
	}
	return false
}

// Answer is what a holder gave to a client.
type Answer struct {
	Client Client
	Tokens bulletin.Tokens
}

// Stats counts batches.
type Stats struct {
	Asked    uint64 // questions of clients here that were passed on
	Answered uint64 // answers that came for them
	Issued   uint64 // batches given to other providers and to clients here
	Refused  uint64 // questions and answers that were not taken
}

// Config says whose desk it is. All fields are required.
type Config struct {
	Self  directory.NodeID
	Start time.Time     // of the network
	Every time.Duration // between two bulletin slots
}

// Desk is both sides of one provider. It is not safe for concurrent use.
type Desk struct {
	cfg    Config
	doc    *directory.Document
	queued map[directory.NodeID][]Asking // by holder, the first first
	bytes  int                           // of the elements in them
	number uint64                        // of the newest question
	flying map[directory.NodeID]map[uint64]flying
	landed []Answer // for clients here

	jobs    map[directory.NodeID][]Batch // by who asks
	turns   []directory.NodeID           // who asks and waits, next first
	given   map[grant]int                // batches taken on
	replies map[directory.NodeID][][]byte
	stats   Stats
}

type flying struct {
	asking Asking // without its elements
	until  time.Time
	size   int // of the elements
}

// grant is what one provider gets for one day.
type grant struct {
	peer directory.NodeID
	day  box.Day
}

// New makes a desk with nothing on it.
func New(cfg Config) *Desk {
	return &Desk{cfg: cfg, queued: map[directory.NodeID][]Asking{},
		flying: map[directory.NodeID]map[uint64]flying{}, jobs: map[directory.NodeID][]Batch{},
		given: map[grant]int{}, replies: map[directory.NodeID][][]byte{}}
}

// SetDocument says who the holders are from now on.
func (d *Desk) SetDocument(doc *directory.Document) { d.doc = doc }

// Stats returns the counts so far.
func (d *Desk) Stats() Stats { return d.stats }

func (d *Desk) today(now time.Time) box.Day { return box.DayOf(d.cfg.Start, now) }

func (d *Desk) refuse(err error) error {
	d.stats.Refused++
	return err
}

// Sweep forgets what is for days that are over.
func (d *Desk) Sweep(now time.Time) {
	today := d.today(now)
	for holder, all := range d.queued {
		var kept []Asking
		for _, a := range all {
			if a.Day >= today {
				kept = append(kept, a)
			} else {
				d.bytes -= len(a.Elements)
			}
		}
		if d.queued[holder] = kept; len(kept) == 0 {
			delete(d.queued, holder)
		}
	}
	for g := range d.given {
		if g.day < today {
			delete(d.given, g)
		}
	}
}

// Queue passes a question on that Check took and the client may ask. One that waits already, or is
// under way, is not queued again: so a client has two at most at each holder, for today and for
// tomorrow. Those of one block wait behind the first of every other: so none starves another.
func (d *Desk) Queue(now time.Time, a Asking) error {
	if d.waits(now, a) {
		return nil
	}
	a.Elements = append([]byte(nil), a.Elements...)
	if a.Holder == d.cfg.Self {
		return d.take(now, Batch{peer: d.cfg.Self, client: a.Client, Day: a.Day,
			elements: a.Elements})
	}
	waiting := d.queued[a.Holder]
	at := len(waiting)
	for _, other := range waiting {
		if other.like(a) {
			a.rank = other.rank + 1
		}
	}
	for at > 0 && waiting[at-1].rank > a.rank {
		at--
	}
	for d.bytes+len(a.Elements) > mostQueued {
		if !d.yield(a.rank) {
			return d.refuse(errTooMany)
		}
	}
	d.bytes += len(a.Elements)
	d.queued[a.Holder] = slices.Insert(d.queued[a.Holder], at, a)
	return nil
}

// waits says whether a client's question is here, or under way, already.
func (d *Desk) waits(now time.Time, a Asking) bool {
	for _, b := range d.jobs[d.cfg.Self] {
		if a.Holder == d.cfg.Self && b.client == a.Client && b.Day == a.Day {
			return true
		}
	}
	for _, f := range d.flying[a.Holder] {
		if f.asking.same(a) && !now.After(f.until) {
			return true
		}
	}
	return slices.ContainsFunc(d.queued[a.Holder], a.same)
}

// yield drops the question that has most of its block before it, if these are more than so many.
func (d *Desk) yield(rank int) bool {
	var holder directory.NodeID
	for id, all := range d.queued {
		if last := all[len(all)-1].rank; last > rank {
			holder, rank = id, last
		}
	}
	all := d.queued[holder]
	if len(all) == 0 {
		return false
	}
	last := len(all) - 1
	d.bytes -= len(all[last].Elements)
	d.stats.Refused++
	if d.queued[holder] = all[:last]; last == 0 {
		delete(d.queued, holder)
	}
	return true
}

// Next is the question that goes to a holder next: number 8 ‖ day 4 ‖ elements; nil if there is
// none, or too many are not answered yet.
func (d *Desk) Next(now time.Time, holder directory.NodeID) (data []byte) {
	out := d.flying[holder]
	for n, f := range out {
		if now.After(f.until) {
			delete(out, n)
		}
	}
	waiting := d.queued[holder]
	if len(waiting) == 0 || len(out) >= mostFlying {
		return nil
	}
	a := waiting[0]
	if d.queued[holder] = waiting[1:]; len(waiting) == 1 {
		delete(d.queued, holder)
	}
	d.bytes -= len(a.Elements)
	if out == nil {
		out = map[uint64]flying{}
		d.flying[holder] = out
	}
	if d.number++; d.number == 1 { // none that an earlier life of this provider had
		d.number = uint64(now.UnixNano())
	}
	data = binary.BigEndian.AppendUint64(nil, d.number)
	data = binary.BigEndian.AppendUint32(data, uint32(a.Day))
	data = append(data, a.Elements...)
	size := len(a.Elements)
	a.Elements = nil
	out[d.number] = flying{a, now.Add(flyingSlots * d.cfg.Every), size}
	d.stats.Asked++
	return data
}

// Answered takes a holder's answer in: number 8 ‖ evaluated elements ‖ proof. Whether it is a good
// one is for the client to say.
func (d *Desk) Answered(holder directory.NodeID, data []byte) error {
	if len(data) < numberSize {
		return d.refuse(errUnasked)
	}
	n := binary.BigEndian.Uint64(data)
	f, ok := d.flying[holder][n]
	if !ok || len(data) != numberSize+f.size+protocol.TokenProof {
		return d.refuse(errUnasked)
	}
	delete(d.flying[holder], n)
	d.land(f.asking.Client, bulletin.Tokens{Day: uint32(f.asking.Day), Holder: holder,
		Answer: append([]byte(nil), data[numberSize:]...)})
	return nil
}

func (d *Desk) land(client Client, t bulletin.Tokens) {
	d.stats.Answered++
	d.landed = append(d.landed, Answer{client, t})
}

// TakeAnswers gives what has come for clients here since the last call.
func (d *Desk) TakeAnswers() (all []Answer) {
	all, d.landed = d.landed, nil
	return all
}
