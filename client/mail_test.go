package client

import "testing"

// TestFeedGoesOneBoxAtATime: of two boxes on their way at midnight the second may be stored under the old
// day and the first, sealed again, under the new one, where its reader goes on and never looks back.
func TestFeedGoesOneBoxAtATime(t *testing.T) {
	m := mail{actions: map[string]*action{}}
	m.add(action{Post: "a"}, []letter{{Number: 1, Post: "a", Stream: feedStream}, {Number: 2, Post: "a", Stream: "a"}, {Number: 3, Post: "a", Stream: "a"}})
	m.add(action{Post: "b"}, []letter{{Number: 4, Post: "b", Stream: feedStream}})
	var given []uint64
	for p := m.next(); p != nil; p = m.next() {
		p.given = true
		given = append(given, p.number)
	}
	if len(given) != 3 || given[0] != 1 || given[1] != 2 || given[2] != 3 {
		t.Errorf("given at once: %v; the feed's second box waits for its first", given)
	}
	m.drop(func(p *pending) bool { return p.number == 1 })
	if p := m.next(); p == nil || p.number != 4 {
		t.Errorf("with the first stored, the next is %+v", p)
	}
}
