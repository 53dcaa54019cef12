package api

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"murmuration/client/contact"
	"murmuration/client/fault"
	"murmuration/client/ticket"
)

// TestInvitationsByCommands: made, listed, shown and taken back; and what is refused, with what to
// do about it.
func TestInvitationsByCommands(t *testing.T) {
	ada, _ := daemon(t)
	ctx := t.Context()
	i, err := ada.Invite(ctx, Inviting{For: "ben", Days: 3, Ask: true})
	if err != nil || !strings.HasPrefix(i.Ticket, "murmur:invite/") || i.Stored ||
		i.State != "open" || i.Expected == "" || i.For != "ben" || !i.Ask {
		t.Fatalf("%+v, %v", i, err)
	}
	all, err := ada.Invitations(ctx)
	if one, err2 := ada.Invitation(ctx, i.ID); err != nil || err2 != nil || len(all) != 1 ||
		all[0] != one || one.Ticket != i.Ticket {
		t.Errorf("%+v and %+v, %v, %v", all, one, err, err2)
	}
	other := ticket.Ticket{Network: [8]byte{9}, Days: 3}
	for name, c := range map[string]struct {
		do   func() error
		want *fault.Fault
	}{
		"own": {func() error { _, err := ada.LookAt(ctx, i.Ticket); return err },
			contact.ErrOwnTicket},
		"damaged": {func() error { _, err := ada.LookAt(ctx, i.Ticket[:40]); return err },
			ticket.ErrDamaged},
		"elsewhere": {func() error { _, err := ada.LookAt(ctx, other.URI()); return err },
			ticket.ErrNetwork},
		"accept": {func() error { _, err := ada.Accept(ctx, "no/such", ""); return err },
			contact.ErrNoInvite},
		"days": {func() error { _, err := ada.Invite(ctx, Inviting{Days: 13}); return err },
			contact.ErrDays},
		"revoke": {func() error { return ada.Revoke(ctx, "none") }, contact.ErrNoInvite},
		"verify": {func() error { return ada.Verify(ctx, "ben", true) }, contact.ErrNoContact},
		"show": {func() error { _, err := ada.Contact(ctx, "a/b c?"); return err },
			contact.ErrNoContact},
		"settle": {func() error { return ada.Settle(ctx, "x", Settling{Accept: true}) },
			contact.ErrNoRequest},
		"introduce": {func() error { return ada.Introduce(ctx, "a", "b") }, contact.ErrNoContact},
		"reset":     {func() error { return ada.ResetContact(ctx, "a") }, contact.ErrNoContact},
		"remove":    {func() error { return ada.RemoveContact(ctx, "a") }, contact.ErrNoContact},
		"dots": {func() error { _, err := ada.Contact(ctx, ".."); return err },
			contact.ErrNoContact},
		"a dot":    {func() error { return ada.RemoveContact(ctx, ".") }, contact.ErrNoContact},
		"nothing":  {func() error { return ada.ResetContact(ctx, "") }, contact.ErrNoContact},
		"up there": {func() error { return ada.Revoke(ctx, "..") }, contact.ErrNoInvite},
	} {
		if err := c.do(); err == nil || !strings.HasPrefix(err.Error(), c.want.Error()) ||
			fault.Of(err).Hint() != c.want.Hint() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := ada.Revoke(ctx, i.ID); err != nil {
		t.Error(err)
	}
	if one, _ := ada.Invitation(ctx, i.ID); one.State != "revoked" || one.Ticket != "" {
		t.Errorf("%+v", one)
	}
	people, err1 := ada.Contacts(ctx)
	waiting, err2 := ada.Requests(ctx)
	if len(people)+len(waiting) != 0 || err1 != nil || err2 != nil {
		t.Errorf("%v, %v, %v, %v", people, waiting, err1, err2)
	}
}

// TestProfileByCommands: a picture is decoded elsewhere and made small; no other is taken.
func TestProfileByCommands(t *testing.T) {
	ada, _ := daemon(t)
	ctx := t.Context()
	if p, err := ada.Profile(ctx); err != nil || p.Name != "Ada" || p.Picture != nil {
		t.Fatalf("%+v, %v", p, err)
	}
	if err := ada.SetProfile(ctx, Profile{Name: "Ada L.", Picture: somePicture(t)}); err != nil {
		t.Fatal(err)
	}
	p, err := ada.Profile(ctx)
	if err != nil || p.Name != "Ada L." || len(p.Picture) == 0 ||
		len(p.Picture) > ticket.MaxPicture {
		t.Errorf("%+v, %v", p, err)
	}
	// What somebody else shows is encoded anew, and nothing that is no picture comes out.
	if b, err := anew(ctx, p.Picture); err != nil || len(b) == 0 || bytes.Equal(b, p.Picture) {
		t.Errorf("a picture as others see it: %d bytes, %v", len(b), err)
	}
	for file, want := range map[string]error{
		"": errNoFace, "<svg onload='x'/>": errFace, string(p.Picture[:40]): errFace,
	} {
		if b, err := anew(ctx, []byte(file)); !errors.Is(err, want) || b != nil {
			t.Errorf("%q: %q, %v", file, b, err)
		}
	}
	if _, err := ada.ContactPicture(ctx, "ben"); fault.Of(err).ExitCode() != int(fault.NotFound) {
		t.Errorf("of nobody: %v", err)
	}
	if s, err := ada.Status(ctx); err != nil || s.Name != "Ada L." {
		t.Errorf("%+v, %v", s.Name, err)
	}
	for name, bad := range map[string]Profile{
		"no name": {}, "escape": {Name: "\x1b"}, "no picture": {Name: "a", Picture: []byte("GIF")},
	} {
		if err := ada.SetProfile(ctx, bad); fault.Of(err).ExitCode() != int(fault.User) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if again, err := ada.Profile(ctx); err != nil || again.Name != p.Name {
		t.Errorf("after refusals: %+v, %v", again, err)
	}
}
