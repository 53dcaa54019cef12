package relation_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/client/relation"
	"murmuration/client/session"
	"murmuration/client/store"
	"murmuration/internal/long"
)

// TestTwoPeople speak, in both directions and in order, and nothing that was acknowledged waits.
func TestTwoPeople(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.device("Ada"), w.device("Ben")
	w.meet(ada, ben)
	var want []string
	for i := range 20 {
		text := fmt.Sprint("hello ", i)
		ada.say(text)
		want = append(want, text)
		if i == 10 {
			ada.start()
			ben.start()
		}
	}
	w.wait(3 * time.Minute)
	ben.hears(want...)
	for i, text := range ben.heard {
		if text != want[i] {
			t.Fatalf("Ben heard %q at %d", text, i)
		}
	}
	ben.say("good day")
	w.wait(3 * time.Minute)
	ada.hears("good day")
	ada.start()
	ben.start()
	ben.say("after a restart")
	ada.say("as well")
	w.wait(3 * time.Minute)
	ada.hears("good day", "after a restart")
	ben.hears(append(want, "as well")...)
	if len(ada.events)+len(ben.events) != 0 {
		t.Errorf("events: %v, %v", ada.events, ben.events)
	}
}

const oneDay = 24 * time.Hour

// TestAwayForWeeks: what was said while the other one was away comes, though no box of that time is
// kept any more; what nobody acknowledges is sealed again.
func TestAwayForWeeks(t *testing.T) {
	quick(t)
	w := newWorld(t)
	ada, ben := w.device("Ada"), w.device("Ben")
	w.meet(ada, ben)
	ben.say("see you")
	w.wait(5 * time.Minute)
	ben.off = true
	ada.say("one")
	ada.say("two")
	w.pass(13)
	ada.say("three")
	w.pass(4)
	ben.off = false
	ben.start()
	w.wait(12 * time.Hour)
	ben.hears("one", "two", "three")
	ben.say("back")
	w.wait(12 * time.Hour)
	ada.hears("see you", "back")
}

// years says whether tests take as long as they like: `just relations`.
func years() bool { return long.Set("MURMUR_RELATIONS") }

// TestAwayForHalfAYear: all sessions are over, and yet people find each other. Both are away, or
// one is, and the other's doors are renewed meanwhile.
func TestAwayForHalfAYear(t *testing.T) {
	long.Only(t)
	w := newWorld(t)
	ada, ben := w.device("Ada"), w.device("Ben")
	w.meet(ada, ben)
	ada.say("hello")
	ben.say("hi")
	w.wait(time.Hour)
	if years() {
		w.pass(32)
		ben.off = true
		w.pass(180)
	} else {
		w.now = w.now.Add(180 * oneDay)
		ada.start()
	}
	ada.say("anybody?")
	w.step = time.Hour
	ben.off = true
	w.wait(6 * time.Hour)
	ben.off = false
	ben.start()
	w.wait(oneDay)
	ben.say("here I am")
	w.wait(oneDay)
	ben.hears("hello", "anybody?")
	ada.hears("hi", "here I am")
}

// TestMonths of two who say little: streams move, doors are renewed and closed, and nothing grows.
func TestMonths(t *testing.T) {
	long.Only(t)
	w := newWorld(t)
	ada, ben := w.device("Ada"), w.device("Ben")
	w.meet(ada, ben)
	backup, months := copyOf(t, ben.store, true), 1
	if years() {
		months = 10
	}
	var want []string
	for i := range months {
		text := fmt.Sprint("month ", i)
		ada.say(text)
		want = append(want, text)
		w.wait(2 * time.Hour)
		w.pass(33)
		if i%3 == 2 {
			ada.start()
			ben.start()
		}
	}
	ben.hears(want...)
	if len(ada.events)+len(ben.events) != 0 {
		t.Errorf("events: %v, %v", ada.events, ben.events)
	}
	for _, d := range []*device{ada, ben} {
		own, their, epoch, open, reads := d.Kept(d.id)
		if own < 2 || own > 5 || their < 2 || their > 5 || epoch < 2 || open > 4 || reads != 1 {
			t.Errorf("%s has %d and %d doors, epoch %d, %d open sayings, reads %d streams", d.name,
				own, their, epoch, open, reads)
		}
	}
	if years() {
		return // the door that the backup knows is closed by now
	}
	// A backup that is older than the newest door that the contact knows.
	ben.off = true
	anew := w.restore("Ben again", backup, nil)
	anew.id = ben.id
	w.wait(oneDay)
	anew.say("from an old backup")
	ada.say("I see")
	w.wait(oneDay)
	ada.hears("from an old backup")
	anew.hears("I see")
}

