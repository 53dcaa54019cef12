package directory

import (
	"fmt"
	"slices"
	"time"

	"murmuration/internal/protocol"
)

// round is the making of one epoch's document by one authority.
type round struct {
	epoch   Epoch
	genesis *Genesis  // by whose authorities the document is made
	member  bool      // this is one of them
	closes  time.Time // for descriptors: then the vote
	tallies time.Time
	again   time.Time // when signatures are sent once more

	voted   bool
	waits   bool                // a tally failed: nothing but time closes the round now
	voters  map[NodeID][]*Relay // accepted votes by voter: one, or two as proof
	failed  bool
	record  *Record
	signing *Document              // the recorded document with the signatures so far
	early   map[NodeID]Endorsement // that came before the own tally
}

// closed says that descriptors no longer count.
func (r *round) closed() bool { return r.voted || r.record != nil }

// turn begins the round of epoch e, if it has not begun.
func (a *Voter) turn(now time.Time, e Epoch) {
	if a.round != nil && a.round.epoch == e {
		return
	}
	r := &round{epoch: e, genesis: a.genesis.At(e), voters: map[NodeID][]*Relay{},
		early: map[NodeID]Endorsement{}}
	_, r.member = r.genesis.Authority(a.identity.ID())
	r.closes, r.tallies = a.times(now, e)
	r.again = a.schedule.EndOf(e-min(e, 1), PhaseSign)
	a.round = r
	a.out = slices.DeleteFunc(a.out, func(old Action) bool { return old.Do == DoPersist })
	for old := range a.ready {
		if old < e {
			delete(a.ready, old)
		}
	}
	if a.record != nil && a.record.covers(e) && !a.done(e) {
		a.resume(r)
	}
}

// times says when the round of epoch e votes and tallies. An authority that is alone needs no time
// for votes, but gives the nodes a window after a start or when an epoch has begun without
// document.
func (a *Voter) times(now time.Time, e Epoch) (closes, tallies time.Time) {
	if !a.alone(e) {
		return a.schedule.EndOf(e-1, PhaseDescriptors), a.schedule.EndOf(e-1, PhaseEcho)
	}
	closes = a.opened.Add(a.window())
	if !a.trusts(now, e) {
		closes = a.opened.Add(uncheckedWindow)
	}
	if regular := a.schedule.EndOf(e-min(e, 1), PhaseDescriptors); e > 0 && regular.After(closes) &&
		!a.cold(now, e) {
		closes = regular
	}
	if begun := a.schedule.StartOf(e).Add(a.window()); a.cold(now, e) && begun.After(closes) {
		closes = begun
	}
	return closes, closes
}

// trusts says that an authority that is alone may believe its clock at once, as far as epoch e
// goes: the document before is that of the epoch before, or the network has just begun.
func (a *Voter) trusts(now time.Time, e Epoch) bool {
	if base := a.base(e); base != nil {
		return base.Epoch < e && e <= base.Epoch+1 && !a.cold(now, e)
	}
	return now.Sub(a.schedule.Start) < fresh
}

// look notices that the clock has leapt: what was sure of it before is not any more.
func (a *Voter) look(now time.Time) {
	e, err := a.schedule.Epoch(now)
	if err != nil {
		return
	}
	if e > a.seen+1 && a.seen > 0 || now.Before(a.opened) {
		a.opened = now
		if a.round != nil && a.round.record == nil {
			a.round = nil // its times are anew
		}
	}
	a.seen = e
}

// cold says that epoch e has begun, and still waits for its document.
func (a *Voter) cold(now time.Time, e Epoch) bool { return !now.Before(a.schedule.StartOf(e)) }

func (a *Voter) window() time.Duration { return min(a.schedule.Length/8, coldWindow) }

// resume goes on with what was persisted before a crash: the same bytes, or nothing at all if the
// clock has gone back to where something was signed before the last signature.
func (a *Voter) resume(r *round) {
	if a.record.Epoch != r.epoch {
		r.failed = true
		a.report(fmt.Errorf("epoch %d: a document for epoch %d is already signed; check the clock",
			r.epoch, a.record.Epoch))
		return
	}
	r.record = a.record
	if err := a.endorse(); err != nil {
		r.failed = true
		a.report(err)
	}
}

func (a *Voter) report(err error, notes ...string) {
	action := Action{Do: DoReport, Err: err, Notes: notes}
	if a.round != nil {
		action.Epoch = a.round.epoch
	}
	a.out = append(a.out, action)
}

// Due says what to do now. Call it until it returns DoNothing.
func (a *Voter) Due(now time.Time) Action {
	a.look(now)
	e, err := a.target(now)
	if err == nil && !a.done(e) {
		a.turn(now, e)
		a.advance(now)
	}
	if len(a.out) == 0 {
		return Action{}
	}
	next := a.out[0]
	a.out = a.out[1:]
	return next
}

