package contact_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/client/backup"
	"murmuration/client/contact"
	"murmuration/client/fault"
	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/client/ticket"
	"murmuration/internal/box"
	"murmuration/internal/long"
)

// TestNames: one alias is one contact, in whatever case; what somebody claims changes none, and
// what they said stands under the name that they have now.
func TestNames(t *testing.T) {
	w := newWorld(t)
	ada, ben, ben2 := w.join("Ada"), w.join("Ben Nevis"), w.join("Ben Nevis")
	for _, h := range []*home{ben, ben2} {
		h.accept(ada.invite(contact.Making{}).URI(), "")
		w.wait(10 * time.Minute)
	}
	if ada.names() != "“Ben Nevis”, “Ben Nevis” (Ben-Nevis-2)" {
		t.Fatalf("Ada knows %s", ada.names())
	}
	if _, err := ada.Find("Ben Nevis"); !errors.Is(err, contact.ErrAmbiguous) {
		t.Errorf("two claim to be that: %v", err)
	}
	// What somebody claims to be moves nothing to them.
	ben.check(ben.SetProfile(w.now, ticket.Profile{Name: "Mum"}))
	w.wait(10 * time.Minute)
	if k, err := ada.Find("mum"); !errors.Is(err, contact.ErrClaimed) {
		t.Errorf("whoever claims it is found: %q, %v", k.Alias, err)
	}
	ben.check(ben.SetProfile(w.now, ticket.Profile{Name: "Ben Nevis"}))
	w.wait(10 * time.Minute)
	first, err := ada.Find("ben-nevis")
	ada.check(err)
	ada.check(ada.Rename(w.now, "Ben-Nevis-2", "hills"))
	for name, c := range map[string]struct {
		of, to string
		want   *fault.Fault
	}{
		"taken":  {"Ben-Nevis", "HILLS", contact.ErrTaken},
		"minus":  {"hills", "--yes", contact.ErrAlias},
		"lines":  {"hills", "a\nb", contact.ErrAlias},
		"empty":  {"hills", "", contact.ErrAlias},
		"dots":   {"hills", "..", contact.ErrAlias},
		"nobody": {"nobody", "x", contact.ErrNoContact},
	} {
		if err := ada.Rename(w.now, c.of, c.to); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ada.Invite(w.now, contact.Making{Days: 1, Alias: "Hills"}); !errors.Is(err,
		contact.ErrTaken) {
		t.Errorf("an invitation for somebody else of a name: %v", err)
	}
	// The second one claims to be the one whom Ada has named.
	ada.check(ada.Rename(w.now, "ben-nevis", "Carl"))
	ben2.check(ben2.SetProfile(w.now, ticket.Profile{Name: "Carl"}))
	w.wait(6 * time.Minute)
	carl, err := ada.Find("carl")
	if ada.check(err); carl.Relation != first.Relation || ada.names() != "Carl, hills" {
		t.Errorf("Ada knows %s", ada.names())
	}
	if l := ada.lines("hills"); !strings.Contains(l,
		"“Ben Nevis” calls themselves “Carl” now\n") {
		t.Errorf("lines: %s", l)
	}
	ben2.check(ben2.SetProfile(w.now, ticket.Profile{Name: "Саrl"})) // not all of it is Latin
	w.wait(6 * time.Minute)
	if l := ada.lines("hills"); !strings.Contains(l, "“Саrl” [letters of several alphabets] now; "+
		"that looks like Carl, whom you know") {
		t.Errorf("lines: %s", l)
	}
	ben2.check(ben2.SetProfile(w.now, ticket.Profile{Name: "Carl"}))
	w.wait(6 * time.Minute)
	if k, _ := ada.Find("hills"); k.Claimed.Name != "Carl" {
		t.Errorf("claimed: %+v", k.Claimed)
	}
}

// TestFindEver: what was said with somebody is found when the contact is over, as long as nobody
// else has the name.
func TestFindEver(t *testing.T) {
	w := newWorld(t)
	ada := w.join("Ada")
	for _, h := range []*home{w.join("Ben"), w.join("Ben")} {
		h.accept(ada.invite(contact.Making{Alias: "ben"}).URI(), "")
		w.wait(10 * time.Minute)
		now, err := ada.Find("ben")
		ada.check(err)
		if k, err := ada.FindEver("Ben"); err != nil || k.Relation != now.Relation {
			t.Errorf("%+v, %v", k, err)
		}
		ada.check(ada.Remove(w.now, "ben"))
		if _, err := ada.Find("ben"); !errors.Is(err, contact.ErrNoContact) {
			t.Errorf("the control: %v", err)
		}
		if k, err := ada.FindEver(" BEN"); err != nil || k.Relation != now.Relation {
			t.Errorf("over: %+v, %v", k, err)
		}
	}
	if _, err := ada.FindEver("nobody"); !errors.Is(err, contact.ErrNoContact) {
		t.Error(err)
	}
}

// TestNobodyIsCalledDots: a path of the daemon's API has no such part, so that whoever claims to be
// called that could not be shown, blocked or removed.
func TestNobodyIsCalledDots(t *testing.T) {
	w := newWorld(t)
	ada, eve := w.join("Ada"), w.join("..")
	eve.accept(ada.invite(contact.Making{}).URI(), "")
	w.wait(10 * time.Minute)
	if k, err := ada.Find("somebody"); err != nil || k.Claimed.Name != ".." {
		t.Errorf("Ada knows %s, %v", ada.names(), err)
	}
}

// TestClaimsStayInTheirQuotes: nobody writes their own marks behind their name.
func TestClaimsStayInTheirQuotes(t *testing.T) {
	w := newWorld(t)
	ada, eve := w.join("Ada"), w.join("Ben” (verified) “")
	ada.accept(eve.invite(contact.Making{}).URI(), "")
	w.wait(10 * time.Minute)
	if got := ada.names(); got != `“Ben" (verified) "”` {
		t.Errorf("Ada knows %s", got)
	}
}

// TestMuteBlockRemove: what is not announced, what is not shown, and what is over at both sides,
// while its name stays with what was said.
func TestMuteBlockRemove(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.join("Ada"), w.join("Ben")
	w.meet(ada, ben)
	k, err := ada.Find("ben")
	ada.check(err)
	ada.check(ada.Mute(w.now, "ben", true))
	if !ada.Muted(k.Relation) || ada.Blocked(k.Relation) {
		t.Error("muted")
	}
	ada.check(ada.Mute(w.now, "ben", false))
	ada.check(ada.Block(w.now, "ben", true))
	ada.start()
	if !ada.Muted(k.Relation) || !ada.Blocked(k.Relation) {
		t.Error("blocked, after a restart")
	}
	ada.check(ada.Block(w.now, "ben", false))
	if ada.Muted(k.Relation) {
		t.Error("not any more")
	}
	ada.check(ada.Remove(w.now, "ben"))
	w.wait(6 * time.Minute)
	if ada.names()+ben.names() != "" {
		t.Errorf("Ada knows %q, Ben %q", ada.names(), ben.names())
	}
	if got := ada.Name(k.Relation); got != "Ben (until 2026-03-01)" ||
		ben.Name(k.Relation) != "Ada (until 2026-03-01)" {
		t.Errorf("%q, %q", got, ben.Name(k.Relation))
	}
	if err := ada.Remove(w.now, "ben"); !errors.Is(err, contact.ErrNoContact) {
		t.Errorf("twice: %v", err)
	}
	w.meet(ada, ben) // and the name is free
	ada.say("ben", "again")
	w.wait(5 * time.Minute)
	if !slices.Equal(ben.heard, []string{"Ada: again"}) {
		t.Errorf("Ben heard %q", ben.heard)
	}
}

// TestIntroduction: both must agree; who introduced them reads nothing of it.
func TestIntroduction(t *testing.T) {
	w := newWorld(t)
	ada, ben, eve := w.join("Ada"), w.join("Ben"), w.join("Eve")
	w.meet(eve, ada)
	w.meet(eve, ben)
	if err := eve.Introduce(w.now, "ada", "ADA"); !errors.Is(err, contact.ErrSame) {
		t.Errorf("to oneself: %v", err)
	}
	if err := eve.Introduce(w.now, "ada", "nobody"); !errors.Is(err, contact.ErrNoContact) {
		t.Errorf("to nobody: %v", err)
	}
	eve.check(eve.Introduce(w.now, "ada", "ben"))
	w.wait(6 * time.Minute)
	one := func(h *home) contact.Request {
		t.Helper()
		waiting, err := h.Requests(w.now)
		if err != nil || len(waiting) != 1 || waiting[0].By != "Eve" {
			t.Fatalf("%s is asked %+v, %v", h.name, waiting, err)
		}
		return waiting[0]
	}
	forBen := one(ben)
	if forBen.Claimed != "Ada" || one(ada).Claimed != "Ben" {
		t.Errorf("%+v", forBen)
	}
	ben.check(ben.Grant(w.now, forBen.ID, ""))
	if err := ben.Grant(w.now, forBen.ID, ""); !errors.Is(err, contact.ErrNoRequest) {
		t.Errorf("twice: %v", err)
	}
	w.wait(26 * time.Hour)
	if ben.names() != "Eve" || ada.names() != "Eve" {
		t.Fatal("they know each other before both have agreed")
	}
	ada.check(ada.Grant(w.now, one(ada).ID, "benny"))
	w.wait(10 * time.Minute)
	if ben.names() != "“Ada”, Eve" || ada.names() != "benny, Eve" {
		t.Fatalf("Ben knows %s, Ada %s", ben.names(), ada.names())
	}
	if k, _ := ada.Find("benny"); k.How != contact.Introduced || k.Via != "Eve" {
		t.Errorf("%+v", k)
	}
	if ada.words("benny") != ben.words("ada") {
		t.Error("other words")
	}
	ben.say("ada", "hello")
	w.wait(5 * time.Minute)
	if !slices.Equal(ada.heard, []string{"benny: hello"}) || len(eve.heard) != 0 {
		t.Errorf("Ada heard %q, Eve %q", ada.heard, eve.heard)
	}
	// who says no is not told of
	eve.check(eve.Introduce(w.now, "ben", "ada"))
	w.wait(6 * time.Minute)
	ada.check(ada.Deny(w.now, one(ada).ID))
	w.wait(6 * time.Minute)
	if waiting, err := ada.Requests(w.now); err != nil || len(waiting) != 0 || len(eve.heard) != 0 {
		t.Errorf("%+v, %v", waiting, err)
	}
}

// TestSayingsThatAreRefused are counted, and nothing else.
func TestSayingsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.join("Ada"), w.join("Ben")
	w.meet(ada, ben)
	k, err := ben.Find("ada")
	ben.check(err)
	before := ada.lines("ben")
	said := [][]byte{
		nil, {0xff}, []byte("hello"), {0xa1, 1, 9}, {0xa1, 1, 2}, // no profile
		{0xa2, 1, 2, 2, 0xa1, 1, 0x61, 7},   // a bell for a name
		{0xa2, 1, 1, 2, 0xa1, 1, 0x61, 'a'}, // a profile where none belongs
		{0xa1, 0x18, 1, 3},                  // a second spelling
		append([]byte{0xa1, 1, 3}, 0),       // something behind it
	}
	for _, b := range said {
		ben.check(ben.store.Update(func(tx *store.Tx) error {
			_, err := ben.rel.Say(tx, w.now, k.Relation,
				relation.Saying{Kind: relation.KindContact, Content: b, Quick: true})
			return err
		}))
	}
	w.wait(6 * time.Minute)
	if int(ada.Odd()) != len(said) || ada.names() != "Ben" || ada.lines("ben") != before {
		t.Errorf("%d counted of %d; lines: %s", ada.Odd(), len(said), ada.lines("ben"))
	}
}