// TestRestored: a backup has doors alone. What the lost device had not read comes to the new one,
// both sides see a line about it, and the contact goes on.
func TestRestored(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.device("Ada"), w.device("Ben")
	w.meet(ada, ben)
	ada.say("read")
	ben.say("hello")
	w.wait(10 * time.Minute)
	ben.say("hello again")
	w.wait(10 * time.Minute)
	ben.off = true
	ada.say("not read")
	w.wait(10 * time.Minute)
	anew := w.restore("Ben again", ben.store, nil)
	anew.id = ben.id
	anew.say("it is me")
	w.wait(30 * time.Minute)
	anew.hears("not read")
	ada.hears("hello", "hello again", "it is me")
	if ada.told(relation.EventDevice) != 1 || ada.events[0].Reason != session.ReasonRestored ||
		anew.told(relation.EventDevice) != 1 {
		t.Errorf("events: %v, %v", ada.events, anew.events)
	}
	ada.say("welcome back")
	w.wait(10 * time.Minute)
	anew.hears("not read", "welcome back")
	// The lost one comes back, and sees it.
	ben.off = false
	ben.start()
	w.wait(10 * time.Minute)
	if ben.told(relation.EventRestored) != 1 {
		t.Errorf("the lost one sees %v", ben.events)
	}
}

// TestStatePutBack: a home is put back from a copy. Its stream goes on in another one, and whatever
// was said since then by either copy arrives.
func TestStatePutBack(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.device("Ada"), w.device("Ben")
	w.meet(ada, ben)
	ada.say("one")
	w.wait(10 * time.Minute)
	before := copyOf(t, ada.store, false)
	ada.say("two")
	w.wait(10 * time.Minute)
	ada.store = before
	ada.start()
	ada.say("three")
	w.wait(time.Hour)
	if at := ada.last.Sub(ada.last.Truncate(24 * time.Hour)); at < 12*time.Hour {
		t.Errorf("that somebody has a copy was seen at %s", ada.last)
	}
	ada.say("four")
	w.wait(time.Hour)
	ben.hears("one", "two", "three", "four")
	ben.say("well")
	w.wait(time.Hour)
	ada.hears("well")
	if ada.told(relation.EventCopied) == 0 || ben.told(relation.EventReset) == 0 {
		t.Errorf("events: %v, %v", ada.events, ben.events)
	}
}

// TestSomethingLost: a record with a turn is lost for good. The reader knocks, and goes on.
func TestSomethingLost(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.device("Ada"), w.device("Ben")
	w.meet(ada, ben)
	ada.say("one")
	ben.say("two")
	w.wait(10 * time.Minute)
	ada.update(func(tx *store.Tx) error { return ada.Lose(tx, w.now, ada.id) })
	ada.say("three")
	w.wait(time.Hour)
	ben.hears("one")
	w.pass(16)
	ben.hears("one", "three")
	ada.say("four")
	ben.say("five")
	w.wait(4 * time.Hour)
	ben.hears("one", "three", "four")
	ada.hears("two", "five")
	if ada.told(relation.EventReset) == 0 {
		t.Errorf("events: %v, %v", ada.events, ben.events)
	}
}

