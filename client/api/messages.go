package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"murmuration/client"
	"murmuration/client/contact"
	"murmuration/client/message"
	"murmuration/client/parts"
	"murmuration/client/relation"
)

// Letter is the body of POST /v1/messages.
type Letter struct {
	To     string        `json:"to"` // alias
	Text   string        `json:"text"`
	Expire time.Duration `json:"expire_ns,omitempty"` // after which both sides erase it; 0: never
	Photo  []byte        `json:"photo,omitempty"`     // a picture file; base64 in JSON
	Alt    string        `json:"alt,omitempty"`
}

// Message is one as it is shown. Time is the author's claim.
type Message struct {
	ID       string     `json:"id"`
	With     string     `json:"with"` // the contact's name
	Own      bool       `json:"own,omitempty"`
	Time     time.Time  `json:"time"`
	Received time.Time  `json:"received"` // or written
	Text     string     `json:"text,omitempty"`
	Photo    *Picture   `json:"photo,omitempty"`
	Expires  *time.Time `json:"expires,omitempty"`
	Late     bool       `json:"late,omitempty"` // it came after those that it stands before
	Unread   bool       `json:"unread,omitempty"`
	Deleted  bool       `json:"deleted,omitempty"` // taken back
}

// Conversation is a line of the inbox.
type Conversation struct {
	With    string    `json:"with"`
	Alias   string    `json:"alias"`
	Unread  int       `json:"unread"`
	Changed time.Time `json:"changed"`
	Last    *Message  `json:"last,omitempty"`
}

// Seen is the body of POST /v1/messages/seen: which messages the person has before their eyes.
type Seen struct {
	With string   `json:"with"`
	IDs  []string `json:"ids"`
}

func (s *server) messages() []route {
	return []route{
		taking("POST", "/v1/messages", "queues a message: sealed and on the disk when it answers",
			maxDraft, s.send),
		answering("GET", "/v1/messages", "the last `n` messages (1 to 1000, else 20) `with` a "+
			"contact, and all that are unread, the oldest first; with `before` those before the "+
			"message of that id", s.read),
		taking("POST", "/v1/messages/seen", "marks messages as read; nobody else learns of it",
			maxSmall, s.seen),
		answering("DELETE", "/v1/messages/{id}", "erases a message here; the other side's "+
			"programs are asked to erase an own one", s.unsend),
		answering("GET", "/v1/inbox", "all conversations, the one that changed last first",
			s.inbox),
	}
}

func (s *server) send(_ *http.Request, l Letter) (r Receipt, err error) {
	d := message.Draft{Text: l.Text, Expire: l.Expire}
	if l.Photo != nil {
		fit, err := s.client.Fit(l.Photo)
		if err != nil {
			return r, err
		}
		d.Picture, d.Alt = &fit, l.Alt
	}
	err = s.client.Do(func(now time.Time, p *parts.Person) error {
		to, err := p.Contacts.Find(l.To)
		if err != nil {
			return err
		}
		sent, err := p.Messages.Send(now, to.Relation, d)
		r = s.receipt(now, p, sent.ID.String(), sent.Boxes)
		return err
	})
	return r, err
}

// receipt is of something that travels as fast as what is read.
func (s *server) receipt(now time.Time, p *parts.Person, id string, boxes int) Receipt {
	return receiptOf(client.Receipt{
		Post: id, Boxes: boxes, Outlook: s.client.Outlook(now, p.Outbox.Ahead(), false),
	})
}

func (s *server) read(r *http.Request) (shown []Message, err error) {
	n, err := count(r)
	if err != nil {
		return nil, err
	}
	shown = []Message{}
	err = s.client.View(func(now time.Time, p *parts.Person) error {
		k, err := p.Contacts.FindEver(r.URL.Query().Get("with"))
		if err != nil {
			return err
		}
		last := p.Messages.Last
		if before := r.URL.Query().Get("before"); before != "" {
			last = func(of relation.ID, n int) ([]message.Message, error) {
				return p.Messages.Before(of, before, n)
			}
		}
		all, err := last(k.Relation, n)
		for _, m := range all {
			shown = append(shown, messageOf(now, p, k, m))
		}
		return err
	})
	return shown, err
}

func messageOf(now time.Time, p *parts.Person, k contact.Contact, m message.Message) Message {
	shown := Message{
		ID: m.ID, With: k.Name(), Own: m.Own, Time: m.Time, Received: m.Received, Text: m.Text,
		Late: m.Late, Unread: m.Unread, Deleted: m.Gone,
	}
	if !m.Expires.IsZero() {
		shown.Expires = &m.Expires
	}
	if m.Photo != nil {
		state, _ := p.Messages.State(now, m.ID) // a zero one says nothing
		shown.Photo = pictureOf(*m.Photo, state)
	}
	return shown
}

func (s *server) seen(_ *http.Request, seen Seen) (nothing, error) {
	return nothing{}, s.client.Do(func(now time.Time, p *parts.Person) error {
		k, err := p.Contacts.FindEver(seen.With)
		if err != nil {
			return err
		}
		return p.Messages.Read(now, k.Relation, seen.IDs)
	})
}

func (s *server) unsend(r *http.Request) (nothing, error) {
	return nothing{}, s.client.Do(func(now time.Time, p *parts.Person) error {
		return p.Messages.Delete(now, r.PathValue("id"))
	})
}

func (s *server) inbox(*http.Request) (shown []Conversation, err error) {
	shown = []Conversation{}
	err = s.client.View(func(now time.Time, p *parts.Person) error {
		all, err := p.Messages.Inbox()
		for _, c := range all {
			k, known := p.Contacts.Of(c.Relation)
			if !known || k.Blocked {
				continue
			}
			line := Conversation{
				With: k.Name(), Alias: k.Alias, Unread: c.Unread, Changed: c.Changed,
			}
			if c.Last != nil {
				last := messageOf(now, p, k, *c.Last)
				line.Last = &last
			}
			shown = append(shown, line)
		}
		return err
	})
	return shown, err
}

// Send queues a message.
func (c *Client) Send(ctx context.Context, l Letter) (r Receipt, err error) {
	return r, c.call(ctx, "POST", "/v1/messages", l, &r)
}

// Messages is the last n messages with a contact, the oldest first, and all that are unread.
func (c *Client) Messages(ctx context.Context, with string, n int) (all []Message, err error) {
	q := url.Values{"with": {with}, "n": {strconv.Itoa(n)}}
	return all, c.call(ctx, "GET", "/v1/messages?"+q.Encode(), nil, &all)
}

// MessagesBefore is the n messages with a contact before one of them, the oldest first.
func (c *Client) MessagesBefore(
	ctx context.Context, with, id string, n int,
) (all []Message, err error) {
	q := url.Values{"with": {with}, "n": {strconv.Itoa(n)}, "before": {id}}
	return all, c.call(ctx, "GET", "/v1/messages?"+q.Encode(), nil, &all)
}

// Seen marks messages as read.
func (c *Client) Seen(ctx context.Context, with string, ids []string) error {
	return c.call(ctx, "POST", "/v1/messages/seen", Seen{with, ids}, nil)
}

// Unsend erases a message, and takes an own one back.
func (c *Client) Unsend(ctx context.Context, id string) error {
	return c.call(ctx, "DELETE", "/v1/messages/"+segment(id), nil, nil)
}

// Inbox is all conversations.
func (c *Client) Inbox(ctx context.Context) (all []Conversation, err error) {
	return all, c.call(ctx, "GET", "/v1/inbox", nil, &all)
}
