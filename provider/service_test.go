package provider

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
	"murmuration/internal/suite"
)

// served is a service on a store in memory, with a customer who sends requests as real packets and
// opens the replies.
type served struct {
	*testing.T
	service *Service
	store   *box.MemStore
	others  []box.Holder
	hop     *suite.PrivateKey // of the provider, and of the one hop on the way back
}

// noon of day 20 of a network that began at epoch0.
var noon = epoch0.Add(20*24*time.Hour + 12*time.Hour)

func newServed(t *testing.T, limit int) *served {
	t.Helper()
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	par.WriteTokens = 0
	params, err := par.PacketParams()
	if err != nil {
		t.Fatal(err)
	}
	c := &served{T: t, store: box.NewMemStore(limit)}
	if c.hop, err = params.Suite().NewPrivateKey([suite.SeedSize]byte{1}); err != nil {
		t.Fatal(err)
	}
	c.service = &Service{
		Self: directory.NodeID{1}, Params: params, Format: box.Format{Plaintext: par.BoxPlaintext},
		Store:    c.store,
		Calendar: box.Calendar{Genesis: epoch0, Retention: par.RetentionDays},
		Digest:   func(e directory.Epoch) (d directory.Digest) { d[0] = byte(e); return d },
	}
	doc := &directory.Document{Parameters: par}
	for day := range uint16(30) {
		doc.Storing = append(doc.Storing,
			directory.StoringSet{Day: day, Nodes: []directory.NodeID{{1}, {2}, {3}}})
	}
	c.service.SetDocument(doc)
	c.others = []box.Holder{{1}, {2}, {3}}
	return c
}

// sealed is a box that this provider holds on that day, or does not.
func (c *served) sealed(day box.Day, mine bool, mark byte, size int) box.Box {
	for n := uint64(0); ; n++ {
		b := boxtest.Box(n, mark, size)
		held := box.Placement(day, b.ID, c.others, 2)
		if (held[0] == c.others[0] || held[1] == c.others[0]) == mine {
			return b
		}
	}
}

// list publishes a bulletin that lists one box, in a slot of its own, and says how to fetch it.
func (c *served) list(slot box.Slot, day box.Day, id box.ID) box.Request {
	c.Helper()
	listed := []box.Listing{{Day: day, ID: id}}
	if err := c.store.Publish(day, slot, nil, listed); err != nil {
		c.Fatal(err)
	}
	return fetch(slot, id)
}

func fetch(slot box.Slot, id box.ID) box.Request {
	return box.Request{Op: box.OpFetch, Fetch: box.FetchKey{Slot: slot, Entry: box.EntryOf(id)}}
}

// ask sends a request to the provider and opens what its reply packet brings.
func (c *served) ask(now time.Time, r box.Request) (box.Reply, error) {
	c.Helper()
	p := c.service.Params
	id := sphinx.SURBID{7}
	surb, keys, err := p.NewSURB(rand.Reader,
		[]sphinx.Hop{{Key: c.hop.Public(), Recipient: &sphinx.RecipientID{}, SURBID: &id}})
	if err != nil {
		c.Fatal(err)
	}
	departure, err := c.service.Answer(now, c.deliver(surb, r.Marshal(c.service.Format)))
	if err != nil {
		return box.Reply{}, err
	}
	hop, err := sphinx.NewUnwrapper(p).Unwrap(c.hop, departure.Packet)
	if err != nil || hop.Kind != sphinx.Reply || hop.SURBID != id {
		c.Fatalf("the reply packet: %v, %v", hop.Kind, err)
	}
	payload, err := p.OpenReply(keys, hop.Payload)
	if err != nil {
		c.Fatal(err)
	}
	_, user, err := p.ParsePayload(payload)
	if err != nil {
		c.Fatal(err)
	}
	reply, err := box.ParseReply(c.service.Format, user)
	if err != nil {
		c.Fatal(err)
	}
	return reply, nil
}

// deliver is the payload of a packet as the provider's hop finds it.
func (c *served) deliver(surb, user []byte) []byte {
	p := c.service.Params
	packet, err := p.New(rand.Reader,
		[]sphinx.Hop{{Key: c.hop.Public(), Recipient: &protocol.ServiceBoxes}}, surb, user)
	if err != nil {
		c.Fatal(err)
	}
	hop, err := sphinx.NewUnwrapper(p).Unwrap(c.hop, packet)
	if err != nil {
		c.Fatal(err)
	}
	return hop.Payload
}