// TestSecondDevice: one is linked, hears all that is said from then on, and is vouched for; then it
// is revoked, and hears nothing more.
func TestSecondDevice(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.device("Ada"), w.device("Ben")
	w.meet(ada, ben)
	ada.say("before")
	w.wait(10 * time.Minute)
	var key relation.Key
	ben.update(func(tx *store.Tx) (err error) { key, err = ben.Link(tx, w.now); return err })
	phone := w.restore("Ben's phone", ben.store, &key)
	phone.id = ben.id
	w.wait(time.Hour)
	ada.say("to both")
	ben.say("by the first")
	phone.say("by the second")
	w.wait(time.Hour)
	ben.hears("before", "to both", "by the second")
	phone.hears("before", "to both", "by the first")
	ada.hears("by the first", "by the second")
	if ada.told(relation.EventVouched) != 1 || ben.told(relation.EventRestored) != 0 {
		t.Errorf("Ada is told %v, Ben %v", ada.events, ben.events)
	}
	var devices []relation.Device
	ben.update(func(tx *store.Tx) (err error) { devices, err = ben.Devices(tx); return err })
	if len(devices) != 2 || !devices[0].This {
		t.Fatalf("devices: %v", devices)
	}
	// What rooms tell own devices comes to those alone; a relation that begins is known to both.
	carl := w.device("Carl")
	ben.update(func(tx *store.Tx) error {
		return ben.Tell(tx, w.now, relation.KindMessage, []byte("a name"))
	})
	w.meetAs(ben, carl, 7)
	carls := ben.id
	w.wait(2 * time.Hour)
	phone.hears("before", "to both", "by the first", "a name")
	phone.id = carls
	phone.say("hello Carl")
	w.wait(time.Hour)
	carl.hears("hello Carl")
	ben.update(func(tx *store.Tx) error { return ben.Revoke(tx, w.now, devices[1].ID) })
	w.wait(time.Hour)
	if ada.told(relation.EventRevoked) != 1 || phone.told(relation.EventRevoked) == 0 {
		t.Errorf("Ada is told %v, the phone %v", ada.events, phone.events)
	}
	ben.id = ada.id
	ada.say("to one")
	w.wait(time.Hour)
	ben.hears("before", "to both", "by the second", "hello Carl", "to one")
	phone.hears("before", "to both", "by the first", "a name")
	// It objects: neither is written to until somebody compares words.
	phone.update(func(tx *store.Tx) error { return phone.Object(tx, w.now) })
	w.wait(time.Hour)
	if ada.told(relation.EventDisputed) != 1 {
		t.Fatalf("Ada is told %v", ada.events)
	}
	ada.say("after words")
	w.wait(time.Hour)
	ben.hears("before", "to both", "by the second", "hello Carl", "to one")
	kept := ada.Other(ada.id, ada.disputed())
	ada.update(func(tx *store.Tx) error { return ada.Settle(tx, w.now, ada.id, kept) })
	w.wait(time.Hour)
	ben.hears("before", "to both", "by the second", "hello Carl", "to one", "after words")
	phone.hears("before", "to both", "by the first", "a name")
}

// TestStrangerIsRevoked: of who has an old backup its owner is told, who can have nobody write to
// them any more; and the backup is void.
func TestStrangerIsRevoked(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.device("Ada"), w.device("Ben")
	w.meet(ada, ben)
	ada.say("one")
	w.wait(10 * time.Minute)
	err := ben.store.Update(func(tx *store.Tx) error { return ben.RevokeStrangers(tx, w.now) })
	if !errors.Is(err, relation.ErrNoDevice) {
		t.Errorf("nobody is revoked: %v", err)
	}
	backup := copyOf(t, ben.store, true)
	thief := w.restore("thief", backup, nil)
	thief.id = ben.id
	w.wait(time.Hour)
	ada.say("two")
	w.wait(time.Hour)
	thief.hears("one", "two")
	ben.update(func(tx *store.Tx) error { return ben.RevokeStrangers(tx, w.now) })
	w.wait(time.Hour)
	again := w.restore("thief again", backup, nil)
	again.id = ben.id
	w.wait(time.Hour)
	ada.say("three")
	ben.say("four")
	w.wait(time.Hour)
	thief.hears("one", "two")
	again.hears()
	ben.hears("one", "two", "three")
	ada.hears("four")
}

