package desk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/exchange"
	"murmuration/internal/protocol"
	"murmuration/internal/token"
)

var (
	start  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	noon   = start.Add(5*24*time.Hour + 12*time.Hour)
	self   = directory.NodeID{1}
	other  = directory.NodeID{2}
	third  = directory.NodeID{3}
	nobody = directory.NodeID{9}
)

const (
	today = box.Day(5)
	batch = 8 // tokens, of 24 at three holders
)

// network is one of three holders and two people.
func network(t testing.TB) *directory.Document {
	t.Helper()
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	par.WriteTokens, par.Clients = 24, 2
	doc := &directory.Document{Parameters: par}
	for day := today - 2; day <= today+1; day++ {
		doc.Storing = append(doc.Storing, directory.StoringSet{Day: uint16(day),
			Nodes: []directory.NodeID{self, other, third}})
	}
	return doc
}

func newDesk(t testing.TB) *Desk {
	t.Helper()
	d := New(Config{Self: self, Start: start, Every: time.Second})
	d.SetDocument(network(t))
	return d
}

func elements(mark byte, n int) []byte { return bytes.Repeat([]byte{mark}, n*32) }

func asking(client byte, holder directory.NodeID, day box.Day) Asking {
	return Asking{Client: Client{client}, Holder: holder, Day: day,
		Elements: elements(client, batch)}
}