const today = box.Day(20)

// TestServiceAnswers: every status and every refusal, in one order of events.
func TestServiceAnswers(t *testing.T) {
	c := newServed(t, 0)
	size := c.service.Format.CiphertextSize()
	data, other := c.sealed(today, true, 'd', size), c.sealed(today, true, 'o', size)
	tombstone := c.sealed(today, true, 0, 0)
	yesterday, old := c.sealed(today-1, true, 'y', size), c.sealed(today-14, true, 'y', size)
	elsewhere := c.sealed(today, false, 'e', size)
	if _, err := c.store.Merge(today-14, old); err != nil {
		t.Fatal(err)
	}
	slots := map[box.Listing]box.Slot{}
	for i, l := range []box.Listing{{Day: today - 14, ID: old.ID},
		{Day: today - 1, ID: yesterday.ID}, {Day: today, ID: data.ID}} {
		slots[l] = box.Slot(i + 1)
		c.list(slots[l], l.Day, l.ID)
	}
	night := noon.Add(-11 * time.Hour) // one o'clock: yesterday still takes writes
	for i, s := range []struct {
		now  time.Time
		op   box.Op
		day  box.Day
		box  box.Box
		want box.Status
		what string
	}{
		{noon, box.OpFetch, today, data, box.StatusNotFound, "absent"},
		{noon, box.OpWrite, today, data, box.StatusStored, "new"},
		{noon, box.OpWrite, today, data, box.StatusStored, "the same again"},
		{noon, box.OpWrite, today, other, box.StatusConflict, "other bytes"},
		{noon, box.OpFetch, today, data, box.StatusFound, "there"},
		{noon, box.OpWrite, today, elsewhere, box.StatusNotFound, "not a holder"},
		{noon, box.OpFetch, today, elsewhere, box.StatusNotFound, "never listed"},
		{noon, box.OpWrite, today + 1, c.sealed(today+1, true, 't', size), box.StatusNotFound,
			"a day that has not begun"},
		{noon, box.OpWrite, today - 1, yesterday, box.StatusNotFound, "after the grace"},
		{night, box.OpWrite, today - 1, yesterday, box.StatusStored, "within the grace"},
		{noon, box.OpFetch, today - 1, yesterday, box.StatusFound, "after the grace"},
		{noon, box.OpFetch, today - 14, old, box.StatusFound, "on its last day"},
		{noon.Add(24 * time.Hour), box.OpFetch, today - 14, old, box.StatusNotFound, "expired"},
		{noon, box.OpTombstone, today - 14, c.sealed(today-14, true, 0, 0), box.StatusNotFound,
			"a tombstone for a closed day"},
		{noon, box.OpTombstone, today, tombstone, box.StatusStored, "a tombstone"},
		{noon, box.OpTombstone, today, tombstone, box.StatusStored, "a tombstone again"},
		{noon, box.OpFetch, today, data, box.StatusTombstoned, "deleted"},
		{noon, box.OpWrite, today, data, box.StatusTombstoned, "data on a tombstone"},
	} {
		request := box.Request{Op: s.op, Day: s.day, Box: s.box}
		if s.op == box.OpFetch {
			request = fetch(slots[box.Listing{Day: s.day, ID: s.box.ID}], s.box.ID)
		}
		reply, err := c.ask(s.now, request)
		if err != nil || reply.Status != s.want || !reply.Answers(request) {
			t.Errorf("step %d, %s: %s, %v; want %s", i, s.what, reply.Status, err, s.want)
		}
		if reply.Status == box.StatusFound && !reply.Box.Equal(s.box) {
			t.Errorf("step %d, %s: other bytes came back", i, s.what)
		}
	}
	others, _ := c.service.holders(today, data.ID)
	if waiting, err := c.store.Pending(others[0], box.Queued{}, 9); err != nil ||
		len(waiting) == 0 || waiting[0].Day != today-1 && waiting[0].Box.ID != data.ID {
		t.Errorf("for the other holder wait %d boxes, %v", len(waiting), err)
	}
}

