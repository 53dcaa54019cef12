package desk

import (
	"encoding/binary"
	"io"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/token"
)

// Batch is one that this holder is to issue.
type Batch struct {
	Day      box.Day
	peer     directory.NodeID // who asks, for a client of its own
	client   Client           // if it is one of this provider's
	number   uint64           // else what the peer calls its question
	elements []byte
}

// Asked takes the question of another provider in: number 8 ‖ day 4 ‖ elements.
func (d *Desk) Asked(now time.Time, peer directory.NodeID, data []byte) error {
	if len(data) < numberSize+4 {
		return d.refuse(errNoBatch)
	}
	day := binary.BigEndian.Uint32(data[numberSize:])
	b := Batch{peer: peer, number: binary.BigEndian.Uint64(data), Day: box.Day(day),
		elements: append([]byte(nil), data[numberSize+4:]...)}
	if uint32(b.Day) != day {
		return d.refuse(errNoBatch)
	}
	return d.take(now, b)
}

// take puts a batch on the list of what is to be issued. No provider gets more than twice what all
// clients of the network may ask for, so that one that asks without end gets its tokens and no more
// time of this one than for those.
func (d *Desk) take(now time.Time, b Batch) error {
	if !fits(d.doc, d.today(now), b.Day, d.cfg.Self, len(b.elements)) {
		return d.refuse(errNoBatch)
	}
	g := grant{b.peer, b.Day}
	if d.given[g] >= Most(d.doc) || len(d.jobs[b.peer]) >= mostJobs {
		return d.refuse(errTooMany)
	}
	d.given[g]++
	if len(d.jobs[b.peer]) == 0 {
		d.turns = append(d.turns, b.peer)
	}
	d.jobs[b.peer] = append(d.jobs[b.peer], b)
	return nil
}

// NextBatch is the one to issue next, of those who ask in turn.
func (d *Desk) NextBatch() (b Batch, ok bool) {
	if len(d.turns) == 0 {
		return b, false
	}
	peer := d.turns[0]
	d.turns = d.turns[1:]
	b = d.jobs[peer][0]
	if d.jobs[peer] = d.jobs[peer][1:]; len(d.jobs[peer]) > 0 {
		d.turns = append(d.turns, peer)
	} else {
		delete(d.jobs, peer)
	}
	return b, true
}

// Issue does the work of a batch, some 0.3 ms a token. It may be done in another goroutine.
func (b Batch) Issue(random io.Reader, keys *token.Keys) (answer []byte, err error) {
	key, err := keys.Of(uint32(b.Day))
	if err != nil {
		return nil, err
	}
	return key.Issue(random, b.elements)
}

// Issued brings the answer of a batch; err is why there is none, which is counted.
func (d *Desk) Issued(b Batch, answer []byte, err error) {
	switch {
	case err != nil:
		d.stats.Refused++
		if g := (grant{b.peer, b.Day}); d.given[g] > 0 {
			d.given[g]-- // no tokens, so that nobody's are used up by bytes that are no elements
		}
		return
	case b.peer == d.cfg.Self:
		d.land(b.client, bulletin.Tokens{Day: uint32(b.Day), Holder: d.cfg.Self, Answer: answer})
	case len(d.replies[b.peer]) < mostJobs:
		reply := binary.BigEndian.AppendUint64(nil, b.number)
		d.replies[b.peer] = append(d.replies[b.peer], append(reply, answer...))
	}
	d.stats.Issued++
}

// Reply is the answer that goes to another provider next; nil if there is none.
func (d *Desk) Reply(peer directory.NodeID) (data []byte) {
	waiting := d.replies[peer]
	if len(waiting) == 0 {
		return nil
	}
	if d.replies[peer] = waiting[1:]; len(waiting) == 1 {
		delete(d.replies, peer)
	}
	return waiting[0]
}

// Owes says whether an answer waits for another provider, or a batch for being issued.
func (d *Desk) Owes(peer directory.NodeID) bool {
	return len(d.replies[peer]) > 0 || len(d.jobs[peer]) > 0
}