// TestAllButThisOne: who restored a backup says of the computer that was stolen, which it does not
// know, that it is gone, before anybody has answered it: nothing is written to that one any more.
// It is told so, and its objection puts both in doubt.
func TestAllButThisOne(t *testing.T) {
	w := newWorld(t)
	ada, stolen := w.device("Ada"), w.device("Ben")
	w.meet(ada, stolen)
	stolen.say("mine")
	w.wait(10 * time.Minute)
	again := w.restore("Ben again", copyOf(t, stolen.store, true), nil)
	again.id = stolen.id
	again.update(func(tx *store.Tx) error { return again.RevokeOthers(tx, w.now) })
	w.wait(time.Hour)
	again.say("I am back")
	w.wait(time.Hour)
	ada.say("to whom is here")
	stolen.say("and I?")
	w.wait(time.Hour)
	again.hears("to whom is here")
	stolen.hears()
	ada.hears("mine", "I am back")
	if ada.told(relation.EventRevoked) != 1 || stolen.told(relation.EventRevoked) != 1 ||
		again.told(relation.EventGave) != 1 {
		t.Errorf("Ada is told %v, who was revoked %v", ada.events, stolen.events)
	}
	thief := w.restore("thief", copyOf(t, stolen.store, true), nil) // old backups are void
	thief.id = stolen.id
	w.wait(time.Hour)
	ada.say("not to a thief")
	w.wait(time.Hour)
	thief.hears()
	again.hears("to whom is here", "not to a thief")
	stolen.update(func(tx *store.Tx) error { return stolen.Object(tx, w.now) })
	w.wait(time.Hour)
	ada.say("who are you?")
	w.wait(time.Hour)
	again.hears("to whom is here", "not to a thief")
	stolen.hears()
	if ada.told(relation.EventDisputed) != 1 {
		t.Errorf("after the objection Ada is told %v", ada.events)
	}
}

// TestUnsaid: what nobody could hear yet is never said when it is taken back; what is in a record
// is.
func TestUnsaid(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.device("Ada"), w.device("Ben")
	w.meet(ada, ben)
	ben.say("before")
	w.wait(10 * time.Minute)
	again := w.restore("again", copyOf(t, ben.store, true), nil)
	again.id, ben.off = ben.id, true
	again.say("stays")
	again.say("taken back")
	unsay := func(name string) {
		again.update(func(tx *store.Tx) error {
			return again.Unsay(tx, w.now, again.id, "again: "+name)
		})
	}
	unsay("taken back")
	w.wait(time.Hour)
	again.say("too late")
	unsay("too late")
	w.wait(time.Hour)
	ada.hears("before", "stays", "too late")
}

// TestDoorIsFlooded: who can write a door fills it with devices. Five are the most that a person
// has; the rest is refused, the person is told once, and the conversation goes on.
func TestDoorIsFlooded(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.device("Ada"), w.device("Ben")
	w.meet(ada, ben)
	ada.say("one")
	ben.say("two")
	w.wait(5 * time.Minute)
	for _, b := range ben.Flood(rand.NewChaCha8([32]byte{7}), w.now, ben.id) {
		w.Put(w.network.Today(w.now), b)
	}
	w.wait(5 * time.Minute)
	ada.say("three")
	ben.say("four")
	w.wait(5 * time.Minute)
	ada.hears("two", "four")
	ben.hears("one", "three")
	if ada.told(relation.EventDevice) != session.MostDevices-1 ||
		ada.told(relation.EventRefused) != 1 || ada.Odd() == 0 {
		t.Errorf("Ada is told %v, %d odd", ada.events, ada.Odd())
	}
	if ben.told(relation.EventRestored) != 1 {
		t.Errorf("Ben is told %v", ben.events)
	}
}

