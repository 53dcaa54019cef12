package outbox

import (
	"errors"
	"testing"
	"time"

	"murmuration/client/person"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// write puts a record past the outbox, as a damaged disk would.
func (h *home) write(bucket, name string, v any) {
	h.t.Helper()
	h.check(h.store.Update(func(tx *store.Tx) error { return tx.Put(bucket, name, v) }))
}

// count is how many records a bucket has.
func (h *home) count(bucket string) (n int) {
	h.t.Helper()
	h.check(h.store.View(func(tx *store.Tx) error {
		return store.Each(tx, bucket, func(string, any) error { n++; return nil })
	}))
	return n
}

func TestStrayAnswersChangeNothing(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 1)
	h.check(h.Outbox.Answered(noon, person.Answer{Number: 99, Reply: stored}))
	h.check(h.Outbox.Answered(noon, person.Answer{Number: 99, Kind: person.Found}))
	h.check(h.Outbox.Answered(noon, person.Answer{Number: 1, Kind: person.Listed, ID: box.ID{4}}))
	if e := h.state("a"); e.State != Queued || h.Waiting() != 1 {
		t.Errorf("%+v", e)
	}
	h.check(h.Outbox.Answered(noon, person.Answer{Number: 1, Reply: stored})) // the control
	if e := h.state("a"); e.State != Stored {
		t.Errorf("the answer of a holder: %+v", e)
	}
	again := h.waiting[0].again
	h.check(h.Outbox.Answered(noon, person.Answer{Number: 1, Reply: refused})) // not asked
	if h.waiting[0].again != again {
		t.Error("an answer to nothing was taken")
	}
}

// TestLostRequestIsNoTry: nobody has seen the box, and the same holder is asked.
func TestLostRequestIsNoTry(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 1)
	h.requests = nil
	h.check(h.person.Begin(noon, h))
	if e := h.state("a"); e.State != Queued || len(h.requests) != 1 || h.requests[0].Try != 0 {
		t.Errorf("%+v, asked for by %+v", e, h.requests)
	}
}

// TestListingsOutlastTheProgram: one that was heard before counts after.
func TestListingsOutlastTheProgram(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 1)
	id := h.requests[0].Box.ID
	h.list(noon, 1, id)
	again := newHome(t, h.store, noon)
	again.list(noon, 1, id)
	if again.state("a").State != Stored {
		t.Errorf("%+v", again.state("a"))
	}
	again.list(noon, 2, id)
	if again.state("a").State != Kept {
		t.Errorf("%+v", again.state("a"))
	}
}

// TestOneHolderIsEnough where there is no other.
func TestOneHolderIsEnough(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 1)
	w := h.person.Wanted(box.EntryOf(h.requests[0].Box.ID))[0]
	h.check(h.person.Listed(noon, w, person.Listing{Maker: directory.NodeID{1}, Holders: 1}))
	if h.state("a").State != Kept {
		t.Errorf("%+v", h.state("a"))
	}
}

// other is a box that the copy of a home writes at the index of one that waits.
func (h *home) other(index int) box.Box {
	h.t.Helper()
	var b Box
	h.check(h.store.View(func(tx *store.Tx) error {
		return tx.Get(bucketBoxes, nameOf(h.waiting[index].number), &b)
	}))
	s, err := b.Sealed.Again(network, b.Sealed.Day)
	h.check(err)
	s.Plaintext = append(s.Plaintext, 1)
	s, err = s.Again(network, b.Sealed.Day)
	h.check(err)
	return s.Box()
}

// TestRenewalIsDurable, and happens once: on a full disk nothing of it, and all of it later.
func TestRenewalIsDurable(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("kept", 1)
	h.keep(noon)
	h.queue("a", 2)
	h.queue("b", 1)
	conflict := box.Reply{Status: box.StatusConflict, Box: h.other(0)}
	told := 0
	h.OnCopy(func(tx *store.Tx) error {
		told++
		return tx.Put("told", "", told)
	})
	h.full = true
	h.answer(noon, conflict)
	if h.Waiting() != 3 || h.streams["mine/1"] == nil || h.epoch != 1 ||
		len(h.person.Notices()) != 0 || told != 0 {
		t.Fatalf("on a full disk %d wait, epoch %d", h.Waiting(), h.epoch)
	}
	h.full = false
	later := noon.Add(time.Hour)
	h.check(h.person.Supply(later))
	for h.requests[0].Box.ID != conflict.Box.ID {
		h.requests = append(h.requests[1:], h.requests[0])
	}
	h.answer(later, conflict)
	again := unloaded(t, h.store)
	again.epoch, again.writer = h.epoch, h.writer
	h.check(errors.Join(again.person.Load(), again.person.Begin(later, again)))
	for _, h := range []*home{h, again} {
		if h.Waiting() != 3 || h.streams["mine/1"] != nil || h.streams[h.name()] == nil ||
			h.waiting[0].stream != h.name() || len(h.requests) != 3 {
			t.Errorf("%d wait, of %q, streams %v", h.Waiting(), h.waiting[0].stream, h.streams)
		}
		if h.state("kept").State != Kept || h.state("a").Boxes != 2 {
			t.Errorf("%+v, %+v", h.state("kept"), h.state("a"))
		}
	}
	if len(h.person.Notices()) == 0 || h.Lies() != 0 {
		t.Error("nobody is told")
	}
	kept := 0
	h.check(h.store.View(func(tx *store.Tx) error { return tx.Get("told", "", &kept) }))
	if told != 1 || kept != 1 {
		t.Errorf("of the copy others were told %d times, and kept %d", told, kept)
	}
}

