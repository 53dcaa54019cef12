package session

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"murmuration/client/boxstream"
	"murmuration/internal/drawn"
)

// Schedules beyond these are drawn by `just schedules`, and 1,000 of them by CI.
func init() { drawn.Fewer(20) }

// world is holders, doors, and devices of two people. What leaves a device is in it for good, and
// every device reads when the schedule says so.
type world struct {
	t     *rapid.T
	boxes map[Place][]byte
	doors [2][]entry
	nodes []*node
	keys  map[string]bool // what was sealed under once
	moves map[Place]bool  // boxes in which a stream ends
	gone  map[string]bool // texts of boxes that are lost for good
	lost  int
	theft *robbery
	texts int
}

// seed is another one for each device.
func (w *world) seed() uint64 {
	return rapid.Uint64().Draw(w.t, "seed")<<8 | uint64(len(w.nodes))
}

// entry is a box of a door.
type entry struct {
	answer bool
	bytes  []byte
}

// node is a device as a caller of this package makes one.
type node struct {
	*device
	person int
	name   string
	read   map[*byte]bool    // entries of doors
	shown  map[string]int    // texts that came
	sent   []sent            // texts that it wrote
	again  []sent            // those that are to be written again
	resets map[DeviceID]bool // devices of whom something was lost
	ticks  int64
}

type sent struct {
	number uint32
	text   string
	to     []DeviceID
	at     Place
}

func newWorld(t *rapid.T) *world {
	return &world{t: t, boxes: map[Place][]byte{}, keys: map[string]bool{},
		moves: map[Place]bool{}, gone: map[string]bool{}}
}

// join is a device that comes: it knocks at once.
func (w *world) join(person int, reason Reason) *node {
	n := &node{device: newDevice(w.t, w.seed()), person: person,
		name: fmt.Sprintf("%c%d", 'a'+person, len(w.nodes)), read: map[*byte]bool{},
		shown: map[string]int{}, resets: map[DeviceID]bool{}}
	w.nodes = append(w.nodes, n)
	w.knock(n, reason)
	return n
}

func (w *world) knock(n *node, reason Reason) {
	next, card, err := n.Knock(n.random, reason, n.startHere(), epoch)
	if err != nil {
		w.t.Fatal(err)
	}
	n.keep(w, next)
	w.t.Logf("%s knocks: %x, reason %d", n.name, hashOf(card)[:2], reason)
	w.doors[n.person] = append(w.doors[n.person], entry{false, card})
}

// keep is the transaction of a device, and at times a restart: what comes back is what was stored.
func (n *node) keep(w *world, next State) {
	n.State = next
	if n.ticks++; n.ticks%10 != 0 {
		return
	}
	b, err := cbor.Marshal(next)
	var back State
	if err == nil {
		err = cbor.Unmarshal(b, &back)
	}
	if again, _ := cbor.Marshal(back); err != nil || !bytes.Equal(b, again) || back.Check() != nil {
		w.t.Fatalf("a state is not what was stored: %v, %v", err, back.Check())
	}
	n.State = back
}

