package api

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"murmuration/client/contact"
	"murmuration/client/content"
	"murmuration/client/decoder"
	"murmuration/client/parts"
	"murmuration/client/store"
	"murmuration/client/ticket"
)

// Contact is somebody whom the person knows.
type Contact struct {
	// Name is as lists show it: the person's own word, or the claim in quotes.
	Name    string    `json:"name"`
	Alias   string    `json:"alias"`           // what commands take
	Given   bool      `json:"given,omitempty"` // the alias is the person's own word
	Claimed string    `json:"claimed"`         // what they call themselves
	Since   time.Time `json:"since"`
	How     string    `json:"how"`           // "invited", "accepted" or "introduced"
	Via     string    `json:"via,omitempty"` // who introduced them
	// Verified is when words were compared, if nothing has come since that undoes it.
	Verified time.Time `json:"verified,omitzero"`
	Heard    time.Time `json:"heard,omitzero"` // when they told something of themselves last
	Muted    bool      `json:"muted,omitempty"`
	Blocked  bool      `json:"blocked,omitempty"`
	Picture  bool      `json:"picture,omitempty"` // they show one
	// Disputed: devices of theirs contradict each other, and nothing goes to these until one was
	// kept.
	Disputed bool   `json:"disputed,omitempty"`
	Lines    []Line `json:"lines,omitempty"` // what happened, the oldest first
}

// Line is one thing that happened with a contact.
type Line struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
}

// Changing is the body of POST /v1/contacts/{alias}; what is left out stays.
type Changing struct {
	Alias   string `json:"alias,omitempty"`
	Muted   *bool  `json:"muted,omitempty"`
	Blocked *bool  `json:"blocked,omitempty"`
}

// Words are what two people compare: the answer to GET /v1/contacts/{alias}/words.
type Words struct {
	Name  string    `json:"name"`
	Words [4]string `json:"words"`
	// Device are words of the device that answers alone: where devices of this person are in
	// dispute the contact compares them with those of each, which are in Disputed there.
	Device   [4]string     `json:"device"`
	Disputed []DeviceWords `json:"disputed,omitempty"`
}

// DeviceWords are those of one of a contact's devices that contradict each other: the one whose
// words the contact reads is theirs, and to be kept.
type DeviceWords struct {
	ID    string    `json:"id"`
	Since time.Time `json:"since"` // it is known here
	Words [4]string `json:"words"`
}

// Compared is the body of POST /v1/contacts/{alias}/words.
type Compared struct {
	Same bool `json:"same"`
}

// Introducing is the body of POST /v1/introductions: two aliases.
type Introducing struct {
	One   string `json:"one"`
	Other string `json:"other"`
}

// Request is something that waits for the person.
type Request struct {
	ID      string    `json:"id"`
	Claimed string    `json:"claimed"`      // the name of who would be known
	By      string    `json:"by,omitempty"` // who introduces them
	For     string    `json:"for,omitempty"`
	Made    time.Time `json:"made"`
	Until   time.Time `json:"until"`
}

// Settling is the body of POST /v1/requests/{id}.
type Settling struct {
	Accept bool   `json:"accept"`
	Alias  string `json:"alias,omitempty"`
}

// Profile is how this person shows themselves.
type Profile struct {
	Name    string `json:"name"`
	Picture []byte `json:"picture,omitempty"` // JPEG; to be set: a picture file, made small then
}

func contactOf(k contact.Contact) Contact {
	v := Contact{
		Name: k.Name(), Alias: k.Alias, Given: k.Given, Claimed: k.Claimed.Name,
		Since: time.Unix(k.Since, 0).UTC(), How: string(k.How), Via: k.Via,
		Muted: k.Muted, Blocked: k.Blocked, Picture: len(k.Claimed.Picture) > 0,
	}
	if k.Marked() {
		v.Verified = time.Unix(k.Verified, 0).UTC()
	}
	if k.Heard != 0 {
		v.Heard = time.Unix(k.Heard, 0).UTC()
	}
	return v
}

