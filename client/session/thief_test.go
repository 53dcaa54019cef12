package session

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// thief holds all that a device had at one moment, and sees all boxes of its streams.
type thief struct {
	State
	walks map[Chain]*walk
}

// walk is what was worked out of a chain: its keys up to a counter. A thief tries each chain on
// each record.
type walk struct {
	on   Chain
	keys [][32]byte
}

func (s *thief) key(c Chain, counter uint32) (key [32]byte, ok bool) {
	if counter < c.Counter || counter-c.Counter > mostSkipped {
		return key, false
	}
	if s.walks == nil {
		s.walks = map[Chain]*walk{}
	}
	w := s.walks[c]
	if w == nil {
		w = &walk{on: c}
		s.walks[c] = w
	}
	for w.on.Counter <= counter {
		w.keys = append(w.keys, w.on.next())
	}
	return w.keys[counter-c.Counter], true
}

// reads tries whatever the keys that were stolen give: as the device that was robbed, and, of what
// that one writes, by the chains that it would have used.
func (s *thief) reads(at Place, b []byte, from DeviceID) bool {
	if from != s.Self {
		next, o, err := s.Open(at, b, epoch)
		if s.State = next; err == nil {
			return o.Content != nil
		}
	}
	r, err := parseRecord(b)
	if err != nil {
		return false
	}
	s.State = s.clone()
	for i := range s.Peers {
		p := &s.Peers[i]
		for j := range p.Sessions {
			for _, w := range r.wraps {
				own := from == s.Self
				if (own || from == p.Device) && s.follows(&p.Sessions[j], own, w, at, r, p.Device) {
					return true
				}
			}
		}
	}
	return false
}

// follows tries a chain, and after a turn the one that follows from the root that was stolen and a
// secret of zeros: enough if a turn brought none.
func (s *thief) follows(x *Session, own bool, w wrap, at Place, r record, peer DeviceID) bool {
	chain, from, to := &x.Sending, s.Self, peer
	if !own {
		chain, from, to = &x.Receiving, peer, s.Self
	}
	if w.turn == chain.Turn && s.opensBy(*chain, w, at, r, from, to) {
		return true
	}
	if w.part == 0 || w.turn != x.Turn+1 {
		return false
	}
	y := *x
	guessed := y.advance(make([]byte, 32), r.turns[w.part-1])
	if !s.opensBy(guessed, w, at, r, from, to) {
		return false
	}
	*x = y
	*chain = guessed
	return true
}

func (s *thief) opensBy(c Chain, w wrap, at Place, r record, from, to DeviceID) bool {
	key, ok := s.key(c, w.counter)
	if !ok {
		return false
	}
	key = mac(key, "wrap", w.bound(at, r.body(), from, to))
	_, err := once(key[:]).Open(nil, zeroNonce, w.sealed[:], nil)
	return err == nil
}

// pair is two devices, of whom the first is robbed.
type pair struct {
	a, b  *device
	size  int
	theft *thief
	// stage counts the turns that came since the theft: one of each side is an exchange.
	turnA, turnB int
	read, hidden int
}

// send writes from one to the other, and lets the thief try.
func (p *pair) send(t failer, from, to *device, text string) {
	from.index++
	at := Place{from.root, from.index}
	next, b, err := from.Seal(from.random, at, p.size, []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	from.State = next
	if got, err := to.read(at, b); err != nil || got != text {
		t.Fatalf("%q, %v instead of %q", got, err, text)
	}
	if p.theft == nil {
		return
	}
	if r, _ := parseRecord(b); len(r.turns) > 0 {
		p.turned(from == p.a)
	}
	reads := p.theft.reads(at, b, from.Self)
	if reads {
		p.read++
	}
	if p.healed() {
		p.hidden++
		if reads {
			t.Fatal("a thief reads after an exchange")
		}
	}
	if p.turnA == 0 && !reads {
		t.Fatal("control: a thief with everything does not read")
	}
}

// turned counts: the robbed device's turn, and then the other one's.
func (p *pair) turned(robbed bool) {
	if robbed {
		p.turnA++
	} else if p.turnA > 0 {
		p.turnB++
	}
}

func (p *pair) healed() bool { return p.turnA > 0 && p.turnB > 0 }

// TestPassiveThief: whoever copies all that a device has reads on, until each side has turned once
// after that. Where nothing turns they read for ever.
func TestPassiveThief(t *testing.T) {
	p := &pair{a: newDevice(t, 2), b: newDevice(t, 3), size: recordSize}
	meet(t, p.a, p.b, false)
	p.theft = &thief{State: p.a.State}
	for range 4 {
		p.send(t, p.b, p.a, "to a")
		p.send(t, p.a, p.b, "from a")
	}
	if p.read == 0 || p.hidden == 0 {
		t.Errorf("control: %d records read, %d not", p.read, p.hidden)
	}
	rapid.Check(t, func(t *rapid.T) {
		p := robbedPair(t, recordSize)
		p.schedule(t, rapid.IntRange(4, 24).Draw(t, "records"))
	})
}

// TestThiefOfRatchetThatNeverTurns is the control: records without room for a turn.
func TestThiefOfRatchetThatNeverTurns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := robbedPair(t, 1000)
		p.schedule(t, 20)
		if p.read != 20 {
			t.Fatalf("%d of 20 records were read", p.read)
		}
	})
}

