package api

import (
	"context"
	"net/http"
	"time"

	"murmuration/client/circle"
	"murmuration/client/contact"
	"murmuration/client/parts"
)

// Circle is posts for some people: an own one, or one that the person is in.
type Circle struct {
	Name    string   `json:"name"` // of another's: their word for it
	Own     bool     `json:"own"`
	Of      string   `json:"of,omitempty"`      // who writes it
	Members []string `json:"members,omitempty"` // of an own one, by their names
	Out     bool     `json:"out,omitempty"`     // the person is not in it any more
}

// Membership is the body of POST /v1/members, and of POST /v1/members/remove.
type Membership struct {
	Circle string `json:"circle"`
	Alias  string `json:"alias"`
}

// Named is the body of POST /v1/circles.
type Named struct {
	Name string `json:"name"`
}

// Answer is the body of POST /v1/replies, /v1/reactions and /v1/votes: to a post, by its id.
type Answer struct {
	Post   string `json:"post"`
	Text   string `json:"text,omitempty"`   // of a reply
	Emoji  string `json:"emoji,omitempty"`  // of a reaction; empty: none any more
	Option int    `json:"option,omitempty"` // of a poll, from 1 on
}

// Thread is a post and what followed on it.
type Thread struct {
	Post    Post   `json:"post"`
	Tally   Tally  `json:"tally"`
	Replies []Post `json:"replies"`
}

// Tally is how a post was taken, as its author counts.
type Tally struct {
	Mine      string          `json:"mine,omitempty"` // this person's reaction
	Chosen    int             `json:"chosen,omitempty"`
	Reactions []ReactionCount `json:"reactions,omitempty"` // the most frequent first
	Votes     []int           `json:"votes,omitempty"`     // for each option of a poll
	Final     bool            `json:"final,omitempty"`     // all votes are counted: it has closed
}

// ReactionCount is how many feel so.
type ReactionCount struct {
	Emoji string `json:"emoji"`
	Count int    `json:"count"`
}

func (s *server) circles() []route {
	return []route{
		answering("GET", "/v1/circles", "own circles with their members, and those of others that "+
			"the person is in", s.listCircles),
		taking("POST", "/v1/circles", "makes a circle without members", maxSmall, s.newCircle),
		taking("POST", "/v1/members", "makes a contact a member, who reads what is written from "+
			"then on and the last ten posts", maxSmall, s.addMember),
		taking("POST", "/v1/members/remove", "ends a membership: what is written from then on "+
			"cannot be read with old keys", maxSmall, s.removeMember),
		taking("POST", "/v1/replies", "answers a post of a circle, through its author", maxSmall,
			s.reply),
		taking("POST", "/v1/reactions", "says with one emoji what the person feels about a post",
			maxSmall, s.react),
		taking("POST", "/v1/votes", "chooses an option of a poll", maxSmall, s.vote),
		answering("GET", "/v1/threads/{id}", "a post, how it was taken, and the answers to it",
			s.thread),
		answering("DELETE", "/v1/posts/{id}", "takes an own post of a circle back: readers are "+
			"asked to erase it, but for those who were removed since", s.unpost),
	}
}

func (s *server) listCircles(*http.Request) (shown []Circle, err error) {
	shown = []Circle{}
	err = s.client.View(func(_ time.Time, p *parts.Person) error {
		all, err := p.Circles.List()
		for _, c := range all {
			shown = append(shown, circleOf(p.Contacts, c))
		}
		return err
	})
	return shown, err
}

func circleOf(people *contact.Contacts, c circle.Shown) Circle {
	shown := Circle{Name: c.Name, Own: c.Own, Out: c.Out}
	for _, m := range c.Members {
		shown.Members = append(shown.Members, people.Name(m))
	}
	if !c.Own {
		shown.Of = people.Name(c.Of)
	}
	return shown
}

func (s *server) newCircle(_ *http.Request, n Named) (nothing, error) {
	return nothing{}, s.client.Do(func(_ time.Time, p *parts.Person) error {
		return p.Circles.New(n.Name)
	})
}

func (s *server) addMember(_ *http.Request, m Membership) (nothing, error) {
	return nothing{}, s.client.Do(func(now time.Time, p *parts.Person) error {
		k, err := p.Contacts.Find(m.Alias)
		if err != nil {
			return err
		}
		return p.Circles.Add(now, m.Circle, k.Relation)
	})
}

