package session

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"
)

// TestEveryByteOfARecordCounts: none can be changed, and a changed one keeps nothing up.
func TestEveryByteOfARecordCounts(t *testing.T) {
	a, b := newDevice(t, 1), newDevice(t, 2)
	meet(t, a, b, false)
	at, record := a.write(t, "text")
	if _, o, err := b.Open(at, record, epoch); err != nil || string(o.Content) != "text" {
		t.Fatal("control:", err)
	}
	for i := range record {
		if i > 200 && i < len(record)-200 && i%7 != 0 { // keys and ciphertexts
			continue
		}
		changed := bytes.Clone(record)
		changed[i] ^= 0x10
		next, o, err := b.Open(at, changed, epoch)
		if err == nil || o.Content != nil {
			t.Fatalf("byte %d", i)
		}
		x, y := next.Peers[0].Sessions[0], b.Peers[0].Sessions[0]
		if y.Last = at.Index; !reflect.DeepEqual(x, y) {
			t.Fatalf("byte %d changes more than the place", i)
		}
	}
}

func TestRecordsStandWhereTheyWereWritten(t *testing.T) {
	a, b, c := newDevice(t, 1), newDevice(t, 2), newDevice(t, 3)
	meet(t, a, b, false)
	meet(t, c, b, false)
	at, record := a.write(t, "text")
	other := at
	other.Index++
	if _, err := b.copy().read(other, record); !errors.Is(err, ErrNotForUs) {
		t.Error("at another index:", err)
	}
	if _, err := b.copy().read(Place{c.root, c.index + 1}, record); !errors.Is(err, ErrNotForUs) {
		t.Error("in another device's stream:", err)
	}
	if _, err := b.copy().read(Place{Index: at.Index}, record); !errors.Is(err, ErrStranger) {
		t.Error("in nobody's stream:", err)
	}
	if _, err := b.read(at, record); err != nil {
		t.Error("control:", err)
	}
	before := b.State
	if _, err := b.read(at, record); !errors.Is(err, ErrOld) ||
		!reflect.DeepEqual(before, b.State) {
		t.Error("twice:", err)
	}
	for name, at := range map[string]Place{"another stream": {c.root, at.Index + 1}, "twice": at} {
		if _, _, err := a.Seal(a.random, at, recordSize, nil, nil); err != ErrPlace {
			t.Errorf("sealed for %s: %v", name, err)
		}
	}
}

// TestStreamOfAnotherDevice: a card that names somebody else's stream keeps nobody from reading it.
func TestStreamOfAnotherDevice(t *testing.T) {
	a, b, liar := newDevice(t, 1), newDevice(t, 2), newDevice(t, 3)
	root := liar.root
	liar.root, liar.index = a.root, a.index
	meet(t, liar, b, false)
	liar.root = root
	meet(t, a, b, true)
	says(t, a, "text", b)
	says(t, b, "back", a)
	says(t, a, "text", b)
}

func (d *device) copy() *device {
	c := *d
	c.State = d.clone()
	return &c
}

// TestNobodyReadsAnotherText: a device that gives two of its readers different keys for one record
// is found out by one of them.
func TestNobodyReadsAnotherText(t *testing.T) {
	a, b, c := newDevice(t, 1), newDevice(t, 2), newDevice(t, 3)
	meet(t, a, b, false)
	meet(t, a, c, false)
	a.index++
	at := Place{a.root, a.index}
	for _, twoKeys := range []bool{false, true} {
		s := a.clone()
		to := s.targets()
		keys := [][]byte{bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{1}, 32)}
		if twoKeys {
			keys[1] = bytes.Repeat([]byte{2}, 32)
		}
		r := record{number: 1, commitment: commit(keys[0]), wraps: make([]wrap, 2),
			ciphertext: cover(keys[0], []byte("text"))}
		body := r.body()
		for i := range to {
			to[i].wrap(&r.wraps[i], at, body, s.Self, keys[i])
		}
		_, err := b.copy().read(at, r.marshal())
		if err != nil {
			t.Error("the first reader:", err)
		}
		_, err = c.copy().read(at, r.marshal())
		if errors.Is(err, ErrForged) != twoKeys {
			t.Errorf("the second reader, %v: %v", twoKeys, err)
		}
	}
}

// TestSteppingOver: up to a thousand records of a chain may be gone, and no key of theirs is kept.
func TestSteppingOver(t *testing.T) {
	for gone, want := range map[int]error{
		0: nil, 1: nil, mostSkipped: nil, mostSkipped + 1: ErrLost,
	} {
		a, b := newDevice(t, 1), newDevice(t, 2)
		meet(t, a, b, false)
		says(t, a, "the turn", b)
		for range gone {
			a.write(t, "gone")
		}
		at, record := a.write(t, "text")
		if _, err := b.read(at, record); !errors.Is(err, want) {
			t.Errorf("after %d: %v", gone, err)
		}
	}
}

// TestLostTurnIsAKnock: after a record with a turn that cannot come, nothing opens until a card is
// answered, and then all is well.
func TestLostTurnIsAKnock(t *testing.T) {
	a, b := newDevice(t, 1), newDevice(t, 2)
	meet(t, a, b, false)
	a.write(t, "with a turn, and gone")
	for range 3 {
		at, record := a.write(t, "text")
		if _, err := b.read(at, record); !errors.Is(err, ErrLost) {
			t.Fatal(err)
		}
	}
	next, card, err := b.Knock(b.random, ReasonReset, b.startHere(), epoch)
	if err != nil {
		t.Fatal(err)
	}
	b.State = next
	var answer []byte
	var begun Begun
	a.State, answer, begun, err = a.Answer(a.random, card, a.startHere(), false, epoch)
	if err != nil || !begun.Again || begun.Acked != 0 || begun.Card.Reason != ReasonReset {
		t.Fatal(err, begun.Again, begun.Acked)
	}
	// What is written before the answer arrives is read after it, from where the answer says.
	at, record := a.write(t, "on the way")
	if b.State, _, err = b.Answered(answer, false, epoch); err != nil {
		t.Fatal(err)
	}
	if got, err := b.read(at, record); err != nil || got != "on the way" {
		t.Error(got, err)
	}
	for range 3 {
		says(t, b, "healed", a)
		says(t, a, "healed", b)
	}
}

