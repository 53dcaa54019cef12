package contact_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"murmuration/client/contact"
	"murmuration/client/fault"
	"murmuration/client/store"
	"murmuration/client/ticket"
)

// parse is a ticket whose boxes a test writes by itself.
func parse(t *testing.T, i contact.Invitation) ticket.Ticket {
	t.Helper()
	k, err := ticket.Parse(i.URI())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// put is what somebody writes who has seen a ticket.
func (w *world) put(s ticket.Spot, content string) {
	w.t.Helper()
	today := w.network.Today(w.now)
	sealed, err := s.Seal(w.network, today, []byte(content))
	if err != nil {
		w.t.Fatal(err)
	}
	w.Put(today, sealed.Box())
}

// TestAcceptedBeforeTheCardCame: it goes on by itself, over restarts of both.
func TestAcceptedBeforeTheCardCame(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.join("Ada"), w.join("Ben")
	i := ada.invite(contact.Making{})
	ada.off = true
	got := ben.accept(i.URI(), "")
	w.wait(10 * time.Minute)
	if s := ben.state(got.ID); s != contact.Looking {
		t.Errorf("before the card came: %s", s)
	}
	if again, err := ben.Look(w.now, parse(t, i)); err != nil || again.ID != got.ID {
		t.Errorf("looked at again: %+v, %v", again, err)
	}
	if _, err := ben.Accept(w.now, got.ID, ""); !errors.Is(err, contact.ErrAccepted) {
		t.Errorf("accepted again: %v", err)
	}
	ada.off = false
	for range 12 { // each step of it survives a restart
		w.wait(time.Minute)
		ada.start()
		ben.start()
	}
	w.wait(5 * time.Minute)
	if ada.names() != "“Ben”" || ben.names() != "“Ada”" {
		t.Errorf("Ada knows %s, Ben %s", ada.names(), ben.names())
	}
}

// TestWhoMadeItWasAway for days: the claim is written again each day, and answered then.
func TestWhoMadeItWasAway(t *testing.T) {
	w := newWorld(t)
	w.step = 5 * time.Minute
	ada, ben := w.join("Ada"), w.join("Ben")
	i := ada.invite(contact.Making{})
	w.wait(20 * time.Minute)
	ada.off = true
	got := ben.accept(i.URI(), "")
	w.wait(4 * 24 * time.Hour)
	if s := ben.state(got.ID); s != contact.Claimed {
		t.Errorf("meanwhile: %s", s)
	}
	ada.off, ben.off = false, true
	ada.start()
	w.wait(time.Hour)
	if ada.names() != "“Ben”" {
		t.Fatalf("Ada knows %q", ada.names())
	}
	w.wait(3 * 24 * time.Hour)
	ben.off = false
	ben.start()
	w.wait(time.Hour)
	if ben.names() != "“Ada”" {
		t.Errorf("Ben knows %q", ben.names())
	}
}

// TestOfflineOverMidnight: a claim and a card that waited through the night; the claim goes out
// once for the new day, and the card, which counts on its day alone, is of no use.
func TestOfflineOverMidnight(t *testing.T) {
	w := newWorld(t)
	w.step = 3 * time.Minute
	ada, ben := w.join("Ada"), w.join("Ben")
	i := ada.invite(contact.Making{})
	w.wait(10 * time.Minute)
	got := ben.look(i.URI())
	w.wait(10 * time.Minute)
	ben.sender.Lossy = true
	_, err := ben.Accept(w.now, got.ID, "")
	ben.check(err)
	lost := ben.invite(contact.Making{})
	w.wait(40 * time.Hour)
	if ben.state(got.ID) != contact.Claimed {
		t.Errorf("meanwhile: %s", ben.state(got.ID))
	}
	ben.sender.Lossy = false
	w.wait(30 * time.Minute)
	if ada.names() != "“Ben”" || ben.names() != "“Ada”" ||
		ben.state(lost.ID) != contact.NotStored {
		t.Errorf("Ada knows %q, Ben %q, his card: %s", ada.names(), ben.names(),
			ben.state(lost.ID))
	}
}

// TestTwoClaimants on one day and on two: who made the ticket decides, and the loser is told.
func TestTwoClaimants(t *testing.T) {
	w := newWorld(t)
	ada, ben, eve := w.join("Ada"), w.join("Ben"), w.join("Eve")
	i := ada.invite(contact.Making{Ask: true})
	w.wait(6 * time.Minute)
	ours, theirs := ben.accept(i.URI(), ""), eve.look(i.URI())
	w.wait(3 * time.Minute)
	if _, err := eve.Accept(w.now, theirs.ID, ""); err != nil {
		t.Fatal(err)
	}
	w.wait(5 * time.Minute)
	if v, _ := eve.Invitation(w.now, theirs.ID); !v.Contested || v.State != contact.Claimed {
		t.Errorf("Eve is told %+v", v)
	}
	if v, _ := ben.Invitation(w.now, ours.ID); v.Contested {
		t.Errorf("Ben is told %+v", v)
	}
	ben.off = true // so that her claim is the only one of the next day
	w.wait(26 * time.Hour)
	waiting, err := ada.Requests(w.now)
	if err != nil || len(waiting) != 2 || waiting[0].Claimed != "Ben" ||
		waiting[1].Claimed != "Eve" {
		t.Fatalf("%+v, %v", waiting, err)
	}
	if ada.names() != "" || ada.state(i.ID) != contact.Asked {
		t.Error("a ticket that asks did not")
	}
	if err := ada.Grant(w.now, waiting[0].ID, "benny"); err != nil {
		t.Fatal(err)
	}
	ben.off = false
	w.wait(10 * time.Minute)
	if ada.names() != "benny" || ben.names() != "“Ada”" || eve.names() != "" ||
		eve.state(theirs.ID) != contact.Late {
		t.Errorf("Ada knows %q, Ben %q, Eve %q: %s", ada.names(), ben.names(), eve.names(),
			eve.state(theirs.ID))
	}
}

// TestDeclined: who used the ticket is told, and another one may use it still.
func TestDeclined(t *testing.T) {
	w := newWorld(t)
	ada, eve := w.join("Ada"), w.join("Eve")
	i := ada.invite(contact.Making{Ask: true})
	got := eve.accept(i.URI(), "")
	w.wait(10 * time.Minute)
	waiting, err := ada.Requests(w.now)
	if err != nil || len(waiting) != 1 {
		t.Fatalf("%+v, %v", waiting, err)
	}
	ada.check(ada.Deny(w.now, waiting[0].ID[:5]))
	if err := ada.Deny(w.now, waiting[0].ID); !errors.Is(err, contact.ErrNoRequest) {
		t.Errorf("twice: %v", err)
	}
	w.wait(5 * time.Minute)
	if eve.state(got.ID) != contact.Declined || ada.state(i.ID) != contact.Open {
		t.Errorf("%s, %s", eve.state(got.ID), ada.state(i.ID))
	}
}

// TestRevoked: the card is gone, so that nobody accepts what is over; who has claimed is told.
func TestRevoked(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.join("Ada"), w.join("Ben")
	i, asks := ada.invite(contact.Making{}), ada.invite(contact.Making{Ask: true})
	w.wait(6 * time.Minute)
	claimed := ben.accept(asks.URI(), "")
	w.wait(6 * time.Minute)
	uri := i.URI()
	for _, short := range []string{"", i.ID[:3]} {
		if err := ada.Revoke(w.now, short); !errors.Is(err, contact.ErrNoInvite) {
			t.Errorf("by %q: %v", short, err)
		}
	}
	ada.check(ada.Revoke(w.now, i.ID[:4]))
	ada.check(ada.Revoke(w.now, asks.ID))
	if err := ada.Revoke(w.now, i.ID); !errors.Is(err, contact.ErrClosed) {
		t.Errorf("twice: %v", err)
	}
	if err := ada.Revoke(w.now, "none"); !errors.Is(err, contact.ErrNoInvite) {
		t.Errorf("none: %v", err)
	}
	w.wait(20 * time.Minute)
	late := ben.accept(uri, "")
	w.wait(6 * time.Minute)
	if ben.state(late.ID) != contact.Revoked || ben.state(claimed.ID) != contact.Declined ||
		ada.state(i.ID) != contact.Revoked || ada.names() != "" {
		t.Errorf("%s, %s, %s", ben.state(late.ID), ben.state(claimed.ID), ada.state(i.ID))
	}
	if v, _ := ada.Invitation(w.now, i.ID); v.URI() != "" {
		t.Error("its ticket is still shown")
	}
}

// TestKeysOfATicketAreErased when it was used: what is kept then opens no claim.
func TestKeysOfATicketAreErased(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.join("Ada"), w.join("Ben")
	w.meet(ada, ben)
	type record struct {
		Keys any `cbor:"2,keyasint"`
		Card any `cbor:"3,keyasint"`
		// whatever else there is
		More1  any `cbor:"1,keyasint"`
		More4  any `cbor:"4,keyasint"`
		More5  any `cbor:"5,keyasint"`
		More6  any `cbor:"6,keyasint"`
		More7  any `cbor:"7,keyasint"`
		More8  any `cbor:"8,keyasint"`
		More9  any `cbor:"9,keyasint"`
		More10 any `cbor:"10,keyasint"`
		More11 any `cbor:"11,keyasint"`
		More12 any `cbor:"12,keyasint"`
		More13 any `cbor:"13,keyasint"`
		More14 any `cbor:"14,keyasint"`
		More15 any `cbor:"15,keyasint"`
	}
	kept := func(h *home) (all []record) {
		h.check(h.store.View(func(tx *store.Tx) error {
			return store.Each(tx, "invites", func(_ string, r record) error {
				all = append(all, r)
				return nil
			})
		}))
		return all
	}
	if all := kept(ada); len(all) != 1 || all[0].Keys != nil {
		t.Errorf("a used ticket has its keys: %+v", all)
	}
	ben.invite(contact.Making{})
	if all := kept(ben); len(all) != 1 || all[0].Keys == nil {
		t.Error("the control: an open one has none")
	}
}

// TestTicketsRunOut, at both sides; a card that was not stored on its day counts for nothing.
func TestTicketsRunOut(t *testing.T) {
	w := newWorld(t)
	w.step = time.Hour
	ada, ben, eve := w.join("Ada"), w.join("Ben"), w.join("Eve")
	i := ada.invite(contact.Making{Days: 2})
	w.wait(time.Hour)
	eve.off = true
	lost := eve.invite(contact.Making{})
	uri, ticket := i.URI(), parse(t, i)
	seen := ben.look(uri)
	w.wait(3 * 24 * time.Hour)
	eve.off = false
	eve.start()
	w.wait(24 * time.Hour)
	if ada.state(i.ID) != contact.Expired || ben.state(seen.ID) != contact.Expired ||
		eve.state(lost.ID) != contact.NotStored {
		t.Errorf("%s, %s, %s", ada.state(i.ID), ben.state(seen.ID), eve.state(lost.ID))
	}
	if _, err := ben.Accept(w.now, seen.ID, ""); !errors.Is(err, contact.ErrClosed) {
		t.Errorf("accepted afterwards: %v", err)
	}
	if _, err := eve.Look(w.now, ticket); !errors.Is(err, contact.ErrExpired) {
		t.Errorf("looked at afterwards: %v", err)
	}
}

// TestTicketsThatAreRefused, each with its reason.
func TestTicketsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.join("Ada"), w.join("Ben")
	own := parse(t, ada.invite(contact.Making{}))
	elsewhere, later := own, own
	elsewhere.Network[0]++
	later.Day += 2
	for name, c := range map[string]struct {
		who  *home
		t    ticket.Ticket
		want *fault.Fault
	}{
		"own": {ada, own, contact.ErrOwnTicket}, "elsewhere": {ben, elsewhere, ticket.ErrNetwork},
		"later": {ben, later, contact.ErrFuture},
	} {
		if _, err := c.who.Look(w.now, c.t); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		m    contact.Making
		want *fault.Fault
	}{
		"no days": {contact.Making{}, contact.ErrDays},
		"13 days": {contact.Making{Days: 13}, contact.ErrDays},
		"minus":   {contact.Making{Days: 1, Alias: "-x"}, contact.ErrAlias},
		"dots":    {contact.Making{Days: 1, Alias: ".."}, contact.ErrAlias},
		"escape":  {contact.Making{Days: 1, Alias: "\x1b"}, contact.ErrAlias},
	} {
		if _, err := ada.Invite(w.now, c.m); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBoxesOfStrangersUnderATicket: whoever has seen it can fill its boxes. What is no card and no
// claim is counted, and the rest goes on the day after.
func TestBoxesOfStrangersUnderATicket(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.join("Ada"), w.join("Ben")
	i := ada.invite(contact.Making{})
	w.wait(6 * time.Minute)
	k := parse(t, i)
	w.put(k.ClaimSpot(), strings.Repeat("x", 3000))
	got := ben.accept(i.URI(), "")
	w.wait(10 * time.Minute)
	mine, _ := ada.Invitation(w.now, i.ID)
	his, _ := ben.Invitation(w.now, got.ID)
	if mine.Odd != 1 || mine.State != contact.Open || !his.Contested || ada.Odd() != 1 {
		t.Errorf("%+v; %+v", mine, his)
	}
	w.wait(20 * time.Hour)
	if ada.names() != "“Ben”" || ben.names() != "“Ada”" {
		t.Errorf("the day after Ada knows %q, Ben %q", ada.names(), ben.names())
	}
}

// TestForgedCard: a card that is none is not shown, and nothing comes of accepting it.
func TestForgedCard(t *testing.T) {
	w := newWorld(t)
	ben := w.join("Ben")
	k := ticket.Ticket{Day: w.network.Today(w.now), Days: 12, Secret: [16]byte{9}}
	copy(k.Network[:], w.network.ID[:])
	w.put(k.CardSpot(), "a card")
	got := ben.accept(k.URI(), "")
	w.wait(10 * time.Minute)
	if v, _ := ben.Invitation(w.now, got.ID); v.State != contact.Looking || v.Known || v.Odd != 1 {
		t.Errorf("%+v", v)
	}
}

// TestClaimIsReplayed: whoever has the ticket can write a claim again on other days, and nothing
// comes of it.
func TestClaimIsReplayed(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.join("Ada"), w.join("Ben")
	i := ada.invite(contact.Making{Ask: true})
	w.wait(6 * time.Minute)
	ben.accept(i.URI(), "")
	w.wait(6 * time.Minute)
	k := parse(t, i)
	id, err := k.ClaimSpot().ID(w.network, k.Day)
	if err != nil || !w.Has(id) {
		t.Fatal("there is no claim", err)
	}
	ben.off = true
	claim, err := k.ClaimSpot().Open(w.network, k.Day, w.Box(id))
	if err != nil {
		t.Fatal(err)
	}
	w.wait(24 * time.Hour)
	w.put(k.ClaimSpot(), string(claim))
	w.wait(10 * time.Minute)
	waiting, err := ada.Requests(w.now)
	if err != nil || len(waiting) != 1 {
		t.Fatalf("%+v, %v", waiting, err)
	}
	ada.check(ada.Grant(w.now, waiting[0].ID, ""))
	w.wait(24 * time.Hour)
	w.put(k.ClaimSpot(), string(claim))
	w.wait(10 * time.Minute)
	if ada.names() != "“Ben”" {
		t.Errorf("Ada knows %q", ada.names())
	}
}

// TestFullDisk: nothing is half done, and all of it goes on.
func TestFullDisk(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.join("Ada"), w.join("Ben")
	full := false
	for _, h := range []*home{ada, ben} {
		h.store.Free = func(string) (uint64, error) {
			if full {
				return 0, nil
			}
			return 1 << 40, nil
		}
	}
	i := ada.invite(contact.Making{})
	ben.accept(i.URI(), "")
	for range 15 {
		full = true
		w.wait(time.Minute)
		full = false
		w.wait(time.Minute)
	}
	if ada.names() != "“Ben”" || ben.names() != "“Ada”" {
		t.Errorf("Ada knows %q, Ben %q", ada.names(), ben.names())
	}
	full = true
	if _, err := ada.Invite(w.now, contact.Making{Days: 1}); !errors.Is(err, store.ErrFull) {
		t.Errorf("on a full disk: %v", err)
	}
	if n := len(ada.Invitations(w.now)); n != 1 {
		t.Errorf("%d invitations", n)
	}
}