// TestTwoRevokeEachOther: keys cannot say which is the owner's, so that nobody is written to, until
// words were compared with one.
func TestTwoRevokeEachOther(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.device("Ada"), w.device("Ben")
	w.meet(ada, ben)
	var key relation.Key
	ben.update(func(tx *store.Tx) (err error) { key, err = ben.Link(tx, w.now); return err })
	phone := w.restore("Ben's phone", ben.store, &key)
	phone.id = ben.id
	w.wait(30 * time.Minute)
	for _, d := range []*device{ben, phone} {
		d.update(func(tx *store.Tx) error {
			own, err := d.Devices(tx)
			if err != nil || len(own) != 2 {
				return fmt.Errorf("%d devices, %v", len(own), err)
			}
			return d.Revoke(tx, w.now, own[1].ID)
		})
	}
	w.wait(30 * time.Minute)
	ada.say("to whom?")
	w.wait(10 * time.Minute)
	ben.hears()
	phone.hears()
	if ada.told(relation.EventDisputed) == 0 {
		t.Fatalf("Ada is told %v", ada.events)
	}
	kept := ada.Other(ada.id, ada.Other(ada.id, session.DeviceID{}))
	ada.update(func(tx *store.Tx) error { return ada.Settle(tx, w.now, ada.id, kept) })
	w.wait(30 * time.Minute)
	if len(ben.heard)+len(phone.heard) != 1 {
		t.Errorf("after words Ben heard %q, the phone %q", ben.heard, phone.heard)
	}
}

// TestThirdDevice: the first one vouches, the second one takes its word, and each can say of the
// third that it is gone.
func TestThirdDevice(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.device("Ada"), w.device("Ben")
	w.meet(ada, ben)
	own := []*device{ben}
	for _, name := range []string{"Ben's phone", "Ben's tablet"} {
		var key relation.Key
		ben.update(func(tx *store.Tx) (err error) { key, err = ben.Link(tx, w.now); return err })
		d := w.restore(name, ben.store, &key)
		d.id = ben.id
		own = append(own, d)
		w.wait(time.Hour)
	}
	ada.say("to all three")
	own[2].say("by the third")
	w.wait(time.Hour)
	ben.hears("to all three", "by the third")
	own[1].hears("to all three", "by the third")
	own[2].hears("to all three")
	ada.hears("by the third")
	var of relation.Device
	own[2].update(func(tx *store.Tx) error {
		devices, err := own[2].Devices(tx)
		of = devices[0]
		return err
	})
	own[1].update(func(tx *store.Tx) error { return own[1].Revoke(tx, w.now, of.ID) })
	w.wait(time.Hour)
	ada.say("to two")
	w.wait(time.Hour)
	ben.hears("to all three", "by the third", "to two")
	own[1].hears("to all three", "by the third", "to two")
	own[2].hears("to all three")
	if ada.told(relation.EventRevoked) != 1 || own[2].told(relation.EventRevoked) == 0 {
		t.Errorf("Ada is told %v, the third one %v", ada.events, own[2].events)
	}
}

// BenchmarkTurn is what the clock costs somebody with a hundred contacts.
func BenchmarkTurn(b *testing.B) {
	w := newWorld(b)
	ada, ben := w.device("Ada"), w.device("Ben")
	for i := range 100 {
		w.meetAs(ada, ben, byte(i))
	}
	w.wait(20 * time.Minute)
	b.ResetTimer()
	for range b.N {
		w.now = w.now.Add(20 * time.Second)
		if err := ada.person.Turn(w.now); err != nil {
			b.Fatal(err)
		}
	}
}

// quick leaves a test out of -short: it has one goroutine, in which a race build finds nothing and
// takes ten times as long.
func quick(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: one goroutine and long; a race build finds nothing here")
	}
}
