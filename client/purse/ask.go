package purse

import (
	"errors"
	"math"
	"time"

	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/exchange"
)

// Implementation constants.
const (
	// patience is how many bulletin slots a question waits for its answer at first: the frames
	// between two providers carry bulletins before it.
	patience = 5
	// longest is the longest that it waits, doubled each time.
	longest = time.Hour
	// vain is how many questions in vain say that a provider brings no tokens. On the default
	// network that takes 39 minutes.
	vain = 6
)

// prepare makes the questions that are due ready: the costly part, done without exclusivity.
func (p *Purse) prepare(now time.Time) error {
	var coming []*wallet
	p.cfg.Exclusive(func() {
		coming = p.lacking(now)
		for _, w := range coming {
			w.via = p.own
		}
	})
	if len(coming) == 0 {
		return nil
	}
	var able []*wallet
	for _, w := range coming {
		if w.ready(p, now) == nil { // else the document has a key that is none
			able = append(able, w)
		}
	}
	if err := p.keep(able...); err != nil {
		return err
	}
	p.cfg.Exclusive(func() {
		for _, w := range able {
			if w.via != p.own { // another provider meanwhile
				w.batch, w.request = nil, nil
			}
			p.wallets[w.place] = w
		}
	})
	return nil
}

// lacking are the wallets that have neither tokens nor a question, of today and, when its moment
// has come, of tomorrow.
func (p *Purse) lacking(now time.Time) (all []*wallet) {
	if p.document == nil || p.document.Parameters.WriteTokens == 0 {
		return nil
	}
	today := p.today(now)
	passed := now.Sub(today.Start(p.cfg.Calendar.Genesis))
	for _, day := range []box.Day{today, today + 1} {
		holders := p.document.StoringOn(uint16(day))
		size := p.document.Parameters.Batch(len(holders))
		for _, holder := range holders {
			at := place{day, holder}
			if w := p.wallets[at]; w != nil {
				if w.batch == nil && len(w.tokens) == 0 {
					all = append(all, w.again())
				}
				continue
			}
			key, ok := p.document.TokenKey(holder, uint16(day))
			if ok && (day == today || p.moment(at) <= passed) {
				all = append(all, p.wallet(at, key, size))
			}
		}
	}
	return all
}

// again is a copy of a wallet, to take its place when it is on the disk: slots may ask meanwhile.
func (w *wallet) again() *wallet { c := *w; return &c }

// Question is what a slot at a time asks, if anything is due: of what was asked least, today's
// before tomorrow's. The caller has exclusivity, as of Asked and Token.
func (p *Purse) Question(at time.Time) (q exchange.Question, ok bool) {
	p.offered = nil
	for _, w := range p.sorted() {
		if w.batch == nil || w.due.After(at) || w.day < p.today(at) {
			continue
		}
		best := p.offered
		if best == nil || w.day == best.day && w.tries < best.tries {
			p.offered = w
		}
	}
	if p.offered == nil {
		return q, false
	}
	w := p.offered
	return exchange.Question{Day: uint32(w.day), Holder: w.holder, Elements: w.request}, true
}

// Asked says that the last question left at a time. It is asked again, the same bytes, when no
// answer comes.
func (p *Purse) Asked(at time.Time) {
	w := p.offered
	if w == nil || w.batch == nil {
		return
	}
	wait := longest
	if w.tries < 16 { // doubled so often it is longer in any network
		wait = min(longest, patience*p.document.Parameters.BulletinEvery<<w.tries)
	}
	w.tries, w.awaits, w.due = w.tries+1, true, at.Add(wait)
}

// Token is for a write of a box at a holder; ok is false if there is none now.
func (p *Purse) Token(day box.Day, holder [32]byte, id box.ID) (t box.Token, ok bool) {
	if w := p.wallets[place{day, holder}]; w != nil {
		return w.token(id)
	}
	return t, false
}

// Hopeless says that a holder's tokens of a day are all given, or were asked for many times in
// vain.
func (p *Purse) Hopeless(day box.Day, holder [32]byte) bool {
	w := p.wallets[place{day, holder}]
	switch {
	case w == nil:
		return false
	case len(w.tokens) > 0:
		return w.next >= len(w.tokens)
	}
	return w.tries >= vain
}

// Refused says that a holder does not take the token of a box. It may be a lie, or a copy of this
// home may have spent the token: the next try has another one, which is good at that holder alone.
func (p *Purse) Refused(day box.Day, holder [32]byte, id box.ID) {
	p.cfg.Exclusive(func() {
		p.counts[Unpaid]++
		if w := p.wallets[place{day, holder}]; w != nil {
			delete(w.given, id)
		}
	})
}

// Take is an answer that came down. One that proves nothing is counted, and the question is asked
// again in its time.
func (p *Purse) Take(answer bulletin.Tokens) error {
	var w *wallet
	p.cfg.Exclusive(func() { w = p.expects(answer) })
	if w == nil {
		return nil
	}
	tokens, err := w.batch.Finish(answer.Answer) // does not change it
	if err != nil {
		p.cfg.Exclusive(func() { p.counts[Unproved]++ })
		return nil
	}
	w.tokens = make([]box.Token, len(tokens))
	for i, t := range tokens {
		w.tokens[i] = box.Token(t)
	}
	w.reserved, w.batch, w.request = min(block, len(tokens)), nil, nil
	if err := p.keep(w); errors.Is(err, store.ErrFull) {
		return nil // it is asked for again
	} else if err != nil {
		return err
	}
	p.cfg.Exclusive(func() { p.wallets[w.place] = w })
	return nil
}

// expects is a copy of the wallet that an answer is for, or nil, which is counted. One answer is
// looked at for each time of asking: it costs as much as hundreds of signatures.
func (p *Purse) expects(answer bulletin.Tokens) *wallet {
	w := p.wallets[place{box.Day(answer.Day), answer.Holder}]
	switch {
	case answer.Day > math.MaxUint16 || w == nil:
		p.counts[Unasked]++
	case w.batch == nil:
		p.counts[Repeated]++
	case !w.awaits:
		p.counts[Unasked]++
	default:
		w.awaits = false
		return w.again()
	}
	return nil
}
