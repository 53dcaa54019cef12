package sender

import (
	"slices"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/sphinx"
)

// TestAnsweredRequestIsOver: it waits no more, and its other tries, which may come back as any loop
// does, bring nothing.
func TestAnsweredRequestIsOver(t *testing.T) {
	s := &Sender{}
	it, other := &queued{Request: Request{Token: 7}}, &queued{Request: Request{Token: 8}}
	s.queue.items = []*queued{it, other}
	s.replies.open = map[sphinx.SURBID]*awaited{
		{1}: {work: it}, {2}: {work: it}, {3}: {work: other}, {4}: {fetch: &Fetch{}},
	}
	if e := s.event(&awaited{work: it}, box.Reply{}); e.Kind != Answered || e.Token != 7 {
		t.Errorf("the answer brought %+v", e)
	}
	if open := s.replies.open; len(open) != 4 {
		t.Errorf("awaited are %v", open)
	}
	if !slices.Equal(s.queue.items, []*queued{other}) {
		t.Errorf("%d wait", len(s.queue.items))
	}
	if e := s.event(&awaited{work: it}, box.Reply{}); e.Kind != Nothing || e.Token != 0 {
		t.Errorf("the answer to a second try brought %+v", e)
	}
}

// TestFewLoopsBackAreLow: once half a window has been seen, fewer than half of them are.
func TestFewLoopsBackAreLow(t *testing.T) {
	for _, row := range []struct {
		returned, lost int
		want           bool
	}{
		{0, LoopWindow/2 - 1, false}, {0, LoopWindow / 2, true},
		{LoopWindow / 2, LoopWindow / 2, false}, {LoopWindow/2 - 1, LoopWindow/2 + 1, true},
		{LoopWindow, LoopWindow / 2, false}, {LoopWindow, LoopWindow/2 + 1, true},
	} {
		var l loopRecord
		for range row.returned {
			l.add(true)
		}
		for range row.lost {
			l.add(false)
		}
		if l.low() != row.want {
			t.Errorf("%d returned, then %d lost: low %v", row.returned, row.lost, l.low())
		}
	}
}

// TestCancelledRequestIsNotSent, even if its packet is there already; any other packet stays.
func TestCancelledRequestIsNotSent(t *testing.T) {
	work := &packet{reply: &awaited{work: &queued{Request: Request{Token: 7}}}}
	for _, row := range []struct {
		p    *packet
		keep bool
	}{
		{work, false}, {&packet{}, true}, {&packet{reply: &awaited{}}, true},
		{&packet{reply: &awaited{work: &queued{Request: Request{Token: 8}}}}, true},
	} {
		s := &Sender{packet: row.p}
		s.Cancel(7)
		if (s.packet != nil) != row.keep {
			t.Errorf("%+v kept: %v", row.p.reply, !row.keep)
		}
	}
	(&Sender{}).Cancel(7) // without a packet there is nothing to do
}

// TestAnswersToFetches: a box of any id is told on, since whoever fetches counts wrong ones; all
// else is refused if it is about something else.
func TestAnswersToFetches(t *testing.T) {
	fetch := box.Request{Op: box.OpFetch, Fetch: box.FetchKey{Slot: 3, Entry: box.Entry{4}}}
	ask := box.Request{Op: box.OpBulletin, Ask: box.Question{Kind: 1, Maker: 2, Number: 3}}
	other := box.Request{Op: box.OpFetch, Fetch: box.FetchKey{Slot: 4, Entry: box.Entry{4}}}
	for _, row := range []struct {
		asked box.Request
		reply box.Reply
		good  bool
	}{
		{fetch, box.Reply{Status: box.StatusFound, Day: 7, Box: box.Box{ID: box.ID{8}}}, true},
		{fetch, box.Reply{Status: box.StatusTombstoned, Day: 7, Box: box.Box{ID: box.ID{8}}}, true},
		{fetch, fetch.Refusal(box.StatusNotFound), true},
		{fetch, other.Refusal(box.StatusNotFound), false},
		{fetch, fetch.Refusal(box.StatusFull), false},
		{fetch, box.Reply{Status: box.StatusBulletin, Ask: ask.Ask}, false},
		{ask, box.Reply{Status: box.StatusBulletin, Ask: ask.Ask}, true},
		{ask, box.Reply{Status: box.StatusBulletin}, false},
		{ask, ask.Refusal(box.StatusNotFound), true},
		{ask, box.Reply{Status: box.StatusFound}, false},
	} {
		a := &awaited{asked: row.asked, fetch: &Fetch{Op: row.asked.Op}}
		if got := answers(a, row.reply); got != row.good {
			t.Errorf("%v to operation %d: %v", row.reply.Status, row.asked.Op, got)
		}
	}
}

// TestNumbersThatNeverCame are counted, and those that went back are refused.
func TestNumbersThatNeverCame(t *testing.T) {
	s := &Sender{fresh: true}
	for i, row := range []struct {
		number, skipped uint64
		good            bool
	}{{5, 0, true}, {6, 0, true}, {9, 2, true}, {9, 2, false}, {8, 2, false}, {10, 2, true}} {
		if got := s.follow(row.number); got != row.good || s.stats.Skipped != row.skipped {
			t.Errorf("number %d at step %d: %v, %d skipped", row.number, i, got, s.stats.Skipped)
		}
	}
	if s.received != 10 {
		t.Errorf("acknowledged is %d", s.received)
	}
}
