package parts

import (
	"strings"
	"time"

	"murmuration/client/circle"
	"murmuration/client/content"
	"murmuration/client/fault"
	"murmuration/client/message"
	"murmuration/client/search"
	"murmuration/client/store"
	"murmuration/client/timeline"
)

var errNobody = fault.New(
	fault.NotFound, "nobody is called so",
	"`murmur feed list` and `murmur contact list` show names.",
)

// Page is the last n posts of a filter, the newest first.
func (p *Person) Page(now time.Time, f timeline.Filter, n int) (posts []Post, err error) {
	err = p.store.View(func(tx *store.Tx) error {
		page, err := p.timeline.Page(tx, f, n)
		if err == nil {
			posts, err = p.showAll(tx, now, page)
		}
		return err
	})
	return posts, err
}

func (p *Person) showAll(
	tx *store.Tx, now time.Time, page []timeline.Entry,
) (posts []Post, err error) {
	for _, e := range page {
		shown, err := p.show(tx, now, e)
		if err != nil {
			return nil, err
		}
		posts = append(posts, shown)
	}
	return posts, nil
}

// From is the sources of whoever has a petname: their feeds, and circles of a contact; capital
// letters do not matter.
func (p *Person) From(petname string) (from []content.Source, err error) {
	err = p.store.View(func(tx *store.Tx) error {
		all, err := p.Sources.List(tx)
		for _, a := range all {
			if a.Petname != "" && strings.EqualFold(a.Petname, petname) {
				from = append(from, a.Source)
			}
		}
		return err
	})
	if k, none := p.Contacts.FindEver(petname); err == nil && none == nil {
		var theirs []content.Source
		theirs, err = p.circles(func(c circle.Shown) bool { return !c.Own && c.Of == k.Relation })
		from = append(from, theirs...)
	}
	if err == nil && len(from) == 0 {
		err = errNobody.With("%q", petname)
	}
	return from, err
}

// InCircle is the sources of the circles of a name: own ones, and those of others.
func (p *Person) InCircle(name string) ([]content.Source, error) {
	from, err := p.circles(func(c circle.Shown) bool { return strings.EqualFold(c.Name, name) })
	if err == nil && len(from) == 0 {
		err = circle.ErrNoCircle.With("%q", name)
	}
	return from, err
}

func (p *Person) circles(is func(circle.Shown) bool) (from []content.Source, err error) {
	all, err := p.Circles.List()
	for _, c := range all {
		if is(c) {
			from = append(from, c.ID)
		}
	}
	return from, err
}

// Shown notes that the person has seen posts.
func (p *Person) Shown(ids ...string) error {
	return p.store.Update(func(tx *store.Tx) error { return p.timeline.Shown(tx, ids...) })
}

// Usage says how many posts there are, and what they take.
func (p *Person) Usage() (u timeline.Usage, err error) {
	err = p.store.View(func(tx *store.Tx) error { u, err = p.timeline.Usage(tx); return err })
	return u, err
}

// Hit is something that a search found: a post, or what another room has under its reference.
type Hit struct {
	Ref    string
	Number uint64 // greater the later it came; a search goes on below it
	Post   *Post
	// Message is what the other side and this person said.
	Message *message.Message
}

// Search is the last n things, before one of a number (zero: all), that have all words of a query.
func (p *Person) Search(now time.Time, query string, before uint64, n int) (hits []Hit, err error) {
	err = p.store.View(func(tx *store.Tx) error {
		found, err := search.Find(tx, query, before, n)
		for _, f := range found {
			hit := Hit{Ref: f.Ref, Number: f.Number}
			if id, is := strings.CutPrefix(f.Ref, timeline.Ref("")); is {
				e, err := p.timeline.Entry(tx, id)
				if err != nil {
					return err
				}
				shown, err := p.show(tx, now, e)
				if err != nil {
					return err
				}
				hit.Post = &shown
			}
			if id, is := strings.CutPrefix(f.Ref, message.Ref("")); is {
				said, err := p.Messages.Message(id)
				if err != nil {
					return err
				}
				hit.Message = &said
			}
			hits = append(hits, hit)
		}
		return err
	})
	return hits, err
}