func TestServiceTellsDigests(t *testing.T) {
	c := newServed(t, 0)
	reply, err := c.ask(noon, box.Request{Op: box.OpDigest, Epoch: 5})
	if err != nil || reply.Status != box.StatusDigest || reply.Epoch != 5 ||
		reply.Digest != [32]byte{5} {
		t.Errorf("%v, %v", reply, err)
	}
}

// TestFullStoreSaysSo: data is refused with its own status; fetches and tombstones still work.
func TestFullStoreSaysSo(t *testing.T) {
	par, _ := directory.Defaults("x25519")
	c := newServed(t, par.Ciphertext())
	size := c.service.Format.CiphertextSize()
	first := c.sealed(today, true, 'a', size)
	ask := func(r box.Request) box.Status {
		reply, err := c.ask(noon, r)
		if err != nil {
			t.Fatal(err)
		}
		return reply.Status
	}
	if s := ask(box.Request{Op: box.OpWrite, Day: today, Box: first}); s != box.StatusStored {
		t.Fatalf("control: the first write is %s", s)
	}
	var second box.Box
	for n := uint64(0); second.ID == first.ID || second.ID == (box.ID{}); n++ {
		if b := boxtest.Box(n+100, 'b', size); box.Placement(today, b.ID, c.others,
			2)[0] == c.others[0] {
			second = b
		}
	}
	if s := ask(box.Request{Op: box.OpWrite, Day: today, Box: second}); s != box.StatusFull {
		t.Errorf("a write to a full store is %s", s)
	}
	if s := ask(c.list(1, today, first.ID)); s != box.StatusFound {
		t.Errorf("a fetch from a full store is %s", s)
	}
	if s := ask(box.Request{Op: box.OpTombstone, Day: today,
		Box: c.sealed(today, true, 0, 0)}); s != box.StatusStored {
		t.Errorf("a tombstone in a full store is %s", s)
	}
}

