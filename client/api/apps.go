package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"murmuration/client/app"
	"murmuration/client/parts"
)

// Doing is the body of POST /v1/apps: words for an app that runs with a contact.
type Doing struct {
	App   string   `json:"app"`
	With  string   `json:"with"`         // alias
	ID    string   `json:"id,omitempty"` // of an instance, or its beginning; none: the one they fit
	New   bool     `json:"new,omitempty"`
	Words []string `json:"words"` // as the app takes them: docs/app.md
}

// AppView is a game, a payment request, or what another app shows. What the contact wrote stands in
// `says` alone.
type AppView struct {
	ID      string    `json:"id"` // the same at both sides
	App     string    `json:"app"`
	With    string    `json:"with"` // the contact's name
	Alias   string    `json:"alias"`
	Own     bool      `json:"own,omitempty"` // begun by this person
	Changed time.Time `json:"changed"`
	Title   string    `json:"title"`           // how it stands, in one line
	Lines   []string  `json:"lines,omitempty"` // more of it, drawn
	Notes   []string  `json:"notes,omitempty"` // what should not be
	Says    string    `json:"says,omitempty"`  // words of whoever began it
	URI     string    `json:"uri,omitempty"`   // for another program: bitcoin:…
	Open    bool      `json:"open,omitempty"`  // it goes on
	Turn    bool      `json:"turn,omitempty"`  // it waits for this person
}

// Done is what came of a Doing.
type Done struct {
	View    AppView `json:"view"`
	Receipt Receipt `json:"receipt"`
}

func (s *server) apps() []route {
	return []route{
		taking("POST", "/v1/apps", "says words in a game or a request, or begins one: sealed and "+
			"on the disk when it answers", maxSmall, s.doApp),
		answering("GET", "/v1/apps", "all that runs, or `with` a contact what runs with them, "+
			"what changed last first", s.listApps),
		answering("GET", "/v1/apps/{id}", "one, by its id or six or more of its characters",
			s.showApp),
	}
}

func (s *server) doApp(_ *http.Request, d Doing) (done Done, err error) {
	err = s.client.Do(func(now time.Time, p *parts.Person) error {
		k, err := p.Contacts.Find(d.With)
		if err != nil {
			return err
		}
		shown, step, err := p.Apps.Do(now, app.Doing{
			App: d.App, To: k.Relation, ID: d.ID, New: d.New, Words: d.Words,
		})
		done.View, _ = viewOf(p, shown)
		done.Receipt = s.receipt(now, p, step, 1)
		return err
	})
	return done, err
}

func (s *server) listApps(r *http.Request) (shown []AppView, err error) {
	shown = []AppView{}
	err = s.client.View(func(_ time.Time, p *parts.Person) error {
		with := r.URL.Query().Get("with")
		if _, err := p.Contacts.Find(with); with != "" && err != nil {
			return err
		}
		all, err := p.Apps.List()
		for _, i := range all {
			v, known := viewOf(p, i)
			if known && (with == "" || v.Alias == with) {
				shown = append(shown, v)
			}
		}
		return err
	})
	return shown, err
}

func (s *server) showApp(r *http.Request) (shown AppView, err error) {
	err = s.client.View(func(_ time.Time, p *parts.Person) error {
		i, err := p.Apps.Instance(r.PathValue("id"))
		shown, _ = viewOf(p, i)
		return err
	})
	return shown, err
}

// viewOf says whether whom it is with is to be seen.
func viewOf(p *parts.Person, i app.Instance) (AppView, bool) {
	k, known := p.Contacts.Of(i.Relation)
	return AppView{
		ID: i.ID, App: i.App, With: p.Contacts.Name(i.Relation), Alias: k.Alias, Own: i.Own,
		Changed: i.Changed, Title: i.Title, Lines: i.Lines, Notes: i.Notes, Says: i.Says,
		URI: i.URI, Open: i.Open, Turn: i.Turn,
	}, known && !k.Blocked
}

// RunApp says words in an app.
func (c *Client) RunApp(ctx context.Context, d Doing) (done Done, err error) {
	return done, c.call(ctx, "POST", "/v1/apps", d, &done)
}

// Apps is what runs with a contact, or with all.
func (c *Client) Apps(ctx context.Context, with string) (all []AppView, err error) {
	q := url.Values{"with": {with}}
	return all, c.call(ctx, "GET", "/v1/apps?"+q.Encode(), nil, &all)
}

// App is one game or request.
func (c *Client) App(ctx context.Context, id string) (v AppView, err error) {
	return v, c.call(ctx, "GET", "/v1/apps/"+segment(id), nil, &v)
}