func (s *server) contacts() []route {
	return []route{
		answering("GET", "/v1/contacts", "whom the person knows, by name", s.contactList),
		answering("GET", "/v1/contacts/{alias}", "one of them, with what happened", s.contact),
		taking("POST", "/v1/contacts/{alias}", "renames, mutes or blocks one", maxSmall,
			s.changeContact),
		answering("DELETE", "/v1/contacts/{alias}", "ends a contact: keys are erased, what was "+
			"said stays", s.removeContact),
		{
			Method: "GET", Path: "/v1/contacts/{alias}/picture", Summary: "the picture with " +
				"which they show themselves, as a JPEG file that was encoded on this computer",
			handle: s.contactPicture,
		},
		answering("GET", "/v1/contacts/{alias}/words", "four words to compare with them",
			s.contactWords),
		taking("POST", "/v1/contacts/{alias}/words", "notes whether they were the same", maxSmall,
			s.compared),
		answering("POST", "/v1/contacts/{alias}/reset", "begins the conversation anew: for when "+
			"nothing arrives any more", s.resetContact),
		taking("POST", "/v1/introductions", "asks two contacts whether they want to know each "+
			"other", maxSmall, s.introduce),
		answering("GET", "/v1/requests", "what waits for the person: introductions, and who has "+
			"used an invitation that asks", s.requests),
		taking("POST", "/v1/requests/{id}", "says yes or no to one", maxSmall, s.settle),
		answering("GET", "/v1/profile", "how the person shows themselves", s.profile),
		taking("PUT", "/v1/profile", "changes that, and tells all contacts", maxDraft,
			s.setProfile),
	}
}

// people lets something happen among contacts.
func (s *server) people(do func(now time.Time, c *contact.Contacts) error) error {
	return s.client.Do(func(now time.Time, p *parts.Person) error { return do(now, p.Contacts) })
}

func (s *server) contactList(*http.Request) ([]Contact, error) {
	all := []Contact{}
	err := s.client.View(func(_ time.Time, p *parts.Person) error {
		return p.View(func(tx *store.Tx) error {
			for _, k := range p.Contacts.List() {
				v := contactOf(k)
				disputed, err := p.Contacts.Disputed(tx, k)
				if err != nil {
					return err
				}
				v.Disputed = len(disputed) > 0
				all = append(all, v)
			}
			return nil
		})
	})
	return all, err
}

func (s *server) contact(r *http.Request) (v Contact, err error) {
	err = s.client.View(func(_ time.Time, p *parts.Person) error {
		k, err := p.Contacts.FindEver(r.PathValue("alias"))
		if err != nil {
			return err
		}
		v = contactOf(k)
		return p.View(func(tx *store.Tx) error {
			disputed, err := p.Contacts.Disputed(tx, k)
			if err != nil {
				return err
			}
			v.Disputed = len(disputed) > 0
			lines, err := p.Contacts.Lines(tx, k.Relation)
			for _, l := range lines {
				v.Lines = append(v.Lines, Line{time.Unix(l.At, 0).UTC(), l.What})
			}
			return err
		})
	})
	return v, err
}

func (s *server) changeContact(r *http.Request, in Changing) (v Contact, err error) {
	alias := r.PathValue("alias")
	err = s.people(func(now time.Time, c *contact.Contacts) error {
		k, err := c.Find(alias)
		if err != nil {
			return err
		}
		if in.Muted != nil {
			err = c.Mute(now, k.Alias, *in.Muted)
		}
		if in.Blocked != nil && err == nil {
			err = c.Block(now, k.Alias, *in.Blocked)
		}
		if in.Alias != "" && err == nil {
			err = c.Rename(now, k.Alias, in.Alias)
		}
		k, _ = c.Of(k.Relation)
		v = contactOf(k)
		return err
	})
	return v, err
}

func (s *server) removeContact(r *http.Request) (nothing, error) {
	return nothing{}, s.people(func(now time.Time, c *contact.Contacts) error {
		return c.Remove(now, r.PathValue("alias"))
	})
}

func (s *server) contactWords(r *http.Request) (Words, error) {
	var k contact.Contact
	var what, alone contact.Compared
	var disputed []contact.Disputed
	err := s.client.View(func(_ time.Time, p *parts.Person) (err error) {
		if k, what, err = p.Contacts.Compare(r.PathValue("alias")); err != nil {
			return err
		}
		return p.View(func(tx *store.Tx) (err error) {
			if alone, err = p.Contacts.Alone(tx, k); err == nil {
				disputed, err = p.Contacts.Disputed(tx, k)
			}
			return err
		})
	})
	if err != nil {
		return Words{}, err
	}
	// outside of the person's life: it takes a while
	w := Words{Name: k.Name(), Words: what.Words(), Device: alone.Words()}
	for _, d := range disputed {
		w.Disputed = append(w.Disputed, DeviceWords{idOf(d.ID), d.Since, d.What.Words()})
	}
	return w, nil
}

func (s *server) compared(r *http.Request, in Compared) (nothing, error) {
	return nothing{}, s.people(func(now time.Time, c *contact.Contacts) error {
		return c.Verify(now, r.PathValue("alias"), in.Same)
	})
}