// TestNoAnswer: what means nothing gets no reply, and touches no store.
func TestNoAnswer(t *testing.T) {
	c := newServed(t, 0)
	f := c.service.Format
	good := c.sealed(today, true, 'd', f.CiphertextSize())
	forged := good
	forged.Signature[3] ^= 1
	id := sphinx.SURBID{7}
	surb, _, err := c.service.Params.NewSURB(rand.Reader,
		[]sphinx.Hop{{Key: c.hop.Public(), Recipient: &sphinx.RecipientID{}, SURBID: &id}})
	if err != nil {
		t.Fatal(err)
	}
	write := func(b box.Box) []byte {
		return box.Request{Op: box.OpWrite, Day: today,
			Box: b}.Marshal(f)
	}
	for what, payload := range map[string][]byte{
		"no SURB":         c.deliver(nil, write(good)),
		"a senseless one": c.deliver(make([]byte, len(surb)), fetch(1, good.ID).Marshal(f)),
		"no request":      c.deliver(surb, make([]byte, 9)),
		"a forged box":    c.deliver(surb, write(forged)),
		"an unknown op":   c.deliver(surb, append([]byte{9}, write(good)[1:]...)),
		"a weak id": c.deliver(surb,
			write(box.Box{ID: box.ID{1}, Signature: box.Signature{1}})),
		"a short payload": {1, 2, 3},
	} {
		if _, err := c.service.Answer(noon, payload); !errors.Is(err, ErrNoAnswer) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, status, err := c.store.Read(today, good.ID); err != nil || status != box.StatusNotFound {
		t.Errorf("what means nothing was stored: %s, %v", status, err)
	}
	if reply, err := c.ask(noon, box.Request{Op: box.OpWrite, Day: today, Box: good}); err != nil ||
		reply.Status != box.StatusStored {
		t.Errorf("control: %v, %v", reply.Status, err)
	}
}

// TestExpiredIsNotFound: a day that the store has dropped looks like one that never was.
func TestExpiredIsNotFound(t *testing.T) {
	c := newServed(t, 0)
	if err := c.store.Drop(today + 1); err != nil {
		t.Fatal(err)
	}
	write := box.Request{Op: box.OpWrite, Day: today,
		Box: c.sealed(today, true, 'd', c.service.Format.CiphertextSize())}
	if reply, err := c.ask(noon, write); err != nil || reply.Status != box.StatusNotFound {
		t.Errorf("a write: %s, %v", reply.Status, err)
	}
	if reply, err := c.service.Merge(noon, write); err != nil ||
		reply.Status != box.StatusNotFound {
		t.Errorf("from another holder: %s, %v", reply.Status, err)
	}
}

// broken is a store whose disk fails.
type broken struct{ BoxStore }

func (broken) Listed(box.Slot, box.Entry, int) (box.Day, box.Box, box.Status, error) {
	return 0, box.Box{}, 0, fmt.Errorf("input/output error")
}

// TestDiskFailureIsNoRefusal: it is told apart from a bad request, for the operator.
func TestDiskFailureIsNoRefusal(t *testing.T) {
	c := newServed(t, 0)
	c.service.Store = broken{c.store}
	if _, err := c.ask(noon, fetch(1, box.ID{})); err == nil || errors.Is(err, ErrNoAnswer) {
		t.Errorf("a failing disk gives %v", err)
	}
}

// TestMerge: what other holders send, and that of two contents both keep the same one.
func TestMerge(t *testing.T) {
	size := newServed(t, 0).service.Format.CiphertextSize()
	var kept [2]byte
	for i, marks := range []string{"ab", "ba"} {
		c := newServed(t, 0)
		for j, mark := range []byte(marks) {
			reply, err := c.service.Merge(noon,
				box.Request{Op: box.OpWrite, Day: today, Box: c.sealed(today, true, mark, size)})
			if err != nil || reply.Status != box.StatusStored { // settled, whichever is kept
				t.Errorf("content %c as number %d: %s, %v", mark, j, reply.Status, err)
			}
		}
		b, _, err := c.store.Read(today, c.sealed(today, true, 'a', size).ID)
		if err != nil {
			t.Fatal(err)
		}
		if kept[i] = b.Ciphertext[0]; c.service.Conflicts() != 1 {
			t.Errorf("%d conflicts counted", c.service.Conflicts())
		}
	}
	if kept[0] != kept[1] {
		t.Error("the order decides which of two contents is kept")
	}
	c := newServed(t, 0)
	for what, r := range map[string]box.Request{
		"a dummy":      {Op: box.OpDigest},
		"not a holder": {Op: box.OpWrite, Day: today, Box: c.sealed(today, false, 'a', size)},
		"an expired day": {Op: box.OpWrite, Day: today - 15,
			Box: c.sealed(today-15, true, 'a', size)},
	} {
		if reply, err := c.service.Merge(noon, r); err != nil ||
			reply.Status != box.StatusNotFound {
			t.Errorf("%s: %s, %v", what, reply.Status, err)
		}
	}
}

// announced is a provider whose bulletins say what a test wants.
type announced struct {
	full  bool
	holds map[box.Listing]time.Time
	whole []byte
}

func (a *announced) Full(time.Time) bool                  { return a.full }
func (a *announced) Hold(l box.Listing, until time.Time)  { a.holds[l] = until }
func (a *announced) Head(time.Time) [32]byte              { return [32]byte{7} }
func (a *announced) Answer(q box.Question) ([]byte, bool) { return a.whole, q.Kind == 1 }
func (a *announced) Accuse(f bulletin.Fraud) error        { return f.Verify(directory.NetworkID{}) }

func newAnnounced(c *served) *announced {
	a := &announced{holds: map[box.Listing]time.Time{}}
	c.service.Bulletins = a
	return a
}

// TestFetch: by where it was listed, a box comes with its day and id, a deleted one with its
// owner's signature; what was never listed, or is of a day that is over, is not found.
func TestFetch(t *testing.T) {
	c := newServed(t, 0)
	newAnnounced(c)
	size := c.service.Format.CiphertextSize()
	kept, gone := boxtest.Box(51, 'a', size), boxtest.Box(52, 'b', size)
	deleted, old := boxtest.Box(50, 'c', size), boxtest.Box(53, 'd', size)
	var listed []box.Listing
	for b, day := range map[*box.Box]box.Day{&kept: today, &gone: today - 1, &deleted: today,
		&old: today - 15} {
		if _, err := c.store.Write(day, *b, box.Token{}); err != nil {
			t.Fatal(err)
		}
		listed = append(listed, box.Listing{Day: day, ID: b.ID})
	}
	if err := c.store.Publish(today, 5, nil, listed); err != nil {
		t.Fatal(err)
	}
	stone := boxtest.Box(50, 0, 0)
	if _, err := c.store.Write(today, stone, box.Token{}); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		key  box.FetchKey
		want box.Reply
	}{
		"here": {key(kept.ID, 5), box.Reply{Status: box.StatusFound, Day: today, Box: kept}},
		"yesterday": {key(gone.ID, 5), box.Reply{Status: box.StatusFound, Day: today - 1,
			Box: gone}},
		"deleted": {key(deleted.ID, 5), box.Reply{Status: box.StatusTombstoned, Day: today,
			Box: stone}},
		"other slot": {key(kept.ID, 4), box.Reply{Status: box.StatusNotFound}},
		"past":       {key(old.ID, 5), box.Reply{Status: box.StatusNotFound}},
		"no second": {box.FetchKey{Slot: 5, Entry: box.EntryOf(kept.ID), N: 1},
			box.Reply{Status: box.StatusNotFound}},
	} {
		request := box.Request{Op: box.OpFetch, Fetch: row.key}
		got, err := c.ask(noon, request)
		if row.want.Status == box.StatusNotFound {
			row.want = request.Refusal(box.StatusNotFound)
		}
		row.want.Head = box.Head{7}
		if err != nil || got.Status != row.want.Status || got.Day != row.want.Day ||
			!got.Box.Equal(row.want.Box) || got.Head != row.want.Head || !got.Answers(request) {
			t.Errorf("%s: %s of day %d, %v", name, got.Status, got.Day, err)
		}
	}
}