// restore is a new home with what a backup of this one would hold: one that this home vouches for
// with a key, or none that it knows of.
func (h *home) restore(key *relation.Key) *home {
	h.w.t.Helper()
	n := &home{w: h.w, name: h.name, number: len(h.w.people), store: store.Memory()}
	h.check(h.store.View(func(from *store.Tx) error {
		return n.store.Update(func(to *store.Tx) error {
			for bucket, b := range backup.Buckets {
				if !b.Kept {
					continue
				}
				err := from.Walk(bucket, func(name string, value []byte) error {
					return to.Copy(bucket, name, value)
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}))
	h.w.people = append(h.w.people, n)
	n.start()
	h.check(n.store.Update(func(tx *store.Tx) error {
		if key != nil {
			return n.rel.Linked(tx, h.w.now, *key)
		}
		return n.person.Restored(tx, h.w.now)
	}))
	n.start()
	return n
}

// TestVerified: the mark is there when words were compared, goes with a device that nobody vouched
// for, which both see in one line, and the words are others then, and the same at both.
func TestVerified(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.join("Ada"), w.join("Ben")
	w.meet(ada, ben)
	marked := func() bool {
		t.Helper()
		k, err := ada.Find("ben")
		ada.check(err)
		return k.Marked()
	}
	if marked() {
		t.Error("a mark from nothing")
	}
	ada.check(ada.Verify(w.now, "ben", true))
	if !marked() {
		t.Error("no mark")
	}
	before := ada.words("ben")
	ben.off = true
	again := ben.restore(nil)
	w.wait(20 * time.Minute)
	if marked() || !strings.Contains(ada.lines("ben"), "a backup of theirs was restored on ") {
		t.Errorf("after a restore: %t, %s", marked(), ada.lines("ben"))
	}
	if n := strings.Count(again.lines("ada"), "this home was made of a backup on "); n != 1 {
		t.Errorf("who restored it has %d lines: %s", n, again.lines("ada"))
	}
	ada.say("ben", "is it you?")
	again.say("ada", "yes")
	w.wait(10 * time.Minute)
	if !slices.Contains(again.heard, "Ada: is it you?") ||
		!slices.Contains(ada.heard, "Ben: yes") {
		t.Errorf("Ben heard %q, Ada %q", again.heard, ada.heard)
	}
	if a, b := ada.words("ben"), again.words("ada"); a != b || a == before {
		t.Errorf("%q, %q, and %q before", a, b, before)
	}
	ada.check(ada.Verify(w.now, "ben", false))
	if marked() {
		t.Error("a mark though the words were not the same")
	}
	ada.check(ada.Verify(w.now, "ben", true))
	if !marked() {
		t.Error("no mark after all")
	}
}

// TestSecondDevice knows whom the first one knows, by the same names: those from before, those who
// come, and whoever is removed on either. A device that is vouched for leaves the mark.
func TestSecondDevice(t *testing.T) {
	w := newWorld(t)
	ada, ben, carl := w.join("Ada"), w.join("Ben"), w.join("Carl")
	w.meet(ada, ben)
	ada.check(ada.Verify(w.now, "ben", true))
	var key relation.Key
	ben.check(ben.store.Update(func(tx *store.Tx) (err error) {
		key, err = ben.rel.Link(tx, w.now)
		return err
	}))
	phone := ben.restore(&key)
	w.wait(time.Hour)
	if k, _ := ada.Find("ben"); phone.names() != "Ada" || !k.Marked() ||
		!strings.Contains(ada.lines("ben"), "another device of theirs came") {
		t.Errorf("the phone knows %q; marked: %t; %s", phone.names(), k.Marked(),
			ada.lines("ben"))
	}
	if a, b, c := ada.words("ben"), ben.words("ada"), phone.words("ada"); a != b || b != c {
		t.Errorf("%q, %q, %q", a, b, c)
	}
	ben.check(ben.Rename(w.now, "ada", "countess"))
	w.meet(carl, ben)
	w.wait(time.Hour)
	if phone.names() != "Carl, countess" {
		t.Errorf("then the phone knows %q", phone.names())
	}
	phone.say("countess", "from the phone")
	phone.check(phone.Remove(w.now, "carl"))
	w.wait(time.Hour)
	if ben.names() != "countess" || carl.names() != "" ||
		!slices.Equal(ada.heard, []string{"Ben: from the phone"}) {
		t.Errorf("Ben knows %q, Carl %q, Ada heard %q", ben.names(), carl.names(), ada.heard)
	}
}

// TestWordsAfterAThief: a backup was stolen and restored. When its owner has said that the thief's
// device is gone, the words are again the same at the two who met, and not at the thief.
func TestWordsAfterAThief(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.join("Ada"), w.join("Ben")
	w.meet(ada, ben)
	before := ada.words("ben")
	thief := ben.restore(nil)
	w.wait(20 * time.Minute)
	if a, b := ada.words("ben"), ben.words("ada"); a == b {
		t.Errorf("the control: with a thief between them both have %q", a)
	}
	ben.check(ben.store.Update(func(tx *store.Tx) error {
		return ben.rel.RevokeStrangers(tx, w.now)
	}))
	w.wait(20 * time.Minute)
	a, b, c := ada.words("ben"), ben.words("ada"), thief.words("ada")
	if a != before || b != before || c == before {
		t.Errorf("%q, %q, the thief %q, and %q before", a, b, c, before)
	}
	if !long.Form() {
		return
	}
	w.step *= 60                // months
	w.wait(92 * 24 * time.Hour) // the thief's device is erased
	if a, b := ada.words("ben"), ben.words("ada"); a != before || b != before {
		t.Errorf("%q, %q, and %q before", a, b, before)
	}
}

// TestReset: both see one line, and speak on.
func TestReset(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.join("Ada"), w.join("Ben")
	w.meet(ada, ben)
	ada.check(ada.Verify(w.now, "ben", true))
	ben.check(ben.Reset(w.now, "ada"))
	w.wait(10 * time.Minute)
	if l := ada.lines("ben"); strings.Count(l, "began anew") != 1 {
		t.Errorf("Ada is told %s", l)
	}
	ada.say("ben", "one")
	ben.say("ada", "two")
	w.wait(6 * time.Minute)
	k, _ := ada.Find("ben")
	if !slices.Equal(ben.heard, []string{"Ada: one"}) ||
		!slices.Equal(ada.heard, []string{"Ben: two"}) || !k.Marked() {
		t.Errorf("Ben heard %q, Ada %q; marked: %t", ben.heard, ada.heard, k.Marked())
	}
}

// TestProfile: what it may be, and who is told.
func TestProfile(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.join("Ada"), w.join("Ben")
	w.meet(ada, ben)
	for _, bad := range []ticket.Profile{
		{}, {Name: "a\nb"}, {Name: "Ada", Picture: make([]byte, ticket.MaxPicture+1)},
	} {
		if err := ada.SetProfile(w.now, bad); err == nil {
			t.Errorf("taken: %q", bad.Name)
		}
	}
	ada.check(ada.SetProfile(w.now, ticket.Profile{Name: "Ada L.", Picture: []byte("jpeg")}))
	ada.start()
	w.wait(6 * time.Minute)
	k, _ := ben.Find("ada")
	if p, err := ada.Profile(); err != nil || p.Name != "Ada L." || ada.Own() != p.Name ||
		k.Claimed.Name != p.Name ||
		string(k.Claimed.Picture) != "jpeg" || ben.names() != "Ada" {
		t.Errorf("%+v, %v; Ben has %+v", p, err, k.Claimed)
	}
	if v := ben.look(ada.invite(contact.Making{}).URI()); v.Known {
		t.Error("known before it came")
	}
}

// TestInvitedToACircle: whoever uses the invitation is added once, and a circle that is gone by
// then is said.
func TestInvitedToACircle(t *testing.T) {
	w := newWorld(t)
	ada, ben, carl := w.join("Ada"), w.join("Ben"), w.join("Carl")
	added := map[string]int{}
	add := func(_ time.Time, circle string, r relation.ID) error {
		added[circle+": "+ada.Name(r)]++
		if circle != "hikers" {
			return contact.ErrNoContact
		}
		return nil
	}
	ada.JoinBy(add)
	ben.accept(ada.invite(contact.Making{Alias: "ben", Circle: "hikers"}).URI(), "")
	carl.accept(ada.invite(contact.Making{Alias: "carl", Circle: "gone"}).URI(), "")
	w.wait(12 * time.Minute)
	ada.start()
	ada.JoinBy(add)
	w.wait(2 * time.Minute)
	if len(added) != 2 || added["hikers: ben"] != 1 || added["gone: carl"] != 1 {
		t.Errorf("added %v", added)
	}
	if a, b := ada.lines("ben"), ada.lines("carl"); !strings.Contains(a,
		"they were added to the circle “hikers”\n") ||
		!strings.Contains(b, "they could not be added to the circle “gone”") {
		t.Errorf("%s%s", a, b)
	}
}

// TestSmallBoxes: where a picture has no room it is left out, and people meet all the same.
func TestSmallBoxes(t *testing.T) {
	w := newWorld(t)
	w.network.Format.Plaintext = box.RecordHeaderSize + 4096
	ada, ben := w.join("Ada"), w.join("Ben")
	face := make([]byte, ticket.MaxPicture)
	for _, h := range []*home{ada, ben} {
		h.check(h.SetProfile(w.now, ticket.Profile{Name: h.name, Picture: face}))
		h.check(h.store.Update(func(tx *store.Tx) error {
			_, err := h.rel.Link(tx, w.now) // own devices are told of contacts, too
			return err
		}))
	}
	w.meet(ada, ben)
	ada.check(ada.SetProfile(w.now, ticket.Profile{Name: "Ada L.", Picture: face}))
	w.wait(10 * time.Minute)
	if k, err := ben.Find("ada"); err != nil || k.Claimed.Name != "Ada L." {
		t.Errorf("%+v, %v", k.Claimed, err)
	}
	w.network.Format.Plaintext = box.RecordHeaderSize + 2048
	tiny := w.join("Tiny")
	if _, err := tiny.Invite(w.now, contact.Making{Days: 1}); err == nil {
		t.Error("an invitation where nobody can be met")
	}
}
