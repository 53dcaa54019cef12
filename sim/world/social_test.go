package world_test

import (
	"strings"
	"testing"
	"time"

	"murmuration/client/store"
	"murmuration/internal/directory"
	"murmuration/sim/world"
)

// sociable is slow, with boxes that have room for what contacts say.
func sociable(every time.Duration) directory.Parameters {
	p := slow(every)
	p.BoxPlaintext = world.Quick().BoxPlaintext
	p.WritesPerDay = 8
	return p
}

// lines is what somebody was told of a contact.
func (c citizen) lines(of string) (all []string) {
	c.t.Helper()
	id, err := c.Contact(of)
	check(c.t, err)
	check(c.t, c.View(func(tx *store.Tx) error {
		lines, err := c.Contacts.Lines(tx, id)
		for _, l := range lines {
			all = append(all, l.What)
		}
		return err
	}))
	return all
}

// knows is whom somebody has as contacts.
func (c citizen) knows() string {
	var names []string
	for _, k := range c.Contacts.List() {
		names = append(names, k.Name())
	}
	return strings.Join(names, " ")
}

// TestRestoredAndLinked: two people meet; one of them loses their home, and goes on from a backup
// on another computer, of which the other is told; the other has a second computer, which knows
// whom the first one knows.
func TestRestoredAndLinked(t *testing.T) {
	quick(t)
	t.Parallel()
	network, err := world.ParseNetwork(
		"[ada bob ada2 bob2] -> [p1 p2 p3] -> m1 -> m2 -> m3 -> p1",
	)
	check(t, err)
	w, err := world.New(world.Config{
		Seed: 1, Null: true, Parameters: sociable(4 * time.Minute), Link: -1, Network: network,
		Turn: 2 * time.Minute,
	})
	check(t, err)
	ada, bob := live(t, w.Person("ada")), live(t, w.Person("bob"))
	check(t, ada.Invite(bob.Life))
	check(t, w.Run(6*time.Hour))
	if ada.knows() != "bob" || bob.knows() != "ada" {
		t.Fatalf("ada knows %q, bob %q", ada.knows(), bob.knows())
	}
	file, err := ada.Backup()
	check(t, err)
	ada.line.Leave()
	second, err := bob.Link(w.Person("bob2"))
	check(t, err)
	bob2 := citizen{second, t, w.Person("bob2")}
	check(t, w.Run(12*time.Hour))
	again, err := w.Person("ada2").Restore(file)
	check(t, err)
	ada2 := citizen{again, t, w.Person("ada2")}
	check(t, w.Run(36*time.Hour))
	if ada2.knows() != "bob" || bob2.knows() != "ada" {
		t.Errorf("ada2 knows %q, bob2 %q", ada2.knows(), bob2.knows())
	}
	for i, c := range []citizen{bob, bob2} {
		if n := count(c.lines("ada"), "a backup of theirs was restored"); n != 1 {
			t.Errorf("%s is told %d times of a backup: %q", c.line.Name, n, c.lines("ada"))
		}
		// The one that knocked is the one that came.
		if n := count(c.lines("ada"), "device of yours came"); n != 1-i {
			t.Errorf("%s is told %d times of a device: %q", c.line.Name, n, c.lines("ada"))
		}
	}
	if n := count(ada2.lines("bob"), "says that the other one is theirs"); n != 2 ||
		count(ada2.lines("bob"), "refused") != 0 {
		t.Errorf("ada2 is told %d times of devices: %q", n, ada2.lines("bob"))
	}
	if _, err := w.Person("bob2").Restore(file); err == nil {
		t.Error("a home was restored over another")
	}
}

// count is how many lines have some words.
func count(lines []string, words string) (n int) {
	for _, l := range lines {
		if strings.Contains(l, words) {
			n++
		}
	}
	return n
}