// TestMove: the last record of a stream says where it goes on, to those alone who can open it.
func TestMove(t *testing.T) {
	a, b := newDevice(t, 1), newDevice(t, 2)
	meet(t, a, b, false)
	stale := b.copy()
	to := startOf(t, 77)
	a.index++
	at := Place{a.root, a.index}
	next, record, err := a.Seal(a.random, at, recordSize, []byte("I move"), &to)
	if err != nil {
		t.Fatal(err)
	}
	state, o, err := b.Open(at, record, epoch)
	if err != nil || o.Next == nil || *o.Next != to || string(o.Content) != "I move" {
		t.Fatal(err)
	}
	a.State, b.State = next, state
	if _, _, err := a.Seal(a.random, at, recordSize, nil, nil); err != ErrPlace {
		t.Error("the old stream goes on:", err)
	}
	a.root, a.index = to.Before()
	says(t, a, "here", b)
	if at, record := a.write(t, "there"); true {
		if _, err := stale.read(at, record); !errors.Is(err, ErrStranger) {
			t.Error("who did not read where to:", err)
		}
	}
}

// TestAnswerWithinAWeek: a turn that came with a text is answered, and one with none is not: two
// who are silent stay so.
func TestAnswerWithinAWeek(t *testing.T) {
	a, b := newDevice(t, 1), newDevice(t, 2)
	meet(t, a, b, false)
	if by, ok := a.AnswerBy(); !ok || by != epoch.Add(7*24*time.Hour) {
		t.Error("an answer is a turn:", by, ok)
	}
	if _, ok := b.AnswerBy(); ok {
		t.Error("who answered owes nothing")
	}
	says(t, a, "", b)
	if _, ok := b.AnswerBy(); ok {
		t.Error("an empty record asks for no answer")
	}
	says(t, a, "text", b)
	if _, ok := b.AnswerBy(); !ok {
		t.Error("a text does")
	}
	says(t, b, "", a)
	for _, d := range []*device{a, b} {
		if by, ok := d.AnswerBy(); ok {
			t.Error("it goes on for ever:", by)
		}
	}
	if a.Acknowledged() != 2 {
		t.Errorf("%d of 2 records acknowledged", a.Acknowledged())
	}
}

// TestRoundRobin: of many sessions whose turn it is, three turn in a record, and the others next.
func TestRoundRobin(t *testing.T) {
	a := newDevice(t, 1)
	var all []*device
	for i := range uint64(MostDevices) {
		d := newDevice(t, 10+i)
		meet(t, a, d, false)
		all = append(all, d)
	}
	turned := map[int]int{}
	for range 5 {
		at, record := a.write(t, "text")
		r, err := parseRecord(record)
		if err != nil || len(r.turns) > mostTurns {
			t.Fatal(len(r.turns), err)
		}
		for i, w := range r.wraps {
			if w.part > 0 {
				turned[i]++
			}
		}
		for _, d := range all {
			if _, err := d.read(at, record); err != nil {
				t.Fatal(err)
			}
			says(t, d, "back", a)
		}
	}
	for i := range all {
		if turned[i] < 2 {
			t.Errorf("device %d turned %d times in five records", i, turned[i])
		}
	}
}

// TestKeysGoForwards: no two keys of a chain are the same, and what is kept leads to none before.
func TestKeysGoForwards(t *testing.T) {
	c := Chain{Key: [32]byte{1}}
	seen := map[[32]byte]bool{}
	for i := range uint32(50) {
		before := c.Key
		key := c.next()
		if seen[key] || seen[c.Key] || c.Key == before || c.Counter != i+1 {
			t.Fatalf("key %d is not new", i)
		}
		seen[key], seen[before] = true, true
	}
	if _, err := c.at(49); err != ErrForged {
		t.Error("a key that was used:", err)
	}
	a, b := newDevice(t, 1), newDevice(t, 2)
	meet(t, a, b, false)
	says(t, a, "with the turn", b)
	early := thief{State: b.State}
	at, record := a.write(t, "read and erased")
	if _, err := b.read(at, record); err != nil {
		t.Fatal(err)
	}
	later := thief{State: b.clone()}
	x := &later.Peers[0].Sessions[0]
	x.Last, x.Seen, x.Receiving.Counter = at.Index-1, 1, 1 // as if it had not been read
	if later.reads(at, record, a.Self) {
		t.Error("who steals a state reads what was read before")
	}
	if !early.reads(at, record, a.Self) {
		t.Error("control: who stole it before that does not read it")
	}
}

// TestReadingFromTheEarliest: of sessions that stand apart in one stream the one furthest behind
// says where that is read on, over the end of numbers, too.
func TestReadingFromTheEarliest(t *testing.T) {
	x, y := [32]byte{1}, [32]byte{2}
	s := State{Peers: []Peer{
		{Sessions: []Session{{Stream: x, Last: 7}, {Stream: x, Last: 3}, {Stream: y, Last: 2}}},
		{Sessions: []Session{{Stream: y, Last: 1<<64 - 2}}},
	}}
	want := []Place{{x, 3}, {y, 1<<64 - 2}}
	if got := s.Reading(); !slices.Equal(got, want) {
		t.Errorf("%v instead of %v", got, want)
	}
}
