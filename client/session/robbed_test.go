package session

import (
	"pgregory.net/rapid"
)

// robbery is all that one device of a world held at one moment, cards that waited included.
type robbery struct {
	of    *node
	had   State
	thief thief
}

// rob copies a device, at times.
func (w *world) rob() {
	if w.theft == nil && rapid.IntRange(0, 7).Draw(w.t, "theft") == 0 {
		n := w.nodes[rapid.IntRange(0, len(w.nodes)-1).Draw(w.t, "robbed")]
		w.theft = &robbery{n, n.clone(), thief{State: n.clone()}}
		w.t.Logf("%s is robbed", n.name)
	}
}

// healed says whether both sides have turned since in the session with a device: by three turns, of
// which the first may be made with a key that was stolen.
func (r *robbery) healed(p Peer) bool {
	now, _ := p.writing()
	if old := r.had.peer(p.Device); old != nil {
		for _, x := range old.Sessions {
			if x.Card == now.Card {
				return now.Turn >= x.Turn+3
			}
		}
	}
	return now.Turn >= 3
}

// heal notes with whom the robbed device has healed by now.
func (w *world) heal(healed map[DeviceID]bool) {
	if w.theft == nil {
		return
	}
	for _, p := range w.theft.of.Peers {
		if w.theft.healed(p) {
			healed[p.Device] = true
		}
	}
}

// hidden: what was written after the numbers in `written`, when all who are healed were, is nothing
// that the thief can read. It says how many records it was about, and how many before were read.
func (w *world) hidden(healed map[DeviceID]bool, written []uint32) (kept, read int) {
	r := w.theft
	for _, person := range w.doors {
		for _, e := range person {
			if next, _, err := r.thief.Answered(e.bytes, false, epoch); e.answer && err == nil {
				r.thief.State = next
			} else if next, _, err := r.thief.Answered(e.bytes, true, epoch); err == nil {
				r.thief.State = next
			}
		}
	}
	all := len(healed) == len(r.of.Peers)
	for i, n := range w.nodes {
		for _, s := range n.sent {
			record := w.boxes[s.at]
			if record == nil {
				continue
			}
			reads := r.thief.reads(s.at, record, n.Self)
			late := s.number > written[i] && (healed[n.Self] || n == r.of && all)
			if reads && late {
				w.t.Fatalf("the thief of %s reads %d of %s", r.of.name, s.number, n.name)
			}
			if reads {
				read++
			}
			if late {
				kept++
			}
		}
	}
	return kept, read
}