// Again takes back an action that could not be done for now: Due gives it once more, a record only
// while its round lasts.
func (a *Voter) Again(action Action) { a.out = slices.Insert(a.out, 0, action) }

// Next is when Due has something to do if nothing is added before.
func (a *Voter) Next(now time.Time) time.Time {
	e, err := a.target(now)
	if err != nil {
		return a.schedule.Start
	}
	begins := a.schedule.StartOf(e)
	if a.cold(now, e) {
		begins = a.schedule.StartOf(e + 1)
	}
	if a.done(e) || a.round == nil || a.round.epoch != e || a.round.failed {
		return begins
	}
	for _, t := range []time.Time{a.round.closes, a.round.tallies, a.round.again} {
		if t.After(now) && t.Before(begins) {
			return t
		}
	}
	return begins
}

// advance takes the round as far as the time allows.
func (a *Voter) advance(now time.Time) {
	r := a.round
	if r.failed || !r.member {
		return
	}
	if r.record == nil && !r.voted && (!now.Before(r.closes) || a.everybody(now)) {
		r.voted = true
		if a.alone(r.epoch) || a.mayVote(now) {
			a.vote()
		}
	}
	if r.record == nil && r.voted && (a.alone(r.epoch) || !now.Before(r.tallies)) {
		a.tally(now)
	}
	if r.signing != nil && !now.Before(r.again) {
		r.again = a.schedule.StartOf(r.epoch + protocol.Validity)
		a.sendEndorsement()
	}
}

// mayVote says that one of several authorities votes: the others would all take it, and it began to
// listen before votes were due. One that began later may have voted before it was stopped, and two
// votes would be proof that it lies.
func (a *Voter) mayVote(now time.Time) bool {
	r := a.round
	return now.Before(a.schedule.EndOf(r.epoch-1, phaseVotes)) && !a.opened.After(r.closes)
}

// everybody says that a cold start need wait no longer: all who are admitted have spoken.
func (a *Voter) everybody(now time.Time) bool {
	r := a.round
	return a.alone(r.epoch) && !r.waits && a.cold(now, r.epoch) && len(a.admitted) > 0 &&
		a.trusts(now, r.epoch) && len(a.listings()) == len(a.admitted)
}

// listings is the nodes that this authority would have in the document.
func (a *Voter) listings() []Listing {
	var list []Listing
	for _, adm := range a.admitted {
		d, ok := a.ready[a.round.epoch][adm.ID]
		if ok && adm.Role == d.Role {
			list = append(list, Listing{d, a.round.epoch < adm.Probation})
		}
	}
	return list
}

// vote says what this authority would do, to itself and the others.
func (a *Voter) vote() {
	r := a.round
	v := &Vote{Network: a.network, Epoch: r.epoch, By: a.identity.ID(), Parameters: a.parameters,
		Listings: a.listings(), Addr: a.addr}
	if base := a.base(r.epoch); base != nil {
		v.Previous = base.Digest()
	}
	for _, d := range a.chain.after(r.epoch) { // by this clock nobody can have made it in time
		v.Void = append(v.Void, Voided{d.Epoch, d.Digest()})
	}
	v.Void = v.Void[:min(len(v.Void), mostVoid)]
	for _, id := range a.proved {
		if v.lists(id) && !slices.Contains(v.False, id) {
			v.False = append(v.False, id)
		}
	}
	v.Sign(a.identity)
	r.voters[v.By] = []*Relay{{Vote: v}}
	if !a.alone(r.epoch) {
		a.out = append(a.out, Action{Do: DoVote, Relay: r.voters[v.By][0]})
	}
}

func (a *Voter) tally(now time.Time) {
	r := a.round
	var votes []*Vote
	for _, relays := range r.voters {
		for _, relay := range relays {
			votes = append(votes, relay.Vote)
		}
	}
	o, err := tally(r.genesis, a.base(r.epoch), r.epoch, votes)
	if err != nil {
		a.report(err, o.Notes...)
		a.retry(now)
		return
	}
	r.record = newRecord(o.Document, a.record)
	a.out = append(a.out, Action{Do: DoPersist, Record: r.record, Notes: o.Notes})
}

// retry lets an authority that is alone wait for more nodes; several can only meet in the next
// epoch.
func (a *Voter) retry(now time.Time) {
	r := a.round
	if !a.alone(r.epoch) {
		r.failed = true
		return
	}
	r.voted, r.waits = false, true
	r.closes = now.Add(a.window())
	r.tallies = r.closes
}
