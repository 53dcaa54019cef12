package directory

import (
	"errors"
	"fmt"
	"time"
)

// errNotNow refuses a vote or signature that is not for the document in preparation, comes too
// late, or brings nothing new.
var errNotNow = errors.New("not expected now")

// AddVote takes a vote of another authority, from itself or passed on. A new one is passed on in
// turn with one more echo. From the second sub-round of the echo phase on, a vote needs as many
// signatures as sub-rounds have begun, so that nobody can slip one in that others can no longer
// see.
func (a *Voter) AddVote(now time.Time, r *Relay) error {
	e, err := a.target(now)
	if err != nil {
		return err
	}
	if a.alone(e) || r.Vote.Epoch != e || a.done(e) {
		return fmt.Errorf("vote for epoch %d: %w", r.Vote.Epoch, errNotNow)
	}
	a.turn(now, e)
	if need := a.needed(now); need == 0 || r.Signers() < need {
		return fmt.Errorf("vote for epoch %d with %d signatures: %w", e, r.Signers(), errNotNow)
	}
	had := a.round.voters[r.Vote.By]
	if r.Vote.By == a.identity.ID() || len(had) == 2 || len(had) == 1 &&
		had[0].Vote.digest() == r.Vote.digest() {
		return nil
	}
	if err := r.verify(a.round.genesis); err != nil {
		return err
	}
	a.round.voters[r.Vote.By] = append(had, r)
	if !r.echoedBy(a.identity.ID()) {
		a.out = append(a.out, Action{Do: DoVote, Relay: r.echo(a.identity)})
	}
	return nil
}

// needed is how many signatures a vote needs at this time; 0: none is taken.
func (a *Voter) needed(now time.Time) int {
	r := a.round
	if !now.Before(r.tallies) || r.record != nil || r.failed || !r.member {
		return 0
	}
	echo := a.schedule.EndOf(r.epoch-1, phaseVotes)
	if now.Before(echo) {
		return 1
	}
	sub := r.tallies.Sub(echo) / time.Duration(r.genesis.Fault+1)
	return 1 + int(now.Sub(echo)/sub)
}

// endorse signs the recorded document, and passes the signature on.
func (a *Voter) endorse() error {
	r := a.round
	d, err := r.record.document()
	if err != nil {
		return fmt.Errorf("signing the document of epoch %d: %w", r.epoch, err)
	}
	d.Sign(a.identity)
	r.signing = d
	a.sendEndorsement()
	for _, e := range r.early {
		a.collect(e)
	}
	a.publish()
	return nil
}

func (a *Voter) sendEndorsement() {
	if a.alone(a.round.epoch) {
		return
	}
	d := a.round.signing
	s := Signature{By: a.identity.ID(),
		Bytes: a.identity.sign(labelDocument, a.network, d.Digest())}
	a.out = append(a.out, Action{Do: DoEndorse, Endorsement: &Endorsement{d.Epoch, d.Digest(), s}})
}

// AddSignature takes another authority's signature. One for a digest that is not the own one does
// not count: that authority accepted other votes.
func (a *Voter) AddSignature(now time.Time, e *Endorsement) error {
	target, err := a.target(now)
	if err != nil {
		return err
	}
	if a.alone(target) || e.Epoch != target || a.done(target) {
		return fmt.Errorf("signature for epoch %d: %w", e.Epoch, errNotNow)
	}
	if _, ok := a.genesis.At(target).Authority(e.Signature.By); !ok {
		return fmt.Errorf("signature for epoch %d by %s, which is no authority", e.Epoch,
			e.Signature.By)
	}
	if err := e.Signature.By.verify(labelDocument, a.network, e.Digest,
		e.Signature.Bytes); err != nil {
		return err
	}
	a.turn(now, target)
	if a.round.signing == nil {
		a.round.early[e.Signature.By] = *e
		return nil
	}
	a.collect(*e)
	a.publish()
	return nil
}

// collect adds a signature that fits the own document.
func (a *Voter) collect(e Endorsement) {
	if d := a.round.signing; e.Digest == d.Digest() {
		d.addSignature(e.Signature)
	}
}

// publish hands out the document once t authorities have signed it.
func (a *Voter) publish() {
	d := a.round.signing
	if len(d.Signatures) < a.round.genesis.Threshold || a.done(d.Epoch) {
		return
	}
	if err := a.chain.Accept(d); err != nil {
		a.round.failed = true
		a.report(err)
		return
	}
	a.forget()
	a.out = append(a.out, Action{Do: DoPublish, Document: d})
}