func (s *server) removeMember(_ *http.Request, m Membership) (nothing, error) {
	return nothing{}, s.client.Do(func(now time.Time, p *parts.Person) error {
		k, err := p.Contacts.Find(m.Alias)
		if err != nil {
			return err
		}
		return p.Circles.Remove(now, m.Circle, k.Relation)
	})
}

func (s *server) reply(_ *http.Request, a Answer) (r Receipt, err error) {
	err = s.client.Do(func(now time.Time, p *parts.Person) error {
		id, err := p.Find(a.Post)
		if err != nil {
			return err
		}
		name, err := p.Circles.Reply(now, id, a.Text)
		r = s.receipt(now, p, name, 1)
		return err
	})
	return r, err
}

func (s *server) react(_ *http.Request, a Answer) (nothing, error) {
	return nothing{}, s.client.Do(func(now time.Time, p *parts.Person) error {
		id, err := p.Find(a.Post)
		if err != nil {
			return err
		}
		return p.Circles.React(now, id, a.Emoji)
	})
}

func (s *server) vote(_ *http.Request, a Answer) (nothing, error) {
	return nothing{}, s.client.Do(func(now time.Time, p *parts.Person) error {
		id, err := p.Find(a.Post)
		if err != nil {
			return err
		}
		return p.Circles.Vote(now, id, a.Option)
	})
}

func (s *server) unpost(r *http.Request) (nothing, error) {
	return nothing{}, s.client.Do(func(now time.Time, p *parts.Person) error {
		id, err := p.Find(r.PathValue("id"))
		if err != nil {
			return err
		}
		return p.Delete(now, id)
	})
}

func (s *server) thread(r *http.Request) (shown Thread, err error) {
	err = s.client.View(func(now time.Time, p *parts.Person) error {
		id, err := p.Find(r.PathValue("id"))
		if err != nil {
			return err
		}
		t, err := p.Thread(now, id)
		if err != nil {
			return err
		}
		shown = Thread{postOf(t.Post), tallyOf(t.Tally), postsOf(t.Replies)}
		return nil
	})
	return shown, err
}

func tallyOf(t circle.Tally) Tally {
	shown := Tally{Mine: t.Mine, Chosen: t.Choice, Votes: t.Votes, Final: t.Final}
	for i, emoji := range t.Emojis {
		shown.Reactions = append(shown.Reactions, ReactionCount{emoji, t.Counts[i]})
	}
	return shown
}

// Circles is own circles, and those that the person is in.
func (c *Client) Circles(ctx context.Context) (all []Circle, err error) {
	return all, c.call(ctx, "GET", "/v1/circles", nil, &all)
}

// NewCircle makes a circle.
func (c *Client) NewCircle(ctx context.Context, name string) error {
	return c.call(ctx, "POST", "/v1/circles", Named{name}, nil)
}

// Add makes a contact a member of a circle.
func (c *Client) Add(ctx context.Context, circle, alias string) error {
	return c.call(ctx, "POST", "/v1/members", Membership{circle, alias}, nil)
}

// Remove ends a membership.
func (c *Client) Remove(ctx context.Context, circle, alias string) error {
	return c.call(ctx, "POST", "/v1/members/remove", Membership{circle, alias}, nil)
}

// Reply answers a post.
func (c *Client) Reply(ctx context.Context, post, text string) (r Receipt, err error) {
	return r, c.call(ctx, "POST", "/v1/replies", Answer{Post: post, Text: text}, &r)
}

// React says what the person feels about a post.
func (c *Client) React(ctx context.Context, post, emoji string) error {
	return c.call(ctx, "POST", "/v1/reactions", Answer{Post: post, Emoji: emoji}, nil)
}

// Vote chooses an option of a poll, from 1 on.
func (c *Client) Vote(ctx context.Context, post string, option int) error {
	return c.call(ctx, "POST", "/v1/votes", Answer{Post: post, Option: option}, nil)
}

// Thread is a post and what followed on it.
func (c *Client) Thread(ctx context.Context, post string) (t Thread, err error) {
	return t, c.call(ctx, "GET", "/v1/threads/"+segment(post), nil, &t)
}

// Unpost takes an own post back.
func (c *Client) Unpost(ctx context.Context, post string) error {
	return c.call(ctx, "DELETE", "/v1/posts/"+segment(post), nil, nil)
}
