package session

import (
	"testing"

	"pgregory.net/rapid"
)

// TestSchedules: two people with up to five devices write, read, move, knock, restart, crash and
// restore in any order. There is no fork, no key is used twice, and once all have read there is no
// loss: every text is with every device that it was written for.
func TestSchedules(t *testing.T) {
	turns, resets, lost, kept, read, crossed := 0, 0, 0, 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.join(0, ReasonMeeting)
		w.join(1, ReasonMeeting)
		if rapid.Bool().Draw(t, "second device") {
			w.join(0, ReasonSecond)
		}
		if rapid.IntRange(0, 2).Draw(t, "met") > 0 {
			w.rest()
		}
		for range rapid.IntRange(5, 40).Draw(t, "steps") {
			w.step()
			w.rob()
		}
		w.rest()
		var written []uint32
		healed := map[DeviceID]bool{}
		for range 2 { // and then all write, one after the other
			written = nil
			w.heal(healed)
			for _, n := range w.nodes {
				written = append(written, n.Number)
			}
			for _, n := range w.nodes {
				w.insist(n)
				w.rest()
			}
		}
		w.complete(written)
		if w.theft != nil {
			k, r := w.hidden(healed, written)
			kept, read = kept+k, read+r
		}
		for _, n := range w.nodes {
			for _, p := range n.Peers {
				turns += int(p.Sessions[0].Turn)
				resets += int(p.Sessions[0].Generation) - 1
			}
		}
		lost += w.lost
		crossed++
	})
	if turns < 2*crossed || resets < crossed/10 || lost < crossed/20 {
		t.Errorf("control: %d schedules with %d turns, %d later knocks, %d boxes lost", crossed,
			turns, resets, lost)
	}
	if kept < crossed/2 || read < crossed/2 {
		t.Errorf("control: thieves read %d records, and %d not", read, kept)
	}
	t.Logf("%d schedules, %d turns, %d later knocks, %d boxes lost; thieves read %d, and %d not",
		crossed, turns, resets, lost, read, kept)
}

// step is one thing that happens somewhere.
func (w *world) step() {
	n := w.nodes[rapid.IntRange(0, len(w.nodes)-1).Draw(w.t, "who")]
	switch rapid.IntRange(0, 19).Draw(w.t, "what") {
	case 0:
		w.knock(n, ReasonReset)
	case 1:
		w.write(n, "moved "+n.name, true)
	case 2:
		if len(w.nodes) < 3 || len(w.nodes) < 5 && rapid.IntRange(0, 3).Draw(w.t, "more") == 0 {
			w.join(rapid.IntRange(0, 1).Draw(w.t, "person"), ReasonRestored)
		}
	case 3:
		w.lose(n)
	case 4, 5:
		person := rapid.IntRange(0, 1).Draw(w.t, "door")
		if k := len(w.doors[person]); k > 0 {
			w.door(n, person, rapid.IntRange(0, k-1).Draw(w.t, "entry"))
		}
	case 6, 7, 8, 9, 10, 11:
		w.say(n)
	default:
		if all := w.places(n); len(all) > 0 {
			w.take(n, all[rapid.IntRange(0, len(all)-1).Draw(w.t, "place")])
		}
	}
}

// complete: who was written to has it, and both sides of each pair write in one session.
func (w *world) complete(written []uint32) {
	byID := map[DeviceID]*node{}
	for _, n := range w.nodes {
		byID[n.Self] = n
	}
	for i, n := range w.nodes {
		for _, s := range n.sent {
			for _, to := range s.to {
				if s.text != "" && !w.gone[s.text] && byID[to].shown[s.text] == 0 {
					w.t.Fatalf("%s has not got %q", byID[to].name, s.text)
				}
			}
		}
		if len(n.Peers) != len(w.nodes)-1 {
			w.t.Fatalf("%s knows %d of %d devices", n.name, len(n.Peers), len(w.nodes)-1)
		}
		if n.Acknowledged() < written[i] {
			w.t.Fatalf("%s wrote %d records, and knows of %d", n.name, written[i],
				n.Acknowledged())
		}
		w.agree(n, byID)
	}
}

func (w *world) agree(n *node, byID map[DeviceID]*node) {
	for _, p := range n.Peers {
		o := byID[p.Device].peer(n.Self)
		x, _ := p.writing()
		y, _ := o.writing()
		same := x.Card == y.Card && x.Turn == y.Turn && x.Root == y.Root
		if !same || p.Own != (byID[p.Device].person == n.person) {
			w.t.Fatalf("%s and %s are apart: %d and %d sessions", n.name, byID[p.Device].name,
				len(p.Sessions), len(o.Sessions))
		}
	}
}
