package world

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/feed"
	"murmuration/client/outbox"
	"murmuration/client/parts"
	"murmuration/client/person"
	"murmuration/client/picture"
	"murmuration/client/sender"
	"murmuration/client/store"
)

// Life is all that somebody in a world does: the features of a client on their sender, and a store
// that lasts as long as the world. They have their turns by their own clock, and none while they
// are away.
type Life struct {
	*parts.Person
	line  *Person
	store *store.Store
	done  map[uint64]bool // entries of the outbox that were told of
	posts int             // of others, told of
	wants []parts.Post    // whose photos are under way

	// Fresh, if set, is shown every post of others that comes, and Stored every entry of the outbox
	// that holders have.
	Fresh  func(parts.Post)
	Stored func(outbox.Entry)
}

// Live gives a person features, once.
func (p *Person) Live() (*Life, error) {
	if p.life != nil {
		return p.life, nil
	}
	p.life = &Life{line: p, store: store.Memory(), done: map[uint64]bool{}}
	if err := p.life.begin(); err != nil {
		return nil, fmt.Errorf("%s lives: %w", p.Name, err)
	}
	p.Listen(func(e sender.Event) { p.life.note(p.life.Answered(p.now(), e)) })
	p.life.turn()
	return p.life, p.w.err
}

// begin is what a client does when it is started.
func (l *Life) begin() error {
	w := l.line.w
	l.Person = parts.New(parts.Config{
		Name: l.line.Name, Network: parts.NetworkOf(w.genesis), Store: l.store,
		Random: w.seeds.source("life", l.line.Name+w.Now().String()),
	})
	return errors.Join(l.Load(), l.Begin(l.line.now(), l.line))
}

// Restart is the end of a client and its next start: what is not in the store is forgotten, and
// replies under way are nobody's.
func (l *Life) Restart() error {
	if err := l.line.restart(); err != nil {
		return fmt.Errorf("%s starts again: %w", l.line.Name, err)
	}
	return l.begin()
}

func (l *Life) turn() {
	if !l.line.away {
		l.note(l.do(l.Turn))
	}
	l.line.w.After(person.TurnEvery, l.turn)
}

// do is something that the person does, by their own clock.
func (l *Life) do(act func(now time.Time) error) error {
	now := l.line.now()
	if err := act(now); err != nil {
		return err
	}
	return l.Supply(now)
}

// note ends the world with an error, and tells of what has come.
func (l *Life) note(err error) {
	w := l.line.w
	if err != nil {
		w.fail("%s lives: %w", l.line.Name, err)
		return
	}
	if w.cfg.Told == nil && l.Fresh == nil && l.Stored == nil {
		return
	}
	for _, n := range l.Notices() {
		w.tell("people", "%s is told: %s", l.line.Name, n.What)
	}
	l.tellStored()
	l.tellPosts()
	l.tellPhotos()
}

// tellStored tells of what the person wrote and holders have.
func (l *Life) tellStored() {
	for _, e := range l.Outbox.Entries() {
		if e.State == outbox.Stored && !l.done[e.Number] {
			l.done[e.Number] = true
			if l.Stored != nil {
				l.Stored(e)
			}
			l.line.w.tell("people", "what %s wrote is stored: %d of %d boxes", l.line.Name,
				e.Stored, e.Boxes)
		}
	}
}

// tellPosts tells of the posts that are new.
func (l *Life) tellPosts() {
	posts := 0
	for _, f := range l.Following.List() {
		posts += f.Posts
	}
	fresh := posts - l.posts
	if l.posts = posts; fresh <= 0 {
		return
	}
	all, err := l.Timeline(l.line.now(), 1<<20)
	if err != nil {
		l.line.w.fail("%s reads: %w", l.line.Name, err)
	}
	all = slices.DeleteFunc(all, func(p parts.Post) bool { return p.Own })
	for _, p := range slices.Backward(all[:min(fresh, len(all))]) {
		if l.Fresh != nil {
			l.Fresh(p)
		}
		l.line.w.tell("people", "%s reads %s: %s", l.line.Name, p.Author(), p.Text)
	}
}

// tellPhotos tells of those that are here.
func (l *Life) tellPhotos() {
	l.wants = slices.DeleteFunc(l.wants, func(p parts.Post) bool {
		file, err := l.Photos.File(p.ID)
		if err == nil {
			l.line.w.tell(
				"people",
				"%s has the photo of %s: %d bytes",
				l.line.Name,
				p.Author(),
				len(file),
			)
		}
		return err == nil
	})
}

// Follow reads the feed of somebody from now on, under their name.
func (l *Life) Follow(author *Life) error {
	return l.do(func(now time.Time) error {
		link, err := author.Feed.Publish(author.line.now())
		if err != nil {
			return err
		}
		return l.Following.Follow(now, link, author.line.Name)
	})
}

// Say posts a text, with a picture if jpeg is not nil, and gives its id in the timeline.
func (l *Life) Say(text string, jpeg []byte) (id string, err error) {
	d := feed.Draft{Text: text}
	if jpeg != nil {
		d.Picture = &picture.Picture{JPEG: jpeg, Width: 1, Height: 1}
	}
	err = l.do(func(now time.Time) error {
		r, err := l.Feed.Post(now, d)
		id = r.Post
		return err
	})
	return id, err
}

// Reads are the posts of an author that are in the person's timeline, the oldest first.
func (l *Life) Reads(author string) (posts []parts.Post, err error) {
	all, err := l.Timeline(l.line.now(), 1<<20)
	for _, p := range slices.Backward(all) {
		if p.Author() == author {
			posts = append(posts, p)
		}
	}
	return posts, err
}

// Fetch asks for all photos of an author.
func (l *Life) Fetch(author string) error {
	posts, err := l.Reads(author)
	for _, p := range posts {
		if p.Photo == nil || err != nil {
			continue
		}
		l.wants = append(l.wants, p)
		err = l.do(func(now time.Time) error { _, err := l.Photos.Fetch(now, p.ID); return err })
	}
	return err
}
