package person

import (
	"errors"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// ErrLater says that the sender does not take a request now: there is none yet, its queue is full,
// or nobody stores boxes of that day. The part is asked to Supply again.
var ErrLater = errors.New("the sender takes no request of this kind now")

// Request is one box operation. The bytes of a write must not change until it is answered.
type Request struct {
	Op    box.Op
	Day   box.Day
	Box   box.Box
	Epoch directory.Epoch // of the document that a digest is asked for
	Try   int             // turns to the next holder, for a part that asks again
}

// Kind says what an Answer is.
type Kind uint8

// Kinds of answers.
const (
	Done   Kind = iota // a holder answered the request, which is over
	Polled             // a holder said what it has of a watched box, which is watched on
	Lost               // the request is over without an answer: to be asked again
)

// Answer is what became of a request, or of a watched box, under the part's own number. Of a lost
// one nothing but number and kind is set.
type Answer struct {
	Number uint64
	Kind   Kind
	Day    box.Day
	ID     box.ID
	Holder directory.NodeID // who answers
	Reply  box.Reply
	Sent   time.Time // when the answered try was sent
}

// Lane is a part's way to the sender. Requests and watched boxes have numbers that the part
// chooses, each kind its own.
type Lane struct {
	person *Person
	part   Part
}

// Enqueue asks for r; the answer comes under number, which must not be under way.
func (l *Lane) Enqueue(now time.Time, number uint64, r Request) error {
	return l.person.enqueue(now, owner{l, number, false}, r)
}

// Cancel takes a request back, if it is under way; it will not be answered.
func (l *Lane) Cancel(number uint64) {
	o := owner{l, number, false}
	token, ok := l.person.tokens[o]
	if !ok {
		return
	}
	l.person.forget(o)
	l.person.sender.Cancel(token)
}

// Handed says which of the part's requests that are under way were in a packet at least once.
func (l *Lane) Handed() map[uint64]bool {
	handed := map[uint64]bool{}
	if l.person.sender == nil {
		return handed
	}
	for _, token := range l.person.sender.Handed() {
		if o, ok := l.person.owners[token]; ok && o.lane == l {
			handed[o.number] = true
		}
	}
	return handed
}

// Watch has a box polled, in place of the one that was watched under this number before. Since is
// when it began to be waited for, or its predecessor under another day.
func (l *Lane) Watch(number uint64, day box.Day, id box.ID, since time.Time) {
	token := l.person.token(owner{l, number, true})
	t := sender.Target{Token: token, Day: day, ID: id, Since: since}
	l.person.targets[token] = t
	if l.person.sender != nil {
		l.person.sender.Watch(t)
	}
}

// Unwatch ends that.
func (l *Lane) Unwatch(number uint64) {
	o := owner{l, number, true}
	token, ok := l.person.tokens[o]
	if !ok {
		return
	}
	l.person.forget(o)
	if l.person.sender != nil {
		l.person.sender.Unwatch(token)
	}
}

// Tell leaves a notice for whoever drives the person.
func (l *Lane) Tell(what, do string) {
	l.person.notices = append(l.person.notices, Notice{what, do})
}