// TestCheck: today's and tomorrow's batch of each holder, and nothing else.
func TestCheck(t *testing.T) {
	doc := network(t)
	free := network(t)
	free.Parameters.WriteTokens = 0
	for name, row := range map[string]struct {
		doc    *directory.Document
		day    uint32
		holder directory.NodeID
		n      int
		good   bool
	}{
		"today":         {doc, 5, self, 8, true},
		"tomorrow":      {doc, 6, other, 8, true},
		"yesterday":     {doc, 4, self, 8, false},
		"in two days":   {doc, 7, self, 8, false},
		"a long day":    {doc, 1<<16 + 5, self, 8, false},
		"of no holder":  {doc, 5, nobody, 8, false},
		"too few":       {doc, 5, self, 7, false},
		"too many":      {doc, 5, self, 9, false},
		"none are due":  {free, 5, self, 8, false},
		"no document":   {nil, 5, self, 8, false},
		"of many times": {doc, 5, self, 256, false},
	} {
		packet := make([]byte, 9486)
		q := exchange.Question{Day: row.day, Holder: row.holder, Elements: elements(1, row.n)}
		if err := q.Marshal(packet); err != nil {
			t.Fatal(err)
		}
		a, err := Check(row.doc, today, packet)
		if (err == nil) != row.good || row.good && (uint32(a.Day) != q.Day ||
			a.Holder != q.Holder || !bytes.Equal(a.Elements, q.Elements)) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	if _, err := Check(doc, today, make([]byte, 9486)); err == nil {
		t.Error("a question for nothing was taken")
	}
}

// TestWay: a question goes to its holder, is issued there, and its answer comes to who asked, once.
func TestWay(t *testing.T) {
	here, there := newDesk(t), newDesk(t)
	there.cfg.Self = other
	keys := token.NewKeys([32]byte{2}, [32]byte{7})
	key, err := keys.Of(uint32(today))
	if err != nil {
		t.Fatal(err)
	}
	chance := rand.NewChaCha8([32]byte{1})
	wants, err := token.NewBatch(chance, key.Public(), batch)
	if err != nil {
		t.Fatal(err)
	}
	request, _ := wants.Request()
	if err := here.Queue(noon, Asking{Client: Client{4}, Holder: other, Day: today,
		Elements: request}); err != nil {
		t.Fatal(err)
	}
	if here.Next(noon, third) != nil {
		t.Error("it goes to another")
	}
	question := here.Next(noon, other)
	if len(question) != 8+4+32*batch || here.Next(noon, other) != nil {
		t.Fatalf("a question of %d bytes", len(question))
	}
	if err := there.Asked(noon, self, question); err != nil || !there.Owes(self) {
		t.Fatal(err)
	}
	b, ok := there.NextBatch()
	answer, err := b.Issue(chance, keys)
	if !ok || err != nil {
		t.Fatal(err)
	}
	there.Issued(b, answer, err)
	if there.Reply(third) != nil {
		t.Error("another gets the answer")
	}
	reply := there.Reply(self)
	if there.Reply(self) != nil || there.Owes(self) {
		t.Error("it is said twice")
	}
	if err := here.Answered(third, reply); !errors.Is(err, errUnasked) {
		t.Errorf("somebody else answers: %v", err)
	}
	if err := here.Answered(other, reply[:len(reply)-1]); !errors.Is(err, errUnasked) {
		t.Errorf("half an answer: %v", err)
	}
	if err := here.Answered(other, reply); err != nil {
		t.Fatal(err)
	}
	if err := here.Answered(other, reply); !errors.Is(err, errUnasked) {
		t.Errorf("a second answer: %v", err)
	}
	got := here.TakeAnswers()
	if len(got) != 1 || got[0].Client != (Client{4}) || got[0].Tokens.Holder != other ||
		got[0].Tokens.Day != uint32(today) || len(here.TakeAnswers()) != 0 {
		t.Fatalf("%+v", got)
	}
	if tokens, err := wants.Finish(got[0].Tokens.Answer); err != nil || len(tokens) != batch {
		t.Errorf("%d tokens, %v", len(tokens), err)
	}
	if s := here.Stats(); s != (Stats{Asked: 1, Answered: 1, Refused: 3}) {
		t.Errorf("%+v", s)
	}
	if s := there.Stats(); s != (Stats{Issued: 1}) {
		t.Errorf("%+v", s)
	}
}

// TestOwnBatches: those of clients here are issued here, and nothing goes over a link.
func TestOwnBatches(t *testing.T) {
	d := newDesk(t)
	if err := d.Queue(noon, asking(1, self, today)); err != nil || d.Next(noon, self) != nil {
		t.Fatal(err)
	}
	b, ok := d.NextBatch()
	if !ok {
		t.Fatal("there is nothing to issue")
	}
	d.Issued(b, []byte("answer"), nil)
	got := d.TakeAnswers()
	if len(got) != 1 || got[0].Client != (Client{1}) || string(got[0].Tokens.Answer) != "answer" {
		t.Errorf("%+v", got)
	}
	wild := asking(1, self, today+1) // bytes that are no elements
	if err := d.Queue(noon, wild); err != nil {
		t.Fatal(err)
	}
	b, _ = d.NextBatch()
	answer, err := b.Issue(rand.NewChaCha8([32]byte{}), token.NewKeys([32]byte{1}, [32]byte{}))
	if d.Issued(b, answer, err); err == nil || len(d.TakeAnswers()) != 0 || d.Stats().Refused != 1 {
		t.Errorf("bytes that are no elements: %v", err)
	}
}

func record(number uint64, day uint32, raw []byte) []byte {
	data := binary.BigEndian.AppendUint64(nil, number)
	return append(binary.BigEndian.AppendUint32(data, day), raw...)
}

// TestAsksWithoutEnd: a provider gets twice what all clients may have a day, then nothing, and
// others get theirs meanwhile, in turn.
func TestAsksWithoutEnd(t *testing.T) {
	d := newDesk(t)
	taken := 0
	for n := range uint64(100) {
		if d.Asked(noon, other, record(n, uint32(today), elements(1, batch))) == nil {
			taken++
		}
	}
	if want := limitBatches * 2; taken != want || d.Stats().Refused != uint64(100-want) {
		t.Errorf("%d are taken of one without end, want %d", taken, want)
	}
	if err := d.Asked(noon, third, record(1, uint32(today), elements(1, batch))); err != nil {
		t.Errorf("another gets nothing: %v", err)
	}
	if err := d.Asked(noon, other, record(1, uint32(today+1), elements(1, batch))); err != nil {
		t.Errorf("tomorrow's: %v", err)
	}
	var order []directory.NodeID
	for b, ok := d.NextBatch(); ok; b, ok = d.NextBatch() {
		order = append(order, b.peer)
		d.Issued(b, []byte{1}, nil)
	}
	if len(order) != taken+2 || order[1] != third {
		t.Errorf("issued for %x", order)
	}
	d.Sweep(noon.Add(24 * time.Hour))
	if len(d.given) != 1 { // today's of tomorrow's view
		t.Errorf("%d grants are remembered", len(d.given))
	}
}

// TestJobsAreBounded: however many clients a network has, no peer has more waiting than there is
// room for.
func TestJobsAreBounded(t *testing.T) {
	d := newDesk(t)
	d.doc.Parameters.Clients = 1000
	for n := range uint64(mostJobs + 5) {
		_ = d.Asked(noon, other, record(n, uint32(today), elements(1, batch)))
	}
	if len(d.jobs[other]) != mostJobs || d.Stats().Refused != 5 {
		t.Errorf("%d wait", len(d.jobs[other]))
	}
}

// TestMalformedQuestions of other providers: another day, size, or nothing.
func TestMalformedQuestions(t *testing.T) {
	for name, data := range map[string][]byte{
		"nothing":     nil,
		"a number":    record(1, 0, nil)[:8],
		"no element":  record(1, uint32(today), nil),
		"too few":     record(1, uint32(today), elements(1, batch-1)),
		"half a one":  record(1, uint32(today), elements(1, batch+1)[16:]),
		"yesterday":   record(1, uint32(today-1), elements(1, batch)),
		"in two days": record(1, uint32(today+2), elements(1, batch)),
		"a long day":  record(1, 1<<16+uint32(today), elements(1, batch)),
	} {
		d := newDesk(t)
		if err := d.Asked(noon, other, data); !errors.Is(err, errNoBatch) || d.Owes(other) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d := newDesk(t)
	d.cfg.Self = nobody
	if err := d.Asked(noon, other, record(1, uint32(today), elements(1, batch))); err == nil {
		t.Error("somebody who stores nothing gives tokens")
	}
}

// TestQueue: one question of a client, holder and day waits, whatever it repeats; what is for days
// that are over goes; and there is an end to what waits.
func TestQueue(t *testing.T) {
	d := newDesk(t)
	for range 3 {
		for _, day := range []box.Day{today, today + 1} {
			if err := d.Queue(noon, asking(1, other, day)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := d.Queue(noon, asking(2, other, today)); err != nil {
		t.Fatal(err)
	}
	if n := len(d.queued[other]); n != 3 || d.bytes != 3*batch*32 {
		t.Errorf("%d wait, %d bytes", n, d.bytes)
	}
	d.Sweep(noon.Add(24 * time.Hour))
	if n := len(d.queued[other]); n != 1 || d.bytes != batch*32 {
		t.Errorf("a day later %d wait, %d bytes", n, d.bytes)
	}
	d.Next(noon.Add(24*time.Hour), other)
	if d.bytes != 0 || len(d.queued) != 0 {
		t.Errorf("%d bytes wait", d.bytes)
	}
	d.bytes = mostQueued - 1
	if err := d.Queue(noon, asking(3, other, today)); !errors.Is(err, errTooMany) {
		t.Errorf("more than there is room for: %v", err)
	}
}

// TestBlocksInTurn: however many of one block ask, the first of another one waits behind one of
// them alone, and when there is no more room it is theirs that goes.
func TestBlocksInTurn(t *testing.T) {
	d := newDesk(t)
	ask := func(client byte, block string) error {
		a := asking(client, other, today)
		a.Block = block
		return d.Queue(noon, a)
	}
	for n := range byte(5) {
		if err := ask(n, "flood"); err != nil {
			t.Fatal(err)
		}
	}
	d.bytes += mostQueued - d.bytes
	for n := byte(10); n < 12; n++ { // their own blocks say nothing
		if err := ask(n, ""); err != nil {
			t.Errorf("there is no room for client %d: %v", n, err)
		}
	}
	if err := ask(5, "flood"); !errors.Is(err, errTooMany) {
		t.Errorf("there is room for more of the flood: %v", err)
	}
	var order []byte
	for range 5 {
		if data := d.Next(noon, other); data != nil {
			order = append(order, data[numberSize+4])
		}
	}
	if want := []byte{0, 10, 11, 1, 2}; !bytes.Equal(order, want) || d.Next(noon, other) != nil {
		t.Errorf("they go in the order %d, want %d", order, want)
	}
}

// TestAskedWhileUnderWay: a question that is repeated takes no other place, neither on its way to a
// holder nor at this one; it does when it was not answered in time.
func TestAskedWhileUnderWay(t *testing.T) {
	d := newDesk(t)
	for range 3 {
		for _, holder := range []directory.NodeID{self, other} {
			if err := d.Queue(noon, asking(1, holder, today)); err != nil {
				t.Fatal(err)
			}
		}
		d.Next(noon, other)
	}
	if len(d.jobs[self]) != 1 || len(d.flying[other]) != 1 || len(d.queued) != 0 {
		t.Errorf("%d here, %d under way, %d wait", len(d.jobs[self]), len(d.flying[other]),
			len(d.queued))
	}
	later := noon.Add(flyingSlots*time.Second + 1)
	if err := d.Queue(later, asking(1, other, today)); err != nil || d.Next(later, other) == nil {
		t.Errorf("it is not asked again: %v", err)
	}
}

// TestWildElements: bytes that are no elements use up nobody's tokens.
func TestWildElements(t *testing.T) {
	d := newDesk(t)
	keys := token.NewKeys([32]byte{1}, [32]byte{})
	for n := range uint64(20) {
		if err := d.Asked(noon, other, record(n, uint32(today), elements(1, batch))); err != nil {
			t.Fatalf("after %d: %v", n, err)
		}
		b, _ := d.NextBatch()
		answer, err := b.Issue(rand.NewChaCha8([32]byte{}), keys)
		if err == nil {
			t.Fatal("the control: they are elements")
		}
		d.Issued(b, answer, err)
	}
}

// TestSilentHolder: what it does not answer is waited for for some slots, and others wait behind it
// only as long.
func TestSilentHolder(t *testing.T) {
	d := newDesk(t)
	for n := range byte(mostFlying + 1) {
		if err := d.Queue(noon, asking(n, other, today)); err != nil {
			t.Fatal(err)
		}
	}
	first := d.Next(noon, other)
	for range mostFlying - 1 {
		d.Next(noon, other)
	}
	if d.Next(noon, other) != nil {
		t.Error("more are under way than may be")
	}
	later := noon.Add(flyingSlots*time.Second + 1)
	if d.Next(later, other) == nil || len(d.flying[other]) != 1 {
		t.Errorf("%d are under way", len(d.flying[other]))
	}
	reply := append(first[:8:8], make([]byte, 32*batch+protocol.TokenProof)...)
	if err := d.Answered(other, reply); !errors.Is(err, errUnasked) {
		t.Errorf("an answer that comes too late: %v", err)
	}
}

// FuzzRecords: whatever another provider says is taken or refused, and bounded.
func FuzzRecords(f *testing.F) {
	f.Add(record(1, uint32(today), elements(1, batch)))
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		d := newDesk(t)
		_ = d.Queue(noon, asking(1, other, today))
		d.Next(noon, other)
		err := d.Asked(noon, other, data)
		if b, ok := d.NextBatch(); ok != (err == nil) || ok && len(b.elements) != 32*batch {
			t.Errorf("%v, %v", ok, err)
		}
		err = d.Answered(other, data)
		if got := d.TakeAnswers(); (len(got) == 1) != (err == nil) {
			t.Errorf("%d answers, %v", len(got), err)
		}
	})
}