// TestKeptBoxesAreWrittenAgain from the index on at which a copy writes, and none before it.
func TestKeptBoxesAreWrittenAgain(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("before", 1)
	h.keep(noon)
	h.queue("after", 2)
	h.queue("hidden", 1)
	foreign := h.other(0)
	for range 3 {
		h.keep(noon)
	}
	if h.Waiting() != 0 || h.count(bucketSent) != 4 {
		t.Fatalf("%d wait, %d are kept", h.Waiting(), h.count(bucketSent))
	}
	delete(h.entries, "hidden") // as one that was forgotten long ago
	w := h.person.Wanted(box.EntryOf(foreign.ID))[0]
	h.check(h.person.Found(noon, w, directory.NodeID{1}, foreign))
	if h.Waiting() != 3 || h.count(bucketSent) != 1 || h.state("before").State != Kept ||
		h.state("after").Kept != 0 || h.state("hidden").Boxes != 1 {
		t.Errorf("%d wait, %+v", h.Waiting(), h.Entries())
	}
	for range 3 {
		h.keep(noon)
	}
	for _, name := range []string{"before", "after", "hidden"} {
		if h.state(name).State != Kept {
			t.Errorf("%+v", h.state(name))
		}
	}
}

// TestOwnBoxesMoveTheirReader, and nothing else: found as they were written, even under the day
// before.
func TestOwnBoxesMoveTheirReader(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 2)
	first := h.requests[0].Box
	found := func(b box.Box) {
		t.Helper()
		for _, w := range h.person.Wanted(box.EntryOf(b.ID)) {
			h.check(h.person.Found(noon, w, directory.NodeID{1}, b))
		}
	}
	found(first)
	if len(h.person.Notices()) != 0 || h.epoch != 1 || h.state("a").Stored != 1 {
		t.Errorf("its own box: %+v", h.state("a"))
	}
	again := newHome(t, h.store, noon)
	if r := again.streams["mine/1"].Reader; r.Since != noon.UnixMilli() ||
		!r.Has(h.waiting[0].index) {
		t.Errorf("after a restart its reader is %+v", r)
	}
}

// TestTombstonesAreNoCopy: who deletes a box of theirs finds it empty afterwards, and goes on in
// the stream; another content there is a copy's.
func TestTombstonesAreNoCopy(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 2)
	found := func(b box.Box) {
		t.Helper()
		for _, w := range h.person.Wanted(box.EntryOf(b.ID)) {
			h.check(h.person.Found(noon, w, directory.NodeID{1}, b))
		}
	}
	other := h.other(1)
	c, err := box.ParseWriteCap(h.writer.Cap)
	h.check(err)
	index := c.Start()
	for c.ReadCap().ID(index, network.ID, network.Today(noon)) != h.requests[0].Box.ID {
		index = index.Next()
	}
	found(c.Tombstone(index, network.ID, network.Today(noon)))
	if len(h.person.Notices()) != 0 || h.epoch != 1 {
		t.Error("a tombstone counts as a copy's box")
	}
	found(other)
	if len(h.person.Notices()) != 1 || h.epoch != 2 {
		t.Error("the control: a copy's box does not")
	}
}

// TestWhatWasWrittenIsForgotten when nobody keeps it any more.
func TestWhatWasWrittenIsForgotten(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 1)
	h.keep(noon)
	for days, want := range []int{1, 1, 1, 1, 0} {
		h.check(h.person.Turn(noon.AddDate(0, 0, days)))
		if n, sent := h.count(bucketWritten), h.count(bucketSent); n != want || sent != want {
			t.Errorf("after %d days %d and %d are known", days, n, sent)
		}
	}
}