func (s *server) resetContact(r *http.Request) (nothing, error) {
	return nothing{}, s.people(func(now time.Time, c *contact.Contacts) error {
		return c.Reset(now, r.PathValue("alias"))
	})
}

func (s *server) introduce(_ *http.Request, in Introducing) (nothing, error) {
	return nothing{}, s.people(func(now time.Time, c *contact.Contacts) error {
		return c.Introduce(now, in.One, in.Other)
	})
}

func (s *server) requests(*http.Request) ([]Request, error) {
	all := []Request{}
	err := s.client.View(func(now time.Time, p *parts.Person) error {
		waiting, err := p.Contacts.Requests(now)
		for _, r := range waiting {
			all = append(all, Request{r.ID, r.Claimed, r.By, r.Alias, r.Made, r.Until})
		}
		return err
	})
	return all, err
}

func (s *server) settle(r *http.Request, in Settling) (nothing, error) {
	return nothing{}, s.people(func(now time.Time, c *contact.Contacts) error {
		if in.Accept {
			return c.Grant(now, r.PathValue("id"), in.Alias)
		}
		return c.Deny(now, r.PathValue("id"))
	})
}

func (s *server) profile(*http.Request) (v Profile, err error) {
	err = s.client.View(func(_ time.Time, p *parts.Person) error {
		shown, err := p.Contacts.Profile()
		v = Profile{shown.Name, shown.Picture}
		return err
	})
	return v, err
}

func (s *server) setProfile(r *http.Request, in Profile) (nothing, error) {
	shown, err := s.profile(r)
	if err != nil {
		return nothing{}, err
	}
	if in.Picture != nil && !bytes.Equal(in.Picture, shown.Picture) {
		fit, err := decoder.Prepare(r.Context(), in.Picture, content.MaxPhoto, ticket.MaxPicture)
		if err != nil {
			return nothing{}, err
		}
		in.Picture = fit.Thumb
	}
	return nothing{}, s.people(func(now time.Time, c *contact.Contacts) error {
		return c.SetProfile(now, ticket.Profile{Name: in.Name, Picture: in.Picture})
	})
}

// Contacts are whom the person knows.
func (c *Client) Contacts(ctx context.Context) (all []Contact, err error) {
	return all, c.call(ctx, "GET", "/v1/contacts", nil, &all)
}

func contactPath(alias string) string { return "/v1/contacts/" + segment(alias) }

// Contact is one of them, with what happened.
func (c *Client) Contact(ctx context.Context, alias string) (k Contact, err error) {
	return k, c.call(ctx, "GET", contactPath(alias), nil, &k)
}

// ChangeContact renames, mutes or blocks one.
func (c *Client) ChangeContact(
	ctx context.Context, alias string, to Changing,
) (k Contact, err error) {
	return k, c.call(ctx, "POST", contactPath(alias), to, &k)
}

// RemoveContact ends a contact.
func (c *Client) RemoveContact(ctx context.Context, alias string) error {
	return c.call(ctx, "DELETE", contactPath(alias), nil, nil)
}

// Words are four to compare with a contact.
func (c *Client) Words(ctx context.Context, alias string) (w Words, err error) {
	return w, c.call(ctx, "GET", contactPath(alias)+"/words", nil, &w)
}

// Verify notes whether they were the same.
func (c *Client) Verify(ctx context.Context, alias string, same bool) error {
	return c.call(ctx, "POST", contactPath(alias)+"/words", Compared{same}, nil)
}

// ResetContact begins the conversation with a contact anew.
func (c *Client) ResetContact(ctx context.Context, alias string) error {
	return c.call(ctx, "POST", contactPath(alias)+"/reset", nil, nil)
}

// Introduce asks two contacts whether they want to know each other.
func (c *Client) Introduce(ctx context.Context, one, other string) error {
	return c.call(ctx, "POST", "/v1/introductions", Introducing{one, other}, nil)
}

// Requests are what waits for the person.
func (c *Client) Requests(ctx context.Context) (all []Request, err error) {
	return all, c.call(ctx, "GET", "/v1/requests", nil, &all)
}

// Settle says yes or no to a request.
func (c *Client) Settle(ctx context.Context, id string, s Settling) error {
	return c.call(ctx, "POST", "/v1/requests/"+segment(id), s, nil)
}

// Profile is how the person shows themselves.
func (c *Client) Profile(ctx context.Context) (p Profile, err error) {
	return p, c.call(ctx, "GET", "/v1/profile", nil, &p)
}

// SetProfile changes that.
func (c *Client) SetProfile(ctx context.Context, p Profile) error {
	return c.call(ctx, "PUT", "/v1/profile", p, nil)
}