func key(id box.ID, slot box.Slot) box.FetchKey {
	return box.FetchKey{Slot: slot, Entry: box.EntryOf(id)}
}

// TestFullLists: when too much waits to be listed, new boxes are refused before they are stored,
// from clients and from other holders; tombstones and repetitions are taken.
func TestFullLists(t *testing.T) {
	c := newServed(t, 0)
	a := newAnnounced(c)
	size := c.service.Format.CiphertextSize()
	first := box.Request{Op: box.OpWrite, Day: today, Box: c.sealed(today, true, 'a', size)}
	if reply, err := c.ask(noon, first); err != nil || reply.Status != box.StatusStored {
		t.Fatal(reply.Status, err)
	}
	a.full = true
	other := box.Request{Op: box.OpWrite, Day: today - 1, Box: c.sealed(today-1, true, 'b', size)}
	early := noon.Add(-11 * time.Hour) // yesterday is open, too
	for _, row := range []struct {
		name    string
		request box.Request
		want    box.Status
	}{
		{"new", other, box.StatusFull}, {"again", first, box.StatusStored},
		{"deletion", box.Request{Op: box.OpTombstone, Day: today,
			Box: c.sealed(today, true, 0, 0)}, box.StatusStored},
	} {
		if reply, err := c.service.Merge(early, row.request); err != nil ||
			reply.Status != row.want {
			t.Errorf("%s, from another holder: %s, %v", row.name, reply.Status, err)
		}
		if reply, err := c.ask(early, row.request); err != nil || reply.Status != row.want {
			t.Errorf("%s: %s, %v", row.name, reply.Status, err)
		}
	}
	if _, status, _ := c.store.Read(today-1, other.Box.ID); status != box.StatusNotFound {
		t.Error("what was refused is stored")
	}
}

// TestHolds: a box is not listed before its hold is over, a longer one than the network allows
// counts as the longest, and a replica's is what is left of it.
func TestHolds(t *testing.T) {
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	for hold, want := range map[uint8]time.Duration{0: 0, 5: 2500 * time.Millisecond,
		255: protocol.HoldCap * par.Hold} {
		for _, merge := range []bool{false, true} {
			c := newServed(t, 0)
			a := newAnnounced(c)
			r := box.Request{Op: box.OpWrite, Hold: hold, Day: today,
				Box: c.sealed(today, true, 'a', c.service.Format.CiphertextSize())}
			var err error
			if merge {
				_, err = c.service.Merge(noon, r)
			} else {
				_, err = c.ask(noon, r)
			}
			until, ok := a.holds[box.Listing{Day: today, ID: r.Box.ID}]
			if err != nil || !ok || until.Sub(noon) != want {
				t.Errorf("hold %d, a replica %v: %s, %v", hold, merge, until.Sub(noon), err)
			}
		}
	}
}