// TestTurnWithoutEndWritesNothing: it comes every few seconds, and a disk may be full.
func TestTurnWithoutEndWritesNothing(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 1)
	h.check(h.person.Turn(noon))
	h.full = true
	h.check(h.Outbox.Turn(noon))
	late := noon.Add(100 * time.Hour)
	if err := h.Outbox.Turn(late); !errors.Is(err, store.ErrFull) || h.Waiting() != 1 {
		t.Errorf("with something to give up: %v, %d wait", err, h.Waiting())
	}
	h.full = false
	h.check(h.Outbox.Turn(late))
	again := newHome(t, h.store, late)
	if e := again.state("a"); e.State != Expired || !e.Done.Equal(late) || again.Waiting() != 0 ||
		again.count(bucketBoxes) != 0 {
		t.Errorf("after a restart: %+v, %d wait", e, again.Waiting())
	}
}

// TestBoxIsSealedForTheDayOnce: what is sent is on the disk before, and stays with the sender.
func TestBoxIsSealedForTheDayOnce(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 1)
	later := noon.Add(24 * time.Hour)
	h.check(h.person.Turn(later))
	h.full = true
	if err := h.Outbox.Supply(later); !errors.Is(err, store.ErrFull) || len(h.requests) != 0 {
		t.Fatalf("sealed again on a full disk: %v, %+v", err, h.requests)
	}
	h.full = false
	h.check(h.Outbox.Supply(later))
	var b Box
	h.check(h.store.View(func(tx *store.Tx) error { return tx.Get(bucketBoxes, nameOf(1), &b) }))
	if len(h.requests) != 1 || b.Sealed.Day != network.Today(later) ||
		!h.requests[0].Box.Equal(b.Sealed.Box()) {
		t.Fatalf("sent %+v, kept %+v", h.requests, b.Sealed)
	}
	token := h.requests[0].Token
	h.check(h.person.Turn(later.Add(time.Minute)))
	if len(h.requests) != 1 || h.requests[0].Token != token {
		t.Errorf("taken back on its own day: %+v", h.requests)
	}
}

// TestDamagedRecordsAreNotPassedOver: each of them ends the start, or the supply.
func TestDamagedRecordsAreNotPassedOver(t *testing.T) {
	for bucket, name := range map[string]string{
		bucketCount: "", bucketEntries: nameOf(1), bucketBoxes: nameOf(1), bucketStreams: "mine/1",
	} {
		h := newHome(t, store.Memory(), noon)
		h.queue("a", 1)
		h.check(unloaded(t, h.store).person.Load()) // the control
		h.write(bucket, name, "something else")
		if err := unloaded(t, h.store).person.Load(); !errors.Is(err, store.ErrForeign) {
			t.Errorf("%s: %v", bucket, err)
		}
	}
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 1)
	h.requests = nil
	h.check(h.person.Begin(noon.Add(24*time.Hour), refusing{h, sender.ErrQueueFull}))
	h.write(bucketBoxes, nameOf(1), "something else")
	if err := h.person.Begin(noon, h); !errors.Is(err, store.ErrForeign) || len(h.requests) != 0 {
		t.Errorf("a damaged box: %v, %+v", err, h.requests)
	}
}

// refusing is a sender that takes nothing.
type refusing struct {
	*home
	with error
}

func (r refusing) Enqueue(time.Time, sender.Request) error { return r.with }

func TestSenderThatTakesNothing(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.check(h.person.Begin(noon, refusing{h, sender.ErrQueueFull}))
	h.queue("a", 1)
	h.check(h.person.Begin(noon, h))
	if len(h.requests) != 1 {
		t.Errorf("after a full queue: %+v", h.requests)
	}
	if err := h.person.Begin(noon, refusing{h, sender.ErrRequest}); !errors.Is(
		err, sender.ErrRequest) {
		t.Errorf("a request that is none: %v", err)
	}
}

// TestConflictsOfLiars: a holder that shows another box, or one that nobody signed, has no stream
// begin anew. The control is a box that stands there.
func TestConflictsOfLiars(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 1)
	real := h.other(0)
	forged, elsewhere := real, real
	forged.Signature[3] ^= 1
	elsewhere.ID[0] ^= 1
	now := noon
	for i, said := range []box.Box{forged, elsewhere, real} {
		h.answer(now, box.Reply{Status: box.StatusConflict, Box: said})
		lies, epoch := min(uint64(i+1), 2), 1+i/2
		if h.Lies() != lies || h.epoch != epoch {
			t.Errorf("box %d: %d lies, stream %d", i, h.Lies(), h.epoch)
		}
		now = now.Add(time.Hour)
		h.check(h.person.Supply(now))
	}
}