// write seals a text, or none, for all who are there, and says whether it was kept.
func (w *world) write(n *node, text string, move bool) bool {
	at := Place{n.root, n.index + 1}
	var next *boxstream.Start
	if move {
		n := *n.device
		n.root[1], n.root[2] = byte(w.texts), n.root[2]+1
		for !opensRoot(&n) {
			n.root[0]++
		}
		s := n.startHere()
		next = &s
	}
	least := -n.Room(0) + boxstream.StartSize + len(text)
	size := least + rapid.SampledFrom([]int{0, 3000, 7500}).Draw(w.t, "size")
	state, record, err := n.Seal(n.random, at, size, []byte(text), next)
	if errors.Is(err, ErrNobody) {
		return false
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if rapid.IntRange(0, 9).Draw(w.t, "crash") == 0 {
		return false // before it was kept: nothing left, and it is as if it had not been
	}
	w.onceOnly(n, state, record)
	if w.boxes[at] != nil {
		w.t.Fatalf("%s forks", n.name)
	}
	to := []DeviceID{}
	for _, p := range n.Peers {
		to = append(to, p.Device)
	}
	n.index++
	n.keep(w, state)
	w.boxes[at] = record
	w.t.Logf("%s writes %d, %q", n.name, n.Number, text)
	n.sent = append(n.sent, sent{n.Number, text, to, at})
	if move {
		w.moves[at] = true
		n.root, n.index = next.Before()
	}
	return true
}

// onceOnly: no key seals two records, and each turn has a new one.
func (w *world) onceOnly(n *node, next State, b []byte) {
	r, err := parseRecord(b)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, t := range r.turns {
		key := string(t[cipherSize:])
		if w.keys[key] {
			w.t.Fatalf("%s turns to a key that was there", n.name)
		}
		w.keys[key] = true
	}
	for i, p := range next.Peers {
		for j, x := range p.Sessions {
			if x.Sending == n.Peers[i].Sessions[j].Sending {
				continue
			}
			key := fmt.Sprintf("%x %x %x %v", x.Card, next.Self, p.Device, x.Sending)
			if w.keys[key] {
				w.t.Fatalf("%s seals twice under one key", n.name)
			}
			w.keys[key] = true
		}
	}
}

func (w *world) say(n *node) {
	w.texts++
	w.write(n, fmt.Sprintf("%s says %d", n.name, w.texts), false)
}

// insist is say without a crash before it was kept.
func (w *world) insist(n *node) {
	for before := len(n.sent); len(n.sent) == before; {
		w.say(n)
	}
}

// door reads one entry of a door that the device did not read yet.
func (w *world) door(n *node, person, i int) {
	e := w.doors[person][i]
	if n.read[&e.bytes[0]] {
		return
	}
	n.read[&e.bytes[0]] = true
	own := person == n.person
	var next State
	var begun Begun
	var err error
	if e.answer {
		next, begun, err = n.Answered(e.bytes, own, epoch)
	} else {
		var answer []byte
		next, answer, begun, err = n.Answer(n.random, e.bytes, n.startHere(), own, epoch)
		if err == nil {
			w.doors[n.person] = append(w.doors[n.person], entry{true, answer})
		}
	}
	w.t.Logf("%s in door %d at %d: %s, %v, %v", n.name, person, i, w.name(begun.Device),
		begun.Acked, err)
	switch {
	case err == nil:
		n.keep(w, next)
		delete(n.resets, begun.Device)
		n.rewrite(begun)
		if begun.Moved {
			w.knock(n, ReasonMoved)
		}
	case errors.Is(err, ErrClaim): // an answer that was made before both knew of a session
	case !errors.Is(err, ErrOwn) && !errors.Is(err, ErrStranger) && !errors.Is(err, ErrOld):
		w.t.Fatalf("%s in a door: %v", n.name, err)
	}
}

// rewrite: what a device did not acknowledge before a new session is written anew.
func (n *node) rewrite(b Begun) {
	for _, s := range n.sent {
		if b.Again && s.number > b.Acked && s.text != "" && slices.Contains(s.to, b.Device) {
			n.again = append(n.again, s)
		}
	}
}

// places are the next boxes that a device may read: what was lost is stepped over.
func (w *world) places(n *node) (all []Place) {
	for _, at := range n.Reading() {
		for range 100 {
			if at.Index++; w.boxes[at] != nil {
				all = append(all, at)
				break
			}
		}
	}
	return all
}

// lose takes a box from the holders, for good: its text is excused, what comes after it is not.
func (w *world) lose(n *node) {
	if len(n.sent) == 0 {
		return
	}
	s := n.sent[rapid.IntRange(0, len(n.sent)-1).Draw(w.t, "box")]
	if w.boxes[s.at] == nil || w.moves[s.at] {
		return
	}
	delete(w.boxes, s.at)
	w.gone[s.text] = true
	w.lost++
	w.t.Logf("%d of %s is lost", s.number, n.name)
}

func (w *world) take(n *node, at Place) {
	before := n.State
	next, o, err := n.Open(at, w.boxes[at], epoch)
	w.t.Logf("%s takes %d of %s: %q, %v", n.name, o.Number, w.name(o.Device), o.Content, err)
	if rapid.IntRange(0, 9).Draw(w.t, "crash") == 0 {
		return // before it was kept: it comes again
	}
	n.keep(w, next)
	switch {
	case errors.Is(err, ErrLost):
		for i := range before.Peers {
			if p := &before.Peers[i]; p.Sessions[0].Stream == at.Root {
				n.resets[p.Device] = true
			}
		}
	case errors.Is(err, ErrNotForUs):
	case err != nil:
		w.t.Fatalf("%s at %d: %v", n.name, at.Index, err)
	case len(o.Content) > 0:
		n.shown[string(o.Content)]++
	}
	if _, _, err := n.Open(at, w.boxes[at], epoch); err == nil {
		w.t.Fatalf("%s opens a record twice", n.name)
	}
}

// rest lets everybody read, answer and reset until nothing happens any more.
func (w *world) rest() {
	for range 200 {
		idle := true
		for _, n := range w.nodes {
			idle = w.catchUp(n) && idle
		}
		if idle {
			return
		}
	}
	w.t.Fatal("it does not come to rest")
}

func (w *world) catchUp(n *node) (idle bool) {
	idle = true
	for person := range w.doors {
		for i := 0; i < len(w.doors[person]); i++ {
			idle = idle && n.read[&w.doors[person][i].bytes[0]]
			w.door(n, person, i)
		}
	}
	for at := w.places(n); len(at) > 0; at = w.places(n) {
		idle = false
		w.take(n, at[0])
	}
	for len(n.again) > 0 {
		idle = false
		if w.write(n, n.again[0].text, false) {
			n.again = n.again[1:]
		}
	}
	if len(n.resets) > 0 {
		idle = false
		clear(n.resets)
		w.knock(n, ReasonReset)
	}
	if _, ok := n.AnswerBy(); ok {
		idle = false
		w.write(n, "", false)
	}
	return idle
}

// name is that of a device, for whoever reads what a schedule did.
func (w *world) name(d DeviceID) string {
	for _, n := range w.nodes {
		if n.Self == d {
			return n.name
		}
	}
	return "nobody"
}