// TestConflictBringsTheOther: whoever is told of a conflict or of a deletion can check it.
func TestConflictBringsTheOther(t *testing.T) {
	c := newServed(t, 0)
	newAnnounced(c)
	size := c.service.Format.CiphertextSize()
	one, two := c.sealed(today, true, 'a', size), c.sealed(today, true, 'b', size)
	write := func(b box.Box) box.Reply {
		reply, err := c.ask(noon, box.Request{Op: box.OpWrite, Day: today, Box: b})
		if err != nil {
			t.Fatal(err)
		}
		return reply
	}
	write(one)
	if got := write(two); got.Status != box.StatusConflict || !got.Box.Equal(one) {
		t.Errorf("%s, and not with what stands there", got.Status)
	}
	stone := c.sealed(today, true, 0, 0)
	if _, err := c.store.Write(today, stone, box.Token{}); err != nil {
		t.Fatal(err)
	}
	if got := write(two); got.Status != box.StatusTombstoned || !got.Box.Equal(stone) {
		t.Errorf("%s, and not with its signature", got.Status)
	}
}

// TestPieces: an answer about bulletins comes in pieces that fill a reply each.
func TestPieces(t *testing.T) {
	c := newServed(t, 0)
	a := newAnnounced(c)
	size := c.service.Format.PieceSize()
	for _, length := range []int{0, 1, size, size + 1, 3 * size} {
		a.whole = bytes.Repeat([]byte{3}, length)
		var got []byte
		for piece, pieces := 0, 1; piece < pieces; piece++ {
			request := box.Request{Op: box.OpBulletin,
				Ask: box.Question{Kind: 1, Number: 9, Piece: uint16(piece)}}
			reply, err := c.ask(noon, request)
			if err != nil || !reply.Answers(request) || reply.Status != box.StatusBulletin {
				t.Fatalf("%d bytes, piece %d: %s, %v", length, piece, reply.Status, err)
			}
			pieces = int(reply.Pieces)
			got = append(got, reply.Data...)
		}
		if !bytes.Equal(got, a.whole) {
			t.Errorf("%d bytes of %d came", len(got), length)
		}
	}
	for name, q := range map[string]box.Question{"past the last": {Kind: 1, Piece: 3},
		"of no kind": {Kind: 2}} {
		request := box.Request{Op: box.OpBulletin, Ask: q}
		if reply, err := c.ask(noon, request); err != nil || !reply.Answers(request) ||
			reply.Status != box.StatusNotFound {
			t.Errorf("%s: %s, %v", name, reply.Status, err)
		}
	}
}

// TestHandedProofs are answered if they prove something, alike from everybody and as often as they
// come; all else that is handed over is not found.
func TestHandedProofs(t *testing.T) {
	c := newServed(t, 0)
	newAnnounced(c)
	id := directory.NewIdentity([32]byte{1})
	sign := func(slot box.Slot, entries ...box.Entry) bulletin.Bulletin {
		return bulletin.Body{Maker: id.ID(), Slot: slot, Entries: entries}.Sign(id.PrivateKey())
	}
	good := bulletin.NewFraud(sign(3), sign(3, box.Entry{1}))
	hand := box.Question{Kind: bulletin.HandProof}
	for name, row := range map[string]struct {
		ask   box.Question
		proof []byte
		want  box.Status
	}{
		"good":          {hand, good.Marshal(), box.StatusBulletin},
		"good again":    {hand, good.Marshal(), box.StatusBulletin},
		"two slots":     {hand, bulletin.NewFraud(sign(3), sign(4)).Marshal(), box.StatusNotFound},
		"nothing":       {hand, nil, box.StatusNotFound},
		"half":          {hand, good.Marshal()[:200], box.StatusNotFound},
		"with a number": {box.Question{Kind: 3, Number: 3}, good.Marshal(), box.StatusNotFound},
	} {
		r := box.Request{Op: box.OpBulletin, Ask: row.ask, Proof: row.proof}
		if got, err := c.ask(noon, r); err != nil || got.Status != row.want || !got.Answers(r) ||
			len(got.Data) > 0 {
			t.Errorf("%s: %+v, %v", name, got.Status, err)
		}
	}
}