func robbedPair(t *rapid.T, size int) *pair {
	p := &pair{a: newDevice(t, 2*rapid.Uint64Range(0, 1<<40).Draw(t, "seed")), size: size}
	p.b = newDevice(t, rapid.Uint64Range(0, 1<<40).Draw(t, "seed")*2+1)
	if rapid.Bool().Draw(t, "who knocks") {
		meet(t, p.a, p.b, false)
	} else {
		meet(t, p.b, p.a, false)
	}
	p.schedule(t, rapid.IntRange(0, 6).Draw(t, "before"))
	p.theft = &thief{State: p.a.State}
	return p
}

func (p *pair) schedule(t *rapid.T, records int) {
	for i := range records {
		if rapid.Bool().Draw(t, "a writes") {
			p.send(t, p.a, p.b, fmt.Sprint("a ", i))
		} else {
			p.send(t, p.b, p.a, fmt.Sprint("b ", i))
		}
	}
}

// TestActiveThiefIsSeen: a thief who writes takes a place in the stream of the device that was
// robbed. That finds a box there which it did not write, goes on in a stream of its own with a new
// card, and its contact hears it, and not the thief.
func TestActiveThiefIsSeen(t *testing.T) {
	for _, wrote := range []bool{true, false} {
		a, b := newDevice(t, 1), newDevice(t, 2)
		meet(t, a, b, false)
		says(t, a, "before", b)
		says(t, b, "before", a)
		copied := &device{State: a.State, root: a.root, index: a.index,
			random: newDevice(t, 9).random}
		boxes := map[Place][]byte{}
		if wrote {
			at, record := copied.write(t, "as if from a")
			boxes[at] = record
			if got, err := b.read(at, record); err != nil || got != "as if from a" {
				t.Fatal("control: a thief with everything writes as the owner", err)
			}
		}
		at, record := a.write(t, "from a")
		if seen := boxes[at] != nil; seen != wrote {
			t.Fatalf("%v instead of %v", seen, wrote)
		}
		if !wrote {
			if got, err := b.read(at, record); err != nil || got != "from a" {
				t.Fatal(err)
			}
			continue
		}
		a.reset(t, b)
		says(t, a, "from a", b)
		says(t, b, "to a", a)
		at, record = b.write(t, "for a alone")
		if _, err := copied.read(at, record); !errors.Is(err, ErrNotForUs) {
			t.Errorf("the thief reads: %v", err)
		}
		if at, record := copied.write(t, "again"); true {
			if _, err := b.read(at, record); !errors.Is(err, ErrStranger) {
				t.Errorf("the thief is heard: %v", err)
			}
		}
		if len(b.Peers) != 1 || b.Peers[0].Device != a.Self {
			t.Error("the owner is another device now")
		}
	}
}

// reset goes on in a new stream, with a card.
func (d *device) reset(t failer, o *device) {
	d.root[31] ^= 1
	for !opensRoot(d) {
		d.root[0]++
	}
	before := d.Number
	next, card, err := d.Knock(d.random, ReasonCopied, d.startHere(), epoch)
	if err != nil || next.Number != before+copiedApart {
		t.Fatal("knocking: ", err, next.Number)
	}
	d.State = next
	state, answer, begun, err := o.Answer(o.random, card, o.startHere(), false, epoch)
	if err != nil || begun.Device != d.Self || !begun.Again {
		t.Fatal("answering: ", err)
	}
	o.State = state
	d.State, begun, err = d.Answered(answer, false, epoch)
	if err != nil || begun.Device != o.Self {
		t.Fatal("reading the answer: ", err)
	}
}

// TestThiefLosesBoxes: a passive thief finds the boxes of whom they robbed until that one moves, if
// the two have turned before that.
func TestThiefLosesBoxes(t *testing.T) {
	for _, healed := range []bool{true, false} {
		p := &pair{a: newDevice(t, 1), b: newDevice(t, 2), size: recordSize}
		meet(t, p.a, p.b, false)
		p.theft = &thief{State: p.a.State}
		if healed {
			p.send(t, p.a, p.b, "a turn")
			p.send(t, p.b, p.a, "and another")
		}
		next := startOf(t, 7)
		p.b.index++
		at := Place{p.b.root, p.b.index}
		state, record, err := p.b.Seal(p.b.random, at, recordSize, nil, &next)
		if err != nil {
			t.Fatal(err)
		}
		p.b.State = state
		if _, err := p.a.read(at, record); err != nil {
			t.Fatal(err)
		}
		if follows := p.theft.reads(at, record, p.b.Self); follows == healed {
			t.Errorf("healed %v, and the thief knows where the stream goes on: %v", healed, follows)
		}
		p.b.root, p.b.index = next.Before()
		at, record = p.b.write(t, "there")
		if got, err := p.a.read(at, record); err != nil || got != "there" {
			t.Error(err)
		}
		_, _, err = p.theft.Open(at, record, epoch)
		if errors.Is(err, ErrStranger) != healed {
			t.Errorf("healed %v: %v", healed, err)
		}
	}
}
