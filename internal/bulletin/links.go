package bulletin

import (
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// Links is what both sides of one connection remember of its stream, so that a record need not
// carry the hash of the body before: of each maker the front, which is the body with the greatest
// slot, and the back, the last of all others, which earlier slots that are sent later follow.
type Links struct {
	makers map[directory.NodeID]*trail
}

type trail struct {
	front, back link
}

type link struct {
	slot  box.Slot
	hash  Hash
	known bool
}

// NewLinks is for a new connection.
func NewLinks() *Links { return &Links{makers: map[directory.NodeID]*trail{}} }

// implied is the hash of what a record of this slot follows, if nothing else is said: the nearer of
// front and back, of those before the slot.
func (l *Links) implied(maker directory.NodeID, s box.Slot) (h Hash, ok bool) {
	t := l.makers[maker]
	if t == nil {
		return h, false
	}
	for _, at := range [...]link{t.front, t.back} { // the front's slot is the greater
		if at.known && at.slot < s {
			return at.hash, true
		}
	}
	return h, false
}

// passed remembers that a bulletin was in the stream, whoever made it up.
func (l *Links) passed(b Bulletin) {
	t := l.makers[b.Maker]
	if t == nil {
		t = &trail{}
		l.makers[b.Maker] = t
	}
	at := link{b.Slot, b.Hash(), true}
	if !t.front.known || b.Slot > t.front.slot {
		t.front = at
		return
	}
	t.back = at
}
