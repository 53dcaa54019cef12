package person

import (
	"errors"
	"time"

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
	Hold  uint8           // of a write: half seconds until its holders list it
	Slow  bool            // travels longer at two of the mixes
}

// Kind says what an Answer is.
type Kind uint8

// Kinds of answers.
const (
	Done   Kind = iota // a holder answered the request, which is over
	Lost               // the request is over without an answer: to be asked again
	Found              // a wanted box is here: Reply has it, and its id and signature are right
	Listed             // a holder's bulletin lists a wanted box
)

// Answer is what became of a request, or of a wanted box, under the part's own number. Of a lost
// one nothing but number and kind is set.
type Answer struct {
	Number  uint64
	Kind    Kind
	Day     box.Day
	ID      box.ID
	Holder  directory.NodeID // who answers, or listed the box
	Reply   box.Reply        // of a listed box: empty
	Sent    time.Time        // when the answered try was sent
	Slot    box.Slot         // in which a box was listed
	Holders int              // of a listed box, by its placement: as many can list it
}

// Access is a part's way to the sender. Requests and sets of wanted boxes have numbers that the
// part chooses, each kind its own.
type Access struct {
	person *Person
	part   Part
}

// Enqueue asks for r; the answer comes under number, which must not be under way.
func (a *Access) Enqueue(now time.Time, number uint64, r Request) error {
	return a.person.enqueue(now, owner{a, number, request}, r)
}

// Cancel takes a request back, if it is under way; it will not be answered. It says whether the
// request was in a packet by then.
func (a *Access) Cancel(number uint64) (handed bool) {
	o := owner{a, number, request}
	token, ok := a.person.tokens[o]
	if !ok {
		return false
	}
	a.person.forget(o)
	return a.person.sender.Cancel(token)
}

// Handed says which of the part's requests that are under way were in a packet at least once.
func (a *Access) Handed() map[uint64]bool {
	handed := map[uint64]bool{}
	if a.person.sender == nil {
		return handed
	}
	for _, token := range a.person.sender.Handed() {
		if o, ok := a.person.owners[token]; ok && o.access == a {
			handed[o.number] = true
		}
	}
	return handed
}

// Want looks out for boxes, in place of those that it looked out for under this number before. The
// part is told of each holder that lists one of them, and with read it is also given the boxes,
// fetched among everybody's: in any order, more than once, or never.
func (a *Access) Want(number uint64, ids []ID, read bool) {
	a.person.wants.set(a.person.token(owner{a, number, want}), ids, read)
}

// Unwant ends that.
func (a *Access) Unwant(number uint64) {
	o := owner{a, number, want}
	if token, ok := a.person.tokens[o]; ok {
		a.person.wants.set(token, nil, false)
		a.person.forget(o)
	}
}

// Looked says whether bulletins that were read before something was wanted under a number were
// looked through for it: only then can it be said of a day that nothing more comes.
func (a *Access) Looked(number uint64) bool {
	token, ok := a.person.tokens[owner{a, number, want}]
	return ok && !a.person.wants.unlooked[token]
}

// Whole is the day before which all bulletins were read: nothing new comes of the days before it.
func (a *Access) Whole() box.Day { return a.person.whole }

// Online says whether there is a connection now, for what only happens while there is one.
func (a *Access) Online() bool { return a.person.online }

// Tell leaves a notice for whoever drives the person.
func (a *Access) Tell(what, do string) {
	a.person.notices = append(a.person.notices, Notice{what, do})
	a.person.show(Event{Kind: EventNotice, Text: what})
}
