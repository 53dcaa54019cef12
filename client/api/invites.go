package api

import (
	"context"
	"net/http"
	"time"

	"murmuration/client/circle"
	"murmuration/client/contact"
	"murmuration/client/parts"
	"murmuration/client/ticket"
)

// Inviting is the body of POST /v1/invites.
type Inviting struct {
	For  string `json:"for,omitempty"` // what to call whoever uses it
	Days int    `json:"days"`          // for which it can be used, 1 to 12
	Ask  bool   `json:"ask,omitempty"` // the person is asked before the two know each other
	// Circle is an own one to which whoever uses it is added.
	Circle string `json:"circle,omitempty"`
}

// Ticket is the body of POST /v1/tickets.
type Ticket struct {
	Ticket string `json:"ticket"`
}

// Accepting is the body of POST /v1/invites/{id}.
type Accepting struct {
	Alias string `json:"alias,omitempty"` // what to call who made it
}

// Invitation is one that this person made, or was given.
type Invitation struct {
	ID      string    `json:"id"`
	Own     bool      `json:"own"`              // this person made it
	State   string    `json:"state"`            // docs/contact.md, "States"
	Ticket  string    `json:"ticket,omitempty"` // of an own one that can be used
	For     string    `json:"for,omitempty"`    // the name that was given for it
	Claimed string    `json:"claimed,omitempty"`
	Known   bool      `json:"card_here"` // Claimed says what the card of who made it does
	Agreed  bool      `json:"agreed"`    // the person said yes to one that they were given
	Made    time.Time `json:"made"`
	Until   time.Time `json:"until"`
	Stored  bool      `json:"stored"` // a holder has listed the card of an own one
	Kept    bool      `json:"kept"`   // all of its holders have
	Ask     bool      `json:"ask,omitempty"`
	// Contested: somebody else has used it, too; who made it decides.
	Contested bool   `json:"contested,omitempty"`
	Odd       int    `json:"odd,omitempty"`     // boxes of it that say nothing
	Contact   string `json:"contact,omitempty"` // whom it brought
	Via       string `json:"via,omitempty"`     // who introduces
	Expected  string `json:"expected,omitempty"`
	Window    Window `json:"window,omitzero"` // until what was just queued is stored
}

func invitationOf(i contact.Invitation) Invitation {
	return Invitation{
		ID: i.ID, Own: i.Own, State: string(i.State), Ticket: i.URI(), For: i.Alias,
		Claimed: i.Claimed.Name, Known: i.Known, Agreed: i.Agreed, Made: i.Made, Until: i.Until,
		Stored: i.Stored, Kept: i.Kept, Ask: i.Ask, Contested: i.Contested, Odd: i.Odd,
		Contact: i.Contact, Via: i.Via,
	}
}

func (s *server) invites() []route {
	return []route{
		taking("POST", "/v1/invites", "makes an invitation; its ticket can be used as soon as its "+
			"card is stored", maxSmall, s.invite),
		answering("GET", "/v1/invites", "the invitations that were made or accepted, the newest "+
			"first", s.invitations),
		answering("GET", "/v1/invites/{id}", "one of them", s.invitation),
		answering("DELETE", "/v1/invites/{id}", "takes it back", s.revoke),
		taking("POST", "/v1/tickets", "looks for the card of who made a ticket; nothing of this "+
			"leaves the computer", maxSmall, s.look),
		taking("POST", "/v1/invites/{id}", "accepts an invitation, by the id that POST "+
			"/v1/tickets gave", maxSmall, s.accept),
	}
}

// queues does something that leaves boxes to the outbox, and says when they are stored.
func (s *server) queues(
	do func(now time.Time, c *contact.Contacts) (contact.Invitation, error),
) (v Invitation, err error) {
	ahead := 0
	err = s.client.Do(func(now time.Time, p *parts.Person) error {
		i, err := do(now, p.Contacts)
		v, ahead = invitationOf(i), p.Outbox.Ahead()
		return err
	})
	v.Window = Window(s.client.Expect(max(1, ahead)))
	v.Expected = v.Window.String()
	return v, err
}

func (s *server) invite(_ *http.Request, in Inviting) (Invitation, error) {
	if err := s.ownCircle(in.Circle); err != nil {
		return Invitation{}, err
	}
	return s.queues(func(now time.Time, c *contact.Contacts) (contact.Invitation, error) {
		return c.Invite(now, contact.Making{
			Alias: in.For, Days: in.Days, Ask: in.Ask, Circle: in.Circle,
		})
	})
}

// ownCircle refuses a name that is of no own circle, but an empty one.
func (s *server) ownCircle(name string) error {
	if name == "" {
		return nil
	}
	return s.client.View(func(_ time.Time, p *parts.Person) error {
		all, err := p.Circles.List()
		if err != nil {
			return err
		}
		for _, o := range all {
			if o.Own && o.Name == name {
				return nil
			}
		}
		return circle.ErrNoCircle.With("%q", name)
	})
}

func (s *server) invitations(*http.Request) ([]Invitation, error) {
	all := []Invitation{}
	err := s.client.View(func(now time.Time, p *parts.Person) error {
		for _, i := range p.Contacts.Invitations(now) {
			all = append(all, invitationOf(i))
		}
		return nil
	})
	return all, err
}

func (s *server) invitation(r *http.Request) (v Invitation, err error) {
	err = s.client.View(func(now time.Time, p *parts.Person) error {
		i, err := p.Contacts.Invitation(now, r.PathValue("id"))
		v = invitationOf(i)
		return err
	})
	return v, err
}

func (s *server) revoke(r *http.Request) (nothing, error) {
	return nothing{}, s.people(func(now time.Time, c *contact.Contacts) error {
		return c.Revoke(now, r.PathValue("id"))
	})
}

func (s *server) look(_ *http.Request, in Ticket) (Invitation, error) {
	t, err := ticket.Parse(in.Ticket)
	if err != nil {
		return Invitation{}, err
	}
	return s.queues(func(now time.Time, c *contact.Contacts) (contact.Invitation, error) {
		return c.Look(now, t)
	})
}

func (s *server) accept(r *http.Request, in Accepting) (Invitation, error) {
	return s.queues(func(now time.Time, c *contact.Contacts) (contact.Invitation, error) {
		return c.Accept(now, r.PathValue("id"), in.Alias)
	})
}

// Invite makes an invitation.
func (c *Client) Invite(ctx context.Context, in Inviting) (i Invitation, err error) {
	return i, c.call(ctx, "POST", "/v1/invites", in, &i)
}

// Invitations are those that were made or accepted, the newest first.
func (c *Client) Invitations(ctx context.Context) (all []Invitation, err error) {
	return all, c.call(ctx, "GET", "/v1/invites", nil, &all)
}

// Invitation is one of them.
func (c *Client) Invitation(ctx context.Context, id string) (i Invitation, err error) {
	return i, c.call(ctx, "GET", "/v1/invites/"+segment(id), nil, &i)
}

// Revoke takes an invitation back.
func (c *Client) Revoke(ctx context.Context, id string) error {
	return c.call(ctx, "DELETE", "/v1/invites/"+segment(id), nil, nil)
}

// LookAt looks for the card of who made a ticket.
func (c *Client) LookAt(ctx context.Context, ticket string) (i Invitation, err error) {
	return i, c.call(ctx, "POST", "/v1/tickets", Ticket{ticket}, &i)
}

// Accept says yes to an invitation.
func (c *Client) Accept(ctx context.Context, id, alias string) (i Invitation, err error) {
	return i, c.call(ctx, "POST", "/v1/invites/"+segment(id), Accepting{alias}, &i)
}
